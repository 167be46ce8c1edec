"""Whatever can be scored: a generator, images in a folder, arrays in an npz, features, saved statistics."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data import folder, load, npz, scale
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.reference import FOLDER, FORMS, NPZ, parse
from ganzoo.errors import ModelError, UsageError
from ganzoo.files import exists, readable
from ganzoo.scoring.statistics_file import SavedFeatures, SavedStatistics, load_features, load_statistics, npz_keys
from ganzoo.training.runs import MANIFEST, ONNX

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.data.base import Source as Registered
    from ganzoo.generator.engine import Generator
    from ganzoo.generator.foreign import Reading
    from ganzoo.types import Array, DataSpec, FloatArray, IndexArray, Kind


def _digest(*arrays: Array) -> str:
    """Twelve hex digits over form and values; BLAKE2, since there may be gigabytes."""
    found = hashlib.blake2b(digest_size=6)
    for array in arrays:
        found.update(str((array.shape, array.dtype.str)).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _contents(labels: IndexArray | None, *parts: Array | None) -> Iterator[bytes]:
    """What each row holds, as bytes: its label and its values in every part."""
    there = [part for part in (labels, *parts) if part is not None]
    return (b"".join(row.tobytes() for row in rows) for rows in zip(*there, strict=True))


@dataclass(frozen=True)
class GeneratorSource:
    """A generator: as many samples as are wanted."""

    name: str
    generator: Generator
    said: tuple[str, ...] = ()
    """What was inferred of a foreign graph."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.generator.data.shape

    @property
    def digest(self) -> str:
        """Of the file."""
        return self.generator.sha256[:12]


@dataclass(frozen=True)
class ArraySource:
    """Samples in memory: uint8 images [N, C, H, W], or float32 points or images in the generator's range."""

    name: str
    kind: Kind
    x: Array
    labels: IndexArray | None = None
    """As the file has them: int64 [N], 0 or more."""
    class_names: tuple[str, ...] = ()
    """None: a label is its own name."""
    said: tuple[str, ...] = ()
    """What was chosen where there was a choice, like in every other source."""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        return self.x.shape[1:]

    @cached_property
    def digest(self) -> str:
        """Of the values."""
        return _digest(self.x)

    def contents(self) -> Iterator[bytes]:
        """What each row holds."""
        return _contents(self.labels, self.x)

    def take(self, rows: IndexArray) -> FloatArray:
        """The samples of these rows in the generator's range."""
        whole = len(rows) and rows[-1] - rows[0] == len(rows) - 1 and bool((np.diff(rows) == 1).all())
        x = self.x[rows[0] : rows[-1] + 1] if whole else self.x[rows]  # neighbours need no copy
        return scale(self.kind, x) if x.dtype == np.uint8 else x.astype(np.float32, copy=False)


@dataclass(frozen=True)
class FolderSource:
    """Images of a folder, read when they are needed: a folder may be larger than memory."""

    POLICY = "files: transparency on white, 16 bits to round(v / 257), grey repeated where others have colour"

    name: str
    images: folder.ImageFiles
    labels: IndexArray | None = field(default=None)
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images.paths)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The subfolders' names."""
        return self.images.class_names

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image."""
        return self.images.shape

    @property
    def digest(self) -> str:
        """Of the files' content."""
        return self.images.digest

    def contents(self) -> Iterator[bytes]:
        """What each file holds, and its class."""
        return _contents(self.labels, np.array(self.images.hashes))

    def take(self, rows: IndexArray) -> FloatArray:
        """The images of these rows in [-1, 1]."""
        return scale("image", self.images.read(rows))


@dataclass(frozen=True)
class FeatureSource:
    """Features that some extractor gave: they are scored as they are."""

    name: str
    saved: SavedFeatures
    class_names: tuple[str, ...] = ()
    """None: a label is its own name."""
    said: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.saved.features)

    @property
    def labels(self) -> IndexArray | None:
        """Class labels, where the file has them."""
        labels: IndexArray | None = self.saved.labels
        return labels

    @property
    def digest(self) -> str:
        """Of the values."""
        return _digest(self.saved.features)

    def contents(self) -> Iterator[bytes]:
        """What each row holds."""
        return _contents(self.labels, self.saved.features, self.saved.logits)


@dataclass(frozen=True)
class StatisticsSource:
    """A mean and a covariance, ganzoo's own (with sums and n) or another tool's."""

    name: str
    saved: SavedStatistics
    said: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of mean and covariance."""
        fit = self.saved.moments
        return _digest(fit.mean, fit.covariance)


Samples = ArraySource | FolderSource
SampleSource = GeneratorSource | ArraySource | FolderSource | FeatureSource | StatisticsSource


def open_source(
    source: str | Path,
    *,
    reading: Reading | None = None,
    data: DataSpec | None = None,
    device: str = "auto",
    threads: int = 1,
    datasets: Mapping[str, Registered] | None = None,
    data_dir: Path | None = None,
) -> SampleSource:
    """Open a run folder, an ONNX generator, a folder of images, an npz or npy file, or a dataset's training split.

    A text is read by ``ganzoo.data.reference``: ``folder:DIR`` is the folder, ``digits`` one of ``datasets`` (default:
    ganzoo's own) unless there is a file or folder of that name, which is said then. A ``Path`` is a path.

    An npz holds features (``features``), samples (``x``) or statistics (``mu``, ``sigma``); of one that holds several
    the first of these is used, and ``said`` of the source names them. ``reading`` says how to read a generator that is
    not ganzoo's, ``data`` the form it is compared with. Raises UsageError, ModelError or DataError with one sentence
    where it is none of these or damaged.
    """
    known = {each.name: each for each in builtin_sources()} if datasets is None else datasets
    found = parse(source, known, data_dir, path_first=True)
    path = found.path
    opened: SampleSource
    if path is not None and not found.prefixed and is_generator(path):
        if not exists(path):
            hint = f"Name a run's folder, an .onnx file, {FORMS}, or one of the datasets {', '.join(sorted(known))}."
            raise ModelError(f"There is no file or folder {path}.", hint)
        opened = _generator(path, _name(path), reading, data, device, threads)
    elif reading is not None:
        raise UsageError(f"{source} is no ONNX file: --latent and the flags beside it have nothing to act on.")
    elif path is None:
        opened = _training_split(load(found.text, known, data_dir))
    elif found.dataset == FOLDER:
        images = folder.ImageFiles(path)
        opened = FolderSource(_name(path), images, images.labels, images.said)
    elif found.dataset == NPZ:
        opened = _arrays(path, _name(path))
    else:
        raise UsageError(f"{path} is neither a run folder, an .onnx, .npz or .npy file nor a folder of images.")
    return replace(opened, said=(*found.said, *opened.said)) if found.said else opened


def _name(path: Path) -> str:
    return readable(path.name or path.resolve().name)


def _training_split(dataset: Dataset) -> ArraySource:
    spec, train = dataset.spec, dataset.train
    used = f"{spec.name}: the {len(train)} samples of its training split are used"
    return ArraySource(spec.name, spec.kind, train.x, train.y, dataset.class_names, (*dataset.said, used))


def _arrays(path: Path, name: str) -> FeatureSource | ArraySource | StatisticsSource:
    keys = npz_keys(path)
    there = npz.holdings(keys)
    said = npz.choice(name, keys, used=next(iter(there), ""))
    if "features" in there:
        return FeatureSource(name, load_features(path), said=said)
    if "samples" in there or not there:
        kind, x, labels = npz.read_samples(path)
        return ArraySource(name, kind, x, labels, said=said)
    return StatisticsSource(name, load_statistics(path), said=said)


def _generator(
    path: Path, name: str, reading: Reading | None, data: DataSpec | None, device: str, threads: int
) -> GeneratorSource:
    from ganzoo.generator.engine import Generator
    from ganzoo.generator.foreign import open_foreign

    file = generator_path(path)
    if reading is None:
        return GeneratorSource(name, Generator(file, device=device, threads=threads))
    generator, said = open_foreign(file, reading, data, device=device, threads=threads)
    return GeneratorSource(name, generator, tuple(f"{readable(file.name)}: {sentence}" for sentence in said))


def clipped(source: SampleSource | None) -> tuple[str, ...]:
    """What was clipped of the samples drawn from a source so far: one sentence, or none."""
    return (source.generator.clipped,) if isinstance(source, GeneratorSource) and source.generator.clipped else ()


def is_generator(path: Path) -> bool:
    """Whether a path is a run folder or an ONNX file; a path that does not exist is taken for one."""
    return path.suffix.lower() == ".onnx" or not exists(path) or (path / MANIFEST).is_file()


def generator_path(source: Path) -> Path:
    """The ONNX file that a path stands for: itself, or the one in the run folder."""
    if source.is_dir():
        onnx = source / ONNX
        if not onnx.is_file():
            raise ModelError(f"{source} holds no {ONNX}.", "Name a finished run's folder or an .onnx file.")
        return onnx
    if not source.is_file():
        raise ModelError(f"There is no file or folder {source}.", "Name a run's folder or an .onnx file.")
    return source
