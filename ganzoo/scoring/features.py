"""From anything that can be scored to features: batch by batch, with progress, on the device where they are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.extractors.base import Extracted, gathered, join
from ganzoo.generator.engine import BATCH
from ganzoo.ordering import content_order
from ganzoo.scoring.samples import FeatureSource, GeneratorSource, StatisticsSource

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.generator.engine import Generator
    from ganzoo.scoring.samples import Samples, SampleSource
    from ganzoo.types import Array, FloatArray, IndexArray

Progress = Callable[[str, int, int | None], None]
"""Told what is done (``sampling``), how much of it, and of how much (None: not known)."""


def silent(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn, as features, with what was asked of each sample where anything was."""

    extracted: Extracted
    asked: Array | None = None
    class_names: tuple[str, ...] = ()
    """Of the classes that ``asked`` counts; none where a label is its own name."""
    codes: Array | None = None
    seconds: float | None = None
    provider: str = ""
    sha256: str = ""
    clipped: str = ""
    """What lay outside of the range, as ``Generator.clipped``."""

    def __len__(self) -> int:
        return len(self.extracted.features)

    def followed_by(self, more: Drawn) -> Drawn:
        """This and further samples of the same generator as one."""
        return Drawn(
            join([self.extracted, more.extracted]),
            asked=_both(self.asked, more.asked),
            class_names=self.class_names,
            codes=_both(self.codes, more.codes),
            seconds=(self.seconds or 0.0) + (more.seconds or 0.0),
            provider=self.provider,
            sha256=self.sha256,
            clipped=more.clipped,
        )


def _both(first: Array | None, second: Array | None) -> Array | None:
    return None if first is None or second is None else np.concatenate([first, second])


def draw(
    model: Generator,
    extractor: Extractor,
    n: int,
    seed: int,
    *,
    start: int = 0,
    progress: Progress = silent,
) -> Drawn:
    """Draw samples ``start`` … ``n − 1`` batch by batch into features; on a GPU the samples never leave it.

    ``seconds`` is the time of the generator alone.
    """
    given: list[dict[str, Array]] = []
    seconds = 0.0

    def parts() -> Iterator[Extracted]:
        nonlocal seconds
        for first in range(start, n, BATCH):
            given.append(model.inputs(min(BATCH, n - first), seed, start=first))
            before = time.perf_counter()
            value = model.bind(given[-1], first=first)
            seconds += time.perf_counter() - before
            yield extractor.extract_bound(value)
            progress("sampling", min(first + BATCH, n), n)

    extracted = gathered(parts(), n - start)
    inputs = {name: np.concatenate([each[name] for each in given]) for name in model.latent.names}
    categorical = model.latent.categorical
    return Drawn(
        extracted,
        asked=inputs.get("y"),
        class_names=tuple(str(label) for label in range(model.latent.classes)),
        codes=inputs["c"][:, :categorical].argmax(axis=1) if categorical else None,
        seconds=seconds,
        provider=model.provider,
        sha256=model.sha256,
        clipped=model.clipped,
    )


def features_of(
    source: SampleSource,
    extractor: Extractor,
    n: int,
    seed: int,
    *,
    purpose: str = "score",
    filed: bool = False,
    progress: Progress = silent,
) -> Drawn:
    """Features of ``n`` samples of any source that has samples or features; of all of them where it has fewer.

    Rows of a file come in a random order that depends on (seed, purpose, content) alone, since several metrics look at
    a part of them; with ``filed`` all rows come as they stand in the file, for tools that look at them so.
    Raises ScoreError for values that are not finite, and for statistics, which have no samples.
    """
    if isinstance(source, GeneratorSource):
        return draw(source.generator, extractor, n, seed, progress=progress)
    there = _with_rows(source)
    rows = _chosen(there, n, seed, purpose, filed)
    labels = None if there.labels is None else there.labels[rows]
    return Drawn(_extracted(there, extractor, rows, progress), asked=labels, class_names=there.class_names)


def in_batches(
    source: SampleSource, extractor: Extractor, n: int, seed: int, *, progress: Progress = silent, size: int = 8 * BATCH
) -> Iterator[Extracted]:
    """The same features, ``size`` at a time, for those who do not keep them."""
    if isinstance(source, GeneratorSource):
        for start in range(0, n, size):
            stop = min(start + size, n)
            yield draw(source.generator, extractor, stop, seed, start=start).extracted
            progress("sampling", stop, n)
        return
    there = _with_rows(source)
    rows = _chosen(there, n, seed, "score", filed=False)
    for start in range(0, len(rows), size):
        yield _extracted(there, extractor, rows[start : start + size])
        progress("reading", min(start + size, len(rows)), len(rows))


def samples_at(
    source: SampleSource, rows: Sequence[int], n: int, seed: int, *, purpose: str = "score", filed: bool = False
) -> FloatArray:
    """The samples behind rows of ``features_of`` with the same arguments, in the generator's range.

    Raises ScoreError where only features or statistics are known.
    """
    if isinstance(source, GeneratorSource):
        model = source.generator
        return np.concatenate([model.run(model.inputs(1, seed, start=row), first=row) for row in rows])
    if isinstance(source, FeatureSource | StatisticsSource):
        raise ScoreError(f"{source.name} holds no samples to show.")
    return source.take(_chosen(source, n, seed, purpose, filed)[list(rows)])


def _with_rows(source: SampleSource) -> Samples | FeatureSource:
    assert not isinstance(source, GeneratorSource)
    if isinstance(source, StatisticsSource):
        raise ScoreError(f"{source.name} holds a mean and a covariance only: this needs samples or features.")
    return source


def _chosen(source: Samples | FeatureSource, n: int, seed: int, purpose: str, filed: bool) -> IndexArray:
    """Rows to take, ``n`` at most."""
    if filed and n >= len(source):
        return np.arange(len(source))
    return content_order(source.contents(), seed, purpose)[:n]


def _extracted(
    source: Samples | FeatureSource, extractor: Extractor, rows: IndexArray, progress: Progress = silent
) -> Extracted:
    if isinstance(source, FeatureSource):
        saved = source.saved
        logits = None if saved.logits is None else saved.logits[rows]
        return Extracted(saved.features[rows], logits)

    def parts() -> Iterator[Extracted]:
        for first in range(0, len(rows), BATCH):
            x = source.take(rows[first : first + BATCH])
            if not np.isfinite(x).all():
                raise ScoreError(f"{source.name} holds samples whose values are not finite.")
            yield extractor.extract(x)
            progress("reading", min(first + BATCH, len(rows)), len(rows))

    return gathered(parts(), len(rows))
