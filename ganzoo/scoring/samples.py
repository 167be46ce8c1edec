"""The kinds of samples that can be scored: a generator, images of a folder, arrays, features, statistics.

All of them answer the same questions (``SampleSource``), so that nothing that scores them asks which kind it has.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.generator.engine import BATCH
from ganzoo.scoring.features import Drawn, Progress, draw, silent
from ganzoo.types import DataSpec, SelfReported

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extracted, Extractor
    from ganzoo.generator.engine import Generator
    from ganzoo.scoring.statistics_file import SavedStatistics
    from ganzoo.types import Array, FloatArray, IndexArray

SCORE = "score"
"""The purpose of rows that are scored; those of a reference are drawn in another order."""
IN_PASS = 8 * BATCH
"""Rows at a time for those who keep none."""


@dataclass(frozen=True)
class Selection:
    """``n`` samples, or all where there are fewer, and their order.

    Rows of a file come in a random order that depends on (seed, purpose, content) alone, since several metrics look at
    a part of them. With ``file_order`` all of them come as they stand in the file, for tools that look at them so.
    """

    n: int
    seed: int
    purpose: str = SCORE
    file_order: bool = False


class SampleSource(ABC):
    """Anything that can be scored, or scored against."""

    name: str
    """As messages call it."""
    notes: tuple[str, ...]
    """What was chosen when it was opened, where there was a choice."""
    generator: Generator | None = None
    """Of a source without end; None for all others."""
    statistics: SavedStatistics | None = None
    """Of a source that has no rows; None for all others."""
    labels: IndexArray | None = None
    """Of all rows, int64 [N], 0 or more; None where there are none."""
    reported: tuple[SelfReported, ...] = ()
    """What a run said of itself; nothing of anything else."""
    policy = ""
    """What reading does to samples, for the score."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """Twelve hex digits or more that identify the content."""

    @abstractmethod
    def size(self, wanted: int) -> int:
        """How many of ``wanted`` samples there are; of statistics, how many they were made of (0: not known)."""

    @property
    def length(self) -> int | None:
        """Rows there are; None without rows or without end."""
        return None

    @property
    def form(self) -> DataSpec | None:
        """The form of its samples; None where only their features are known.

        Of images of several sizes height and width are 0.
        """
        return None

    def sized(self, height: int, width: int) -> str:
        """How to name it so that its images have this size; "" where they cannot be given one."""
        return ""

    @property
    def clipped(self) -> tuple[str, ...]:
        """What was clipped of the samples drawn so far: one sentence, or none."""
        return ()

    @abstractmethod
    def features(self, extractor: Extractor, selection: Selection, progress: Progress = silent) -> Drawn:
        """Features of the samples selected. Raises ScoreError for values that are not finite, and without rows."""

    @abstractmethod
    def batches(
        self, extractor: Extractor, selection: Selection, progress: Progress = silent, size: int = IN_PASS
    ) -> Iterator[Extracted]:
        """The same features, ``size`` at a time, for those who do not keep them."""

    def rows(self, numbers: Sequence[int], selection: Selection) -> FloatArray:
        """The samples behind these rows of ``features``, in the generator's range.

        Raises ScoreError where only features or statistics are known.
        """
        raise ScoreError(f"{self.name} holds no samples to show.")

    def names(self, selection: Selection) -> list[str]:
        """What each row of ``features`` is called: a generator's samples by their numbers."""
        return [str(i) for i in range(selection.n)]


@dataclass(frozen=True)
class GeneratorSource(SampleSource):
    """A generator: as many samples as are wanted."""

    name: str
    generator: Generator
    notes: tuple[str, ...] = ()
    reported: tuple[SelfReported, ...] = ()

    @property
    def digest(self) -> str:
        """Of the file."""
        return self.generator.sha256[:12]

    @property
    def form(self) -> DataSpec:
        """That of the generator's samples."""
        return form_of(self.name, self.generator.data.shape)

    @property
    def clipped(self) -> tuple[str, ...]:
        """What the generator says of it."""
        return (self.generator.clipped,) if self.generator.clipped else ()

    def size(self, wanted: int) -> int:
        """All that are wanted."""
        return wanted

    def features(self, extractor: Extractor, selection: Selection, progress: Progress = silent) -> Drawn:
        """Samples 0 … n − 1 of the seed; they have no other order."""
        return draw(self.generator, extractor, selection.n, selection.seed, progress=progress)

    def batches(
        self, extractor: Extractor, selection: Selection, progress: Progress = silent, size: int = IN_PASS
    ) -> Iterator[Extracted]:
        """The same samples."""
        n = selection.n
        for start in range(0, n, size):
            stop = min(start + size, n)
            yield draw(self.generator, extractor, stop, selection.seed, start=start).extracted
            progress("sampling", stop, n)

    def rows(self, numbers: Sequence[int], selection: Selection) -> FloatArray:
        """Samples by their numbers, drawn again."""
        model = self.generator
        return np.concatenate([model.run(model.inputs(1, selection.seed, start=i), first=i) for i in numbers])


@dataclass(frozen=True)
class StatisticsSource(SampleSource):
    """A mean and a covariance, ganzoo's own (with sums and n) or another tool's."""

    name: str
    statistics: SavedStatistics
    notes: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of mean and covariance."""
        fit = self.statistics.moments
        return digest_of(fit.mean, fit.covariance)

    def size(self, wanted: int) -> int:
        """How many they were made of, whatever is wanted."""
        return self.statistics.moments.n or 0

    def features(self, extractor: Extractor, selection: Selection, progress: Progress = silent) -> Drawn:
        """Raise ScoreError: there are none."""
        raise self._without_rows

    def batches(
        self, extractor: Extractor, selection: Selection, progress: Progress = silent, size: int = IN_PASS
    ) -> Iterator[Extracted]:
        """Raise ScoreError: there are none."""
        raise self._without_rows

    @property
    def _without_rows(self) -> ScoreError:
        return ScoreError(f"{self.name} holds a mean and a covariance only: this needs samples or features.")


def form_of(name: str, shape: tuple[int, ...]) -> DataSpec:
    """Points have one axis, images three."""
    return DataSpec(name=name, kind="points" if len(shape) == 1 else "image", shape=shape)


def digest_of(*arrays: Array) -> str:
    """Twelve hex digits over form and values; BLAKE2, since there may be gigabytes."""
    found = hashlib.blake2b(digest_size=6)
    for array in arrays:
        found.update(str((array.shape, array.dtype.str)).encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
