"""The disturbance test: what the metrics say, through one extractor, of real images that are spoilt more and more.

A metric that is to be believed gets worse as the images do, and says nothing of what it does not measure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import scale
from ganzoo.errors import ScoreError
from ganzoo.extractors.base import Extracted, gathered
from ganzoo.generator.engine import BATCH
from ganzoo.latents import generator
from ganzoo.metrics import Reference, Sets, evaluate
from ganzoo.metrics.regions import CLUSTERS
from ganzoo.scoring import disturbances
from ganzoo.scoring.disturbances import DISTURBANCES, Disturbance
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.fitting import MINIMUM

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.extractors.base import Extractor
    from ganzoo.metrics import Metric
    from ganzoo.types import Array, Estimate, IndexArray

CLEAR = 2.0
"""Standard errors of a difference from which it counts as seen."""
WORSE = {
    "fid": 1, "fid_unbiased": 1, "kid": 1, "is": -1, "precision": -1, "recall": -1, "density": -1, "coverage": -1,
    "modes": -1, "mode_kl": 1, "vendi": -1, "repeats": 1, "memorised": 1, "duplicates": 1, "ct": -1,
}  # fmt: skip
"""The sign of a change for the worse, of the columns that are looked at."""


@dataclass(frozen=True)
class Trial:
    """The scores of one set of spoilt images."""

    disturbance: Disturbance
    strength: float
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True)
class Sensitivity:
    """All trials of one extractor on one set of images."""

    extractor: str
    sha256: str
    data: str
    n: int
    """Images of every set that is scored, and of the reference."""
    clean: Mapping[str, Estimate]
    """The scores of real images that were left alone."""
    trials: tuple[Trial, ...]

    @property
    def columns(self) -> list[str]:
        """Those of WORSE that could be computed."""
        return [column for column in WORSE if column in self.clean]

    def of(self, disturbance: Disturbance) -> list[Trial]:
        """Its trials, by rising strength."""
        return [trial for trial in self.trials if trial.disturbance is disturbance]

    def disturbances(self) -> list[Disturbance]:
        """Those that were tried."""
        return [each for each in DISTURBANCES if self.of(each)]

    def verdict(self, disturbance: Disturbance, column: str) -> str:
        """What a column made of a disturbance, in a word or two; "" where nothing is asked of it.

        ``from S``: worse from that strength on. ``blind``: never clearly. ``better at S``: the wrong way. ``quiet``, or
        ``alarm from S``, where it was to say nothing. Clearly is by two standard errors of the difference.
        """
        steps = [(trial.strength, self._steps(trial, column)) for trial in self.of(disturbance)]
        if column in disturbance.quiet:
            alarmed = [strength for strength, step in steps if step > CLEAR]
            return f"alarm from {alarmed[0]:g}" if alarmed else "quiet"
        if column not in disturbance.moves:
            return ""
        wrong = [f"better at {strength:g}" for strength, step in steps if step < -CLEAR][:1]
        first = len(steps)
        while first and steps[first - 1][1] > CLEAR:
            first -= 1
        right = [f"from {steps[first][0]:g}"] if first < len(steps) else []
        return ", ".join([*wrong, *right]) or "blind"

    def tables(self) -> Iterator[list[list[str]]]:
        """The verdicts, header first: a table for every kind of harm, and one of the columns that are to be quiet."""
        tried = self.disturbances()
        for asked in ([each.moves for each in tried], [each.quiet for each in tried]):
            for columns in dict.fromkeys(filter(None, asked)):
                shown = [column for column in columns if column in self.columns]
                rows = [
                    [self._titled(each), *(self.verdict(each, column) for column in shown)]
                    for each, its in zip(tried, asked, strict=True)
                    if its == columns
                ]
                yield [["disturbance", *shown], *rows]

    def _titled(self, disturbance: Disturbance) -> str:
        strengths = ", ".join(f"{trial.strength:g}" for trial in self.of(disturbance))
        return f"{disturbance.name} ({strengths} {disturbance.unit})"

    def _steps(self, trial: Trial, column: str) -> float:
        """Standard errors by which a column got worse than for the clean images; 0 where it was left out."""
        before, after = self.clean.get(column), trial.estimates.get(column)
        if before is None or after is None:
            return 0.0
        change = WORSE[column] * (after.value - before.value)
        error = float(np.hypot(before.se or 0.0, after.se or 0.0))
        return change / error if error > 0 else float(np.sign(change)) * np.inf if change else 0.0


def sensitivity(
    dataset: Dataset,
    extractor: Extractor,
    metrics: Sequence[Metric],
    *,
    n: int = 1000,
    seed: int = 0,
    progress: Progress = silent,
) -> Sensitivity:
    """Score ``n`` images against ``n`` others, as they are and spoilt; fewer where there are not 3.5 n of them.

    Raises ScoreError for data that are no images, or fewer than 175 of them.
    """
    if dataset.spec.kind != "image":
        raise ScoreError(f"Disturbances are for images, and {dataset.spec.name} holds points.")
    tried = _Tried(dataset, extractor, n, seed, progress)
    sets = [(disturbance, strength, found) for disturbance in DISTURBANCES for strength, found in tried.of(disturbance)]
    usual = [metric for metric in metrics if not metric.on_request]

    def scores(found: Extracted) -> dict[str, Estimate]:
        return evaluate(Sets(tried.reference, found.features, found.logits, seed), usual, refused={})

    clean, trials = scores(tried.clean), []
    for done, (disturbance, strength, found) in enumerate(sets, start=1):
        trials.append(Trial(disturbance, strength, scores(found)))
        progress("scoring", done, len(sets))
    return Sensitivity(extractor.name, extractor.sha256, dataset.spec.name, tried.n, clean, tuple(trials))


class _Tried:
    """The images in three parts (reference, held out, pool) and the features of all that is made of them."""

    def __init__(self, dataset: Dataset, extractor: Extractor, n: int, seed: int, progress: Progress) -> None:
        x = np.concatenate([dataset.train.x, dataset.heldout.x])
        self.n = n = min(n, 2 * len(x) // 7)
        if n < MINIMUM:
            raise ScoreError(f"{dataset.spec.name} has {len(x)} images, and {7 * MINIMUM // 2} or more are needed.")
        self._extractor, self._seed, self._progress = extractor, seed, progress
        order = generator(seed, "disturbances").permutation(len(x))
        real, held, pool = np.split(order[: n + n // 2 + 2 * n], [n, n + n // 2])
        self._real, self._pool = x[real], x[pool]
        self._features_of = {"real": self._extracted("reference", x[real]), "pool": self._extracted("images", x[pool])}
        heldout = self._extracted("held-out images", x[held])
        train = self._features_of["real"].features
        self.reference = Reference(real=train, train=train, heldout=heldout.features)
        self.clean = _rows(self._features_of["pool"], np.arange(n))
        y, logits = _labels(dataset), self.clean.logits
        self._labels = None if y is None else y[pool]
        if y is not None and logits is not None and logits.shape[1] == dataset.spec.classes:
            self.reference = replace(self.reference, labels=y[real], classes=dataset.spec.classes)

    def of(self, disturbance: Disturbance) -> Iterator[tuple[float, Extracted]]:
        """What a disturbance makes of the images at each strength; nothing where it has no meaning for them."""
        for strength in disturbance.strengths:
            rng = generator(self._seed, f"disturbance {disturbance.name}", round(100 * strength))
            if disturbance.spoil is not None:
                spoilt = disturbance.spoil(self._pool[: self.n], strength, rng)
                yield strength, self._extracted(f"{disturbance.name} {strength:g}", spoilt)
            elif disturbance.name == disturbances.DROPPED:
                rows = disturbances.without_classes(self._classes, strength, self.n, rng)
                if len(rows):
                    yield strength, _rows(self._features_of["pool"], rows)
            elif disturbance.name == disturbances.REPEATED:
                rows = np.tile(np.arange(-(-self.n // round(strength))), round(strength))[: self.n]
                yield strength, _rows(self._features_of["pool"], rows)
            else:
                yield strength, self._mixed(disturbance.name, strength, rng)

    def _mixed(self, name: str, percent: float, rng: np.random.Generator) -> Extracted:
        """The clean images with so many percent of them replaced."""
        source = self._source(name)
        rows = rng.permutation(self.n)[: round(percent / 100 * self.n)]
        chosen = rows if name == disturbances.FLIPS else rng.permutation(len(source.features))[: len(rows)]
        return _replaced(self.clean, rows, _rows(source, chosen))

    def _source(self, name: str) -> Extracted:
        """The images that replace others; made once."""
        kind = "real" if name == disturbances.COPIES else name
        if kind not in self._features_of:
            self._features_of[kind] = self._extracted(name, self._made(name))
        return self._features_of[kind]

    def _made(self, name: str) -> Array:
        rng = generator(self._seed, f"images of {name}")
        if name == disturbances.FOREIGN:
            return disturbances.photographs(self.n, self._real.shape[1:], rng)
        if name == disturbances.GAUSSIAN:
            return disturbances.fitted_gaussian(self._real, self.n, rng)
        mirrored = self._real if name == disturbances.FLIPPED_COPIES else self._pool[: self.n]
        return np.ascontiguousarray(mirrored[..., ::-1])

    @cached_property
    def _classes(self) -> IndexArray:
        """The class of each image of the pool, or the cluster of its features where there are no labels."""
        if self._labels is not None:
            return self._labels
        from sklearn.cluster import KMeans

        found: IndexArray = KMeans(CLUSTERS, random_state=0).fit_predict(self._features_of["pool"].features)
        return found.astype(np.int64)

    def _extracted(self, what: str, x: Array) -> Extracted:
        def parts() -> Iterator[Extracted]:
            for start in range(0, len(x), BATCH):
                yield self._extractor.extract(scale("image", x[start : start + BATCH]))
                self._progress(what, min(start + BATCH, len(x)), len(x))

        return gathered(parts(), len(x))


def _labels(dataset: Dataset) -> IndexArray | None:
    train, heldout = dataset.train.y, dataset.heldout.y
    return None if train is None or heldout is None else np.concatenate([train, heldout])


def _rows(found: Extracted, rows: IndexArray) -> Extracted:
    return Extracted(found.features[rows], None if found.logits is None else found.logits[rows])


def _replaced(found: Extracted, rows: IndexArray, by: Extracted) -> Extracted:
    features, logits = found.features.copy(), None if found.logits is None else found.logits.copy()
    features[rows] = by.features
    if logits is not None and by.logits is not None:
        logits[rows] = by.logits
    return Extracted(features, logits)
