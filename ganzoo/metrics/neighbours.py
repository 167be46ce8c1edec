"""Precision, recall, density and coverage from k-nearest-neighbour balls.

Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric", eq. 1–2; Naeem et al. 2020, "Reliable Fidelity and
Diversity Metrics", eq. 3–4. A sample is in a ball when its distance is below the radius by more than rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.metrics.arrays import binomial_error, blocks, checked_pair, left, right, rounding
from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.types import Estimate

NEIGHBOURS = 5


@dataclass(frozen=True)
class _Hits:
    """What the pass over all (generated, real) pairs leaves."""

    real_balls: Features
    """In how many real balls each generated sample is [n]."""
    recalled: Features
    """1 for each real sample inside some generated ball [n]."""
    covered: Features
    """1 for each real ball that holds some generated sample [n]."""
    alone: Features
    """How many real balls hold this generated sample and no other [n]."""


def neighbour_scores(real: Features, fake: Features, *, k: int = NEIGHBOURS) -> dict[str, Estimate]:
    """Return ``precision``, ``recall``, ``coverage`` (0 … 1) and ``density`` (≥ 0, about 1 where the sets agree).

    Features are [n, d] and [m, d]. The statistics depend on set sizes, so only the first min(n, m) rows of each are
    used: pass rows in random order. Radii are distances to the k-th other sample of the same set.
    Standard errors treat the reference as exact: precision and density by the spread over generated samples (exact
    given the real balls), coverage by the delete-one jackknife over generated samples (up to 1.7 times too wide near
    1), recall by the binomial over real samples.
    Raises ScoreError for bad shapes, values, or fewer than k + 1 rows on a side.
    """
    real, fake = _equal_sizes(real, fake, k)
    return _scores(real, fake, _squared_radii(real, k), k)


def _equal_sizes(real: Features, fake: Features, k: int) -> tuple[Features, Features]:
    real, fake = checked_pair(real, fake, least=k + 1)
    n = min(len(real), len(fake))
    real, fake = real[:n], fake[:n]
    centre = real.mean(axis=0)  # small norms keep rounding small
    return real - centre, fake - centre


def _squared_radii(x: Features, k: int) -> Features:
    """Return the squared distance of each row [n, d] to the k-th nearest other row, computed in blocks."""
    sources, targets, radii = left(x), right(x), np.empty(len(x))
    for block in blocks(len(x), len(x)):
        panel = sources[block] @ targets.T
        panel[np.arange(block.stop - block.start), np.arange(block.start, block.stop)] = np.inf
        radii[block] = np.partition(panel, k - 1, axis=1)[:, k - 1]
    return radii


def _scores(real: Features, fake: Features, real_radii: Features, k: int) -> dict[str, Estimate]:
    n = len(fake)
    slack = rounding(real, fake)
    hits = _count(real, fake, real_radii - slack, _squared_radii(fake, k) - slack)
    precision, recall = float(np.mean(hits.real_balls > 0)), float(hits.recalled.mean())
    coverage, density = float(hits.covered.mean()), float(hits.real_balls.sum()) / (k * n)
    lost = hits.alone / n
    jackknife = (n - 1) / n * float(np.square(lost - lost.mean()).sum())
    return {
        "precision": Estimate(precision, binomial_error(precision, n), n),
        "recall": Estimate(recall, binomial_error(recall, n), n),
        "density": Estimate(density, float(hits.real_balls.std(ddof=1)) / (k * n**0.5), n),
        "coverage": Estimate(coverage, jackknife**0.5, n),
    }


def _count(real: Features, fake: Features, real_radii: Features, fake_radii: Features) -> _Hits:
    n = len(fake)
    sources, targets = left(fake), right(real)
    real_balls, recalled = np.zeros(n), np.zeros(n, dtype=bool)
    visitors, last = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for block in blocks(n, n):
        panel = sources[block] @ targets.T
        inside = panel < real_radii
        real_balls[block] = inside.sum(axis=1)
        visitors += inside.sum(axis=0)
        entered = inside.any(axis=0)
        last[entered] = block.start + inside.argmax(axis=0)[entered]
        recalled |= (panel < fake_radii[block, None]).any(axis=0)
    alone = np.bincount(last[visitors == 1], minlength=n)
    return _Hits(real_balls, recalled.astype(float), (visitors > 0).astype(float), alone.astype(float))


def _compute(sets: Sets) -> dict[str, Estimate]:
    real, fake = _equal_sizes(sets.reference.real, sets.fake, NEIGHBOURS)
    radii = sets.reference.once(f"neighbours/{len(real)}", lambda: _squared_radii(real, NEIGHBOURS))
    return _scores(real, fake, radii, NEIGHBOURS)


NEIGHBOUR_SCORES = Metric(
    name="neighbours",
    summary="Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020), k = 5",
    columns=("precision", "recall", "density", "coverage"),
    compute=_compute,
    better="higher",
)
