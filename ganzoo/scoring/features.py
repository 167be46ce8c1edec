"""From samples to features: batch by batch, with progress, on the device where they are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.extractors.base import Extracted, gathered, join
from ganzoo.generator.engine import BATCH

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.generator.engine import Generator
    from ganzoo.types import Array, FloatArray, IndexArray

Progress = Callable[[str, int, int | None], None]
"""Told what is done (``sampling``), how much of it, and of how much (None: not known)."""


def silent(what: str, done: int, total: int | None) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Drawn:
    """Samples as features, with the label of each where there is one."""

    extracted: Extracted
    labels: Array | None = None
    """int64 [n]: the class a generator was asked for, or the label of the file."""
    class_names: tuple[str, ...] = ()
    """Of the classes that ``labels`` counts; none where a label is its own name."""
    classes: int = 0
    """That a generator can be asked for; 0 for anything else."""
    codes: Array | None = None
    """int64 [n]: the categorical code, of a generator that has one."""
    seconds: float | None = None
    """Of the generator alone; None for anything else."""
    provider: str = ""
    sha256: str = ""
    """Of the generator's file; "" for anything else."""
    clipped: str = ""
    """What lay outside of the range, as ``Generator.clipped``."""

    def __len__(self) -> int:
        return len(self.extracted.features)

    def first(self, n: int) -> Drawn:
        """The first ``n`` of them; all where there are no more."""
        if len(self) <= n:
            return self
        features, logits = self.extracted.features[:n], self.extracted.logits
        return replace(
            self,
            extracted=Extracted(features, None if logits is None else logits[:n]),
            labels=None if self.labels is None else self.labels[:n],
            codes=None if self.codes is None else self.codes[:n],
        )

    def followed_by(self, more: Drawn) -> Drawn:
        """This and further samples of the same generator as one."""
        return Drawn(
            join([self.extracted, more.extracted]),
            labels=_both(self.labels, more.labels),
            class_names=self.class_names,
            classes=self.classes,
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
    """Draw samples ``start`` … ``n − 1`` batch by batch into features; on a GPU the samples never leave it."""
    given: list[dict[str, Array]] = []
    seconds = 0.0

    def parts() -> Iterator[Extracted]:
        nonlocal seconds
        for first, inputs in model.each_inputs(start, n, seed):
            given.append({name: value for name, value in inputs.items() if name in ("y", "c")})
            before = time.perf_counter()
            value = model.bind(inputs, first=first)
            seconds += time.perf_counter() - before
            yield extractor.extract_bound(value)
            progress("sampling", first + len(inputs["z"]), n)

    extracted = gathered(parts(), n - start)
    inputs = {name: np.concatenate([each[name] for each in given]) for name in given[0]}
    categorical = model.latent.categorical
    return Drawn(
        extracted,
        labels=inputs.get("y"),
        class_names=model.info.class_names if model.latent.classes else (),
        classes=model.latent.classes,
        codes=inputs["c"][:, :categorical].argmax(axis=1) if categorical else None,
        seconds=seconds,
        provider=model.provider,
        sha256=model.sha256,
        clipped=model.clipped,
    )


def extract_rows(
    name: str,
    take: Callable[[IndexArray], FloatArray],
    rows: IndexArray,
    extractor: Extractor,
    progress: Progress = silent,
) -> Extracted:
    """Features of stored samples, which ``take`` reads a batch at a time.

    Raises ScoreError, naming the source by ``name``, for values that are not finite.
    """

    def parts() -> Iterator[Extracted]:
        for first in range(0, len(rows), BATCH):
            x = take(rows[first : first + BATCH])
            if not np.isfinite(x).all():
                raise ScoreError(f"{name} holds samples whose values are not finite.")
            yield extractor.extract(x)
            progress("reading", min(first + BATCH, len(rows)), len(rows))

    return gathered(parts(), len(rows))
