"""What a few seeds can tell: intervals of means, which models differ by more than chance, and their places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from statistics import median_low
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.leaderboard.moderation import group_variances, moderated

if TYPE_CHECKING:
    from ganzoo.types import Array

LEVEL = 0.05
LOGARITHMIC = ("fid",)
"""Columns whose scatter grows with the value: models are compared by their logarithms."""
HIGHER = ("coverage",)
"""Columns of which more is better, among those that a board is ranked by."""
MIDPOINTS = 4096
"""Points of the quadrature behind ``p_best``."""


@dataclass(frozen=True)
class Group:
    """One model's values, float64 [seeds], and the standard errors that their sampling alone gives them [seeds]."""

    values: Array
    errors: Array = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Place:
    """What can be said of a model's place among k."""

    rank: int
    """The best it may have: one more than the models that are significantly better."""
    rank_to: int
    """The worst it may have: k less those that are significantly worse."""
    p_best: float
    """The probability that its mean is the best of all."""
    behind: tuple[int, ...]
    """Those that are significantly better."""


def half_width(values: Array, errors: Array | None = None) -> float:
    """Half of the 95 % confidence interval of a mean, by Student's t; NaN below two values.

    The variance over seeds holds the sampling of each score; where it is less than ``errors``, the standard errors of
    the values, square to in the mean, that stands in its place: few seeds may agree by chance.
    """
    from scipy.stats import t

    if len(values) < 2:
        return math.nan
    variance = max(float(values.var(ddof=1)), _floor(errors if errors is not None else np.zeros(0)))
    return float(t.ppf(1 - LEVEL / 2, len(values) - 1) * math.sqrt(variance / len(values)))


def _floor(errors: Array) -> float:
    return float(np.square(errors).mean()) if len(errors) else 0.0


def not_ranked(seeds: Sequence[int], failed: Sequence[int]) -> list[str]:
    """Why each model has no rank, in a few words; "" for one that has.

    One seed says nothing, and the mean of the seeds that did not fail is that of the lucky ones. Who has fewer seeds
    than half of the models is not done yet.
    """
    usual = median_low(seeds) if seeds else 0
    return [_reason(n, lost, usual) for n, lost in zip(seeds, failed, strict=True)]


def _reason(n: int, lost: int, usual: int) -> str:
    if lost:
        return f"{lost} of {n + lost} failed"
    if n < 2:
        return "one seed" if n else "no seed"
    return f"{n} seeds, others have {usual}" if n < usual else ""


def scaled(groups: Sequence[Group], column: str) -> list[Group]:
    """The groups so that less is better and all scatter alike: logarithms of FID, the negative of coverage."""
    if column in LOGARITHMIC and all((group.values > 0).all() for group in groups):
        return [
            Group(np.log(each.values), each.errors / each.values if len(each.errors) else each.errors)
            for each in groups
        ]
    sign = -1 if column in HIGHER else 1
    return [Group(sign * each.values, each.errors) for each in groups]


def places(groups: Sequence[Group]) -> list[Place]:
    """The place of each model, of whose values less is better; each has two at least.

    A t test for every pair with moderated variances (``moderation``), Holm's correction over all pairs, 5 %. All ranges
    hold the true place of their model at once with 95 % probability: who is told apart is told apart rightly.
    """
    if not groups:
        return []
    means, squares, df = _summed(groups)
    ahead = _ahead(means, squares, df)
    worse = [sum(i in others for others in ahead) for i in range(len(groups))]
    best = _best(means, np.sqrt(squares), df)
    return [
        Place(1 + len(better), len(groups) - worse[i], float(best[i]), tuple(better)) for i, better in enumerate(ahead)
    ]


def p_of_changes(before: Sequence[Group], after: Sequence[Group]) -> list[float]:
    """For each model of two boards, of at least two values on each, the p value of its change, with Holm's correction.

    The test is that of ``places``, and both boards say together how models scatter.
    """
    from ganzoo.metrics.paired import holm

    if not before:
        return []
    means, squares, df = (np.split(each, 2) for each in _summed([*before, *after]))
    errors = squares[0] + squares[1]
    return holm([p_value(*each) for each in zip(means[1] - means[0], errors, np.minimum(*df), strict=True)])


def _summed(groups: Sequence[Group]) -> tuple[Array, Array, Array]:
    """Their means, the squared errors of these, and the degrees of freedom behind."""
    floors = np.array([_floor(each.errors) for each in groups])
    variances, df = moderated(*group_variances([each.values for each in groups]), floors)
    means = np.array([each.values.mean() for each in groups])
    return means, variances / [len(each.values) for each in groups], df


def _ahead(means: Array, squares: Array, df: Array) -> list[list[int]]:
    """For each model those that are significantly better."""
    from ganzoo.metrics.paired import holm

    pairs = list(combinations(range(len(means)), 2))
    p = holm([p_value(means[a] - means[b], squares[a] + squares[b], min(df[a], df[b])) for a, b in pairs])
    found: list[list[int]] = [[] for _ in means]
    for (a, b), each in zip(pairs, p, strict=True):
        if each <= LEVEL:
            first, last = (a, b) if means[a] < means[b] else (b, a)
            found[last].append(first)
    return [sorted(better, key=lambda i: means[i]) for better in found]


def p_value(difference: float, square: float, df: float) -> float:
    """Two-sided, of a difference with this squared error by Student's t; without any error, whether it is 0."""
    from scipy.stats import t

    if square <= 0:
        return float(difference == 0)
    return float(2 * t.sf(abs(difference) / math.sqrt(square), df))


def _best(means: Array, errors: Array, df: Array) -> Array:
    """The probability of each to be the least, when the true means are Student's t around those seen, by quadrature."""
    from scipy.stats import t

    if not errors.all():
        return np.asarray((means == means.min()) / (means == means.min()).sum())
    u = (np.arange(MIDPOINTS) + 0.5) / MIDPOINTS
    at = means[:, None] + errors[:, None] * t.ppf(u, df[:, None])
    above = np.ones_like(at)
    for i in range(len(means)):
        others = np.arange(len(means)) != i
        above[others] *= t.sf((at[others] - means[i]) / errors[i], df[i])
    best = above.mean(axis=1)
    return np.asarray(best / best.sum())
