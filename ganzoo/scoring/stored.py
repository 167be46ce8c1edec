"""Samples that are there before they are scored: arrays, images of a folder, features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import scale
from ganzoo.data.sizing import Sizing
from ganzoo.extractors.base import Extracted, placed
from ganzoo.files import readable
from ganzoo.generator.engine import BATCH
from ganzoo.ordering import content_order
from ganzoo.scoring.features import Drawn, Progress, extract_rows, silent
from ganzoo.scoring.samples import IN_PASS, SampleSource, Selection, digest_of, form_of

if TYPE_CHECKING:
    from ganzoo.data.folder import ImageFiles
    from ganzoo.extractors.base import Extractor
    from ganzoo.scoring.statistics_file import SavedFeatures
    from ganzoo.types import Array, DataSpec, FloatArray, IndexArray, Kind


class StoredSource(SampleSource):
    """A source with rows: samples, or features of samples."""

    class_names: tuple[str, ...] = ()
    """None: a label is its own name."""

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    def length(self) -> int:
        """Rows there are."""
        return len(self)

    def size(self, wanted: int) -> int:
        """All that are wanted, or all there are."""
        return min(len(self), wanted)

    @abstractmethod
    def contents(self) -> Iterator[bytes]:
        """What each row holds, its label included."""

    @abstractmethod
    def extract(self, rows: IndexArray, extractor: Extractor, progress: Progress = silent) -> Extracted:
        """The features of these rows."""

    def features(self, extractor: Extractor, selection: Selection, progress: Progress = silent) -> Drawn:
        """``n`` rows at random, or all as they stand."""
        rows = self._chosen(selection)
        labels = None if self.labels is None else self.labels[rows]
        return Drawn(self.extract(rows, extractor, progress), labels=labels, class_names=self.class_names)

    def batches(
        self, extractor: Extractor, selection: Selection, progress: Progress = silent, size: int = IN_PASS
    ) -> Iterator[Extracted]:
        """The same rows."""
        rows = self._chosen(selection)
        for start in range(0, len(rows), size):
            yield self.extract(rows[start : start + size], extractor)
            progress("reading", min(start + size, len(rows)), len(rows))

    def names(self, selection: Selection) -> list[str]:
        """By the rows of the file."""
        return [str(row) for row in self._chosen(selection)]

    def _chosen(self, selection: Selection) -> IndexArray:
        if selection.file_order and selection.n >= len(self):
            return np.arange(len(self))
        return content_order(self.contents(), selection.seed, selection.purpose)[: selection.n]


class SavedSamples(StoredSource):
    """A source whose rows are samples."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""

    @property
    def form(self) -> DataSpec:
        """By the shape: points have one axis."""
        return form_of(self.name, self.shape)

    @abstractmethod
    def take(self, rows: IndexArray) -> FloatArray:
        """The samples of these rows in the generator's range."""

    def extract(self, rows: IndexArray, extractor: Extractor, progress: Progress = silent) -> Extracted:
        """By the extractor, a batch at a time."""
        return extract_rows(self.name, self.take, rows, extractor, progress)

    def rows(self, numbers: Sequence[int], selection: Selection) -> FloatArray:
        """Read them again."""
        return self.take(self._chosen(selection)[list(numbers)])


@dataclass(frozen=True)
class ArraySource(SavedSamples):
    """Samples in memory: uint8 images [N, C, H, W], or float32 points or images in the generator's range."""

    name: str
    kind: Kind
    x: Array
    labels: IndexArray | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.x.shape[1:]

    @cached_property
    def digest(self) -> str:
        """Of the values."""
        return digest_of(self.x)

    def contents(self) -> Iterator[bytes]:
        """Label and values."""
        return _contents(self.labels, self.x)

    def take(self, rows: IndexArray) -> FloatArray:
        """Scaled where they are bytes."""
        whole = len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
        x = self.x[rows[0] : rows[-1] + 1] if whole else self.x[rows]  # neighbours need no copy
        return scale(self.kind, x) if x.dtype == np.uint8 else x.astype(np.float32, copy=False)


@dataclass(frozen=True)
class FolderSource(SavedSamples):
    """Images of a folder, read when they are needed: a folder may be larger than memory."""

    name: str
    images: ImageFiles
    labels: IndexArray | None = None
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images.paths)

    @property
    def policy(self) -> str:  # type: ignore[override]  # read only, as in a frozen dataclass
        """How files become images, and images of one size where they do."""
        files = "files: transparency on white, 16 bits to round(v / 257), grey repeated where others have colour"
        return f"{files}; {self.name}: {self.images.sizing.policy}" if self.images.sizing else files

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image; height and width are 0 where they differ."""
        return self.images.shape

    @property
    def digest(self) -> str:
        """Of the files' content."""
        return self.images.digest

    def sized(self, height: int, width: int) -> str:
        """The reference with that size."""
        return self.images.sized(Sizing(height, width))

    def names(self, selection: Selection) -> list[str]:
        """By the paths of the files in the folder."""
        paths, root = self.images.paths, self.images.root
        return [readable(str(paths[row].relative_to(root))) for row in self._chosen(selection)]

    def contents(self) -> Iterator[bytes]:
        """The class and the hash of each file."""
        return _contents(self.labels, np.array(self.images.hashes))

    def take(self, rows: IndexArray) -> FloatArray:
        """Read from their files. Raises DataError for images of several sizes."""
        return scale("image", self.images.read(rows))

    def extract(self, rows: IndexArray, extractor: Extractor, progress: Progress = silent) -> Extracted:
        """By the extractor, a part of one size at a time."""

        def parts() -> Iterator[tuple[IndexArray, Extracted]]:
            done = 0
            for places, images in self.images.parts(rows, BATCH):
                yield places, extractor.extract(scale("image", images))
                done += len(places)
                progress("reading", done, len(rows))

        return placed(parts(), len(rows))


@dataclass(frozen=True)
class FeatureSource(StoredSource):
    """Features that some extractor gave: they are scored as they are."""

    name: str
    saved: SavedFeatures
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.saved.features)

    @property
    def labels(self) -> IndexArray | None:  # type: ignore[override]  # read only, as in a frozen dataclass
        """Class labels, where the file has them."""
        return self.saved.labels

    @property
    def digest(self) -> str:
        """Of the features."""
        return digest_of(self.saved.features)

    def contents(self) -> Iterator[bytes]:
        """Label, features and logits."""
        return _contents(self.labels, self.saved.features, self.saved.logits)

    def extract(self, rows: IndexArray, extractor: Extractor, progress: Progress = silent) -> Extracted:
        """As they were saved."""
        logits = None if self.saved.logits is None else self.saved.logits[rows]
        return Extracted(self.saved.features[rows], logits)


def _contents(labels: IndexArray | None, *parts: Array | None) -> Iterator[bytes]:
    """What each row holds, as bytes: its label and its values in every part."""
    given = [part for part in (labels, *parts) if part is not None]
    return (b"".join(row.tobytes() for row in rows) for rows in zip(*given, strict=True))
