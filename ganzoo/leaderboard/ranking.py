"""What a few seeds can tell: intervals of means, and which models differ by more than their seeds do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.types import Array

LEVEL = 0.05


def half_width(values: Array) -> float:
    """Half of the 95 % confidence interval of a mean, by Student's t; NaN below two values."""
    from scipy.stats import t

    if len(values) < 2:
        return math.nan
    return float(t.ppf(1 - LEVEL / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def better(groups: Sequence[Array]) -> list[list[int]]:
    """For each group of values, float64 [seeds], of which less is better: the groups that are significantly better.

    Welch's t test for every pair, Holm's correction over all pairs, 5 %. A group of fewer than two takes no part.
    """
    from ganzoo.metrics.paired import holm

    pairs = [(a, b) for a, b in combinations(range(len(groups)), 2) if min(len(groups[a]), len(groups[b])) > 1]
    adjusted = holm([_p_value(groups[a], groups[b]) for a, b in pairs])
    found: list[list[int]] = [[] for _ in groups]
    for (a, b), p in zip(pairs, adjusted, strict=True):
        if p <= LEVEL:
            ahead, behind = (a, b) if groups[a].mean() < groups[b].mean() else (b, a)
            found[behind].append(ahead)
    return found


def ranks(groups: Sequence[Array], behind: Sequence[Sequence[int]]) -> list[int | None]:
    """The rank of each group: one more than the groups that are significantly better; None below two values.

    ``behind`` is what ``better`` found. A reader can count it; a group of a poor mean that scatters so much that it is
    behind nobody has the first rank, as nothing says that it is worse.
    """
    return [1 + len(ahead) if len(group) > 1 else None for group, ahead in zip(groups, behind, strict=True)]


def _p_value(a: Array, b: Array) -> float:
    """Of Welch's test, two-sided; without any spread, whether the means are equal."""
    from scipy.stats import ttest_ind_from_stats

    spread = a.std(ddof=1), b.std(ddof=1)
    if not any(spread):
        return float(a.mean() == b.mean())
    test = ttest_ind_from_stats(a.mean(), spread[0], len(a), b.mean(), spread[1], len(b), equal_var=False)
    return float(test.pvalue)
