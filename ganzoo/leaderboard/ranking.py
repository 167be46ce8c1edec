"""What a few seeds can tell: intervals of means, which models differ by more than chance, and their places."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
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
GRID, QUANTILES = 4096, 8
"""Points of the quadrature behind ``p_best``, and those of each model at least."""
CONTENDERS = 100
"""Models that may be the best, those that may lie lowest; of more, the others are given no chance."""


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
    """Half of the 95 % confidence interval of a mean; NaN below two values.

    By Student's t over the values, which says how much seeds scatter, and by the normal law of ``errors``, the standard
    errors of the values: all seeds draw from the same latents, so that the sampling of one may be that of all.
    """
    from scipy.stats import norm, t

    if len(values) < 2:
        return math.nan
    over_seeds = float(t.ppf(1 - LEVEL / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    shared = math.sqrt(_shared(errors if errors is not None else np.zeros(0)))
    return math.hypot(over_seeds, float(norm.ppf(1 - LEVEL / 2)) * shared)


def _shared(errors: Array) -> float:
    """The variance of a mean that is due to the sampling of scores, as if all seeds had it in common."""
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

    A t test for every pair with moderated variances (``moderation``) and the sampling of scores, Holm's correction over
    all pairs, 5 %. All ranges hold the true place of their model at once with 95 % probability.
    """
    if not groups:
        return []
    means, squares, df = _summed(groups)
    ahead = _ahead(means, squares, df)
    worse = Counter(i for better in ahead for i in better)
    errors = np.sqrt(squares)
    first = np.argsort(means - 4 * errors, kind="stable")[:CONTENDERS]
    best = np.zeros(len(groups))
    best[first] = _best(means[first], errors[first], df[first])
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
    return holm(p_values(means[1] - means[0], squares[0] + squares[1], np.minimum(*df)).tolist())


def _summed(groups: Sequence[Group]) -> tuple[Array, Array, Array]:
    """Their means, the squared errors of these, and the degrees of freedom behind."""
    variances, df = moderated(*group_variances([each.values for each in groups]))
    means = np.array([each.values.mean() for each in groups])
    shared = [_shared(each.errors) for each in groups]
    return means, variances / [len(each.values) for each in groups] + shared, df


def _ahead(means: Array, squares: Array, df: Array) -> list[list[int]]:
    """For each model those that are significantly better, the best of them first."""
    from ganzoo.metrics.paired import holm

    a, b = np.triu_indices(len(means), 1)
    p = holm(p_values(means[a] - means[b], squares[a] + squares[b], np.minimum(df[a], df[b])).tolist())
    found: list[list[int]] = [[] for _ in means]
    for i in np.flatnonzero(np.array(p) <= LEVEL):
        first, last = sorted((int(a[i]), int(b[i])), key=lambda model: means[model])
        found[last].append(first)
    return [sorted(better, key=lambda i: means[i]) for better in found]


def p_values(differences: Array, squares: Array, df: Array) -> Array:
    """Two-sided, of differences with these squared errors by Student's t; without any error, whether they are 0."""
    from scipy.stats import t

    sure = squares <= 0
    ratios = np.abs(differences) / np.sqrt(np.where(sure, 1.0, squares))
    return np.asarray(np.where(sure, (differences == 0).astype(float), 2 * t.sf(ratios, df)))


def _best(means: Array, errors: Array, df: Array) -> Array:
    """The probability of each to be the least, when the true means are Student's t around those seen.

    The integral of dF over the product of the others' 1 − F, on a grid that has quantiles of every model.
    """
    from scipy.stats import t

    if not errors.all():
        return np.asarray((means == means.min()) / (means == means.min()).sum())
    count = max(QUANTILES, GRID // len(means))
    u = (np.arange(count) + 0.5) / count
    grid = np.unique(means[:, None] + errors[:, None] * t.ppf(u, df[:, None]))
    at = (grid - means[:, None]) / errors[:, None]
    ends = np.zeros((len(means), 1))
    below = np.hstack([ends, t.cdf(at, df[:, None]), ends + 1])
    above = t.logsf(at, df[:, None])
    others = np.hstack([ends + 1, np.exp(above.sum(axis=0) - above), ends])
    best = (np.diff(below) * (others[:, 1:] + others[:, :-1]) / 2).sum(axis=1)
    return np.asarray(best / best.sum())
