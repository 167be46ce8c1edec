"""Realism of single samples: how deep one lies within the balls around real samples.

Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric", eq. 3: the largest ratio of a real ball's radius to
the sample's distance from its centre. At 1 or more the sample is inside of a ball.
"""

from __future__ import annotations

import math

import numpy as np

from ganzoo.metrics.arrays import blocks, checked, checked_pair, left, right
from ganzoo.metrics.base import Features, Index, Metric, Reference, Sets
from ganzoo.metrics.distances import centre_of, scale_of, squared_differences
from ganzoo.metrics.neighbours import NEIGHBOURS, Balls
from ganzoo.types import Estimate

MOST = 1e6
"""The realism of a copy: no sample has more."""
_TINY = 1e-300


def realism_scores(
    real: Features, fake: Features, *, k: int = NEIGHBOURS, reference: Reference | None = None
) -> Features:
    """Return the realism (0 … 10⁶) of each generated row [m, d] against the reference [n, d].

    Radii are distances to the k-th other reference row. As in the paper, balls wider than the median are left out: they
    lie where real samples are rare, and reach far. 10⁶ stands for copies of a real sample. ``reference`` keeps the
    radii of its rows ``real`` for the next call.
    Raises ScoreError for bad shapes, values, or fewer than k + 1 reference rows.
    """
    real, fake = checked_pair(real, fake, keep_single=True)
    checked(real, "the reference features", least=k + 1, keep_single=True)
    key = f"neighbours/{k}/{len(real)}"
    balls = reference.once(key, lambda: Balls.around(real, k)) if reference else Balls.around(real, k)
    radii = np.sqrt(balls.squared) / balls.scale
    small = np.flatnonzero(radii <= np.median(radii))
    centres, radii = real[small].astype(np.float64), radii[small]
    best = _deepest(centres, radii, fake)
    scale = scale_of(centres, fake)
    apart = np.sqrt(squared_differences(fake, np.arange(len(fake)), centres, best, scale)) / scale
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(apart > 0, radii[best] / apart, MOST)
    return np.minimum(ratio, MOST)


def _deepest(centres: Features, radii: Features, fake: Features) -> Index:
    """Return for each row the ball in which it lies deepest [m]; products are taken about a centre."""
    middle = centre_of(centres)
    goal, squared = right(centres - middle).T, radii**2
    best = np.empty(len(fake), dtype=np.int64)
    for block in blocks(len(fake), len(centres)):
        panel = left(fake[block].astype(np.float64) - middle) @ goal
        np.maximum(panel, _TINY, out=panel)
        best[block] = (squared / panel).argmax(axis=1)
    return best


def median_realism(scores: Features) -> Estimate:
    """Return the median [m ≥ 1], which a few copies do not move, with its error by order statistics.

    The number of samples below the median is binomial: half of the distance between the values one standard deviation
    of it below and above (Woodruff 1952, "Confidence Intervals for Medians").
    """
    n = len(scores)
    ordered, reach = np.sort(scores), math.sqrt(n) / 2
    low, high = (ordered[int(np.clip(round(place), 0, n - 1))] for place in (n / 2 - 0.5 - reach, n / 2 - 0.5 + reach))
    return Estimate(float(np.median(scores)), float(high - low) / 2, n)


def extremes(scores: Features, count: int) -> tuple[Index, Index]:
    """Return the rows of the ``count`` most and the ``count`` least realistic samples, most extreme first."""
    order = np.argsort(scores, kind="stable")
    return order[::-1][:count], order[:count]


def _compute(sets: Sets) -> dict[str, Estimate]:
    if len(sets.reference.real) <= NEIGHBOURS:
        return {}
    return {"realism": median_realism(realism_scores(sets.reference.real, sets.fake, reference=sets.reference))}


REALISM = Metric(
    name="realism",
    summary="Median realism of the samples, above 1 inside of real balls (Kynkäänniemi et al. 2019, eq. 3), k = 5",
    columns=("realism",),
    compute=_compute,
    needs=("real",),
    better="higher",
    on_request=True,
)
