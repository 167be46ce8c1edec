"""Shares: how many of the samples have a property, with an error that holds near 0 and 1, too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics.base import Features, Influence
from ganzoo.types import Estimate

LEVEL = 0.05
"""What counts as near: as this share of the real samples."""
_ADDED = 2.0
"""Imagined hits and misses each. Agresti & Coull 1998, "Approximate Is Better than 'Exact'", section 3."""


def share_error(hits: float, n: int) -> float:
    """Return the standard error of the share ``hits`` / ``n`` of n > 0 independent samples: √(p(1−p)/(n+4)).

    p counts two hits and two misses more than were seen, so that 0 of n has an error of about √2/n instead of none.
    """
    p = (hits + _ADDED) / (n + 2 * _ADDED)
    return math.sqrt(p * (1 - p) / (n + 2 * _ADDED))


def share(hits: NDArray[np.bool_]) -> Estimate:
    """Return the share of true entries of ``hits`` [n], n > 0, with its binomial error."""
    return estimate(share_influence(hits))


def share_influence(hits: NDArray[np.bool_]) -> Influence:
    """Return the rows of ``share``: each sample's hit, and as the second order what ``share_error`` adds to them."""
    rows = hits.astype(np.float64)
    return Influence(float(rows.mean()), rows, second=share_error(float(rows.sum()), len(rows)) ** 2 - row_error(rows))


def near_share_influence(points: Features, usual: Features) -> Influence:
    """Return the rows of the share of ``points`` [m] that are as small as the smallest 5 % of the ``usual`` [n] are.

    τ is their 5 % quantile, at rank 0.05 (n+1); points at τ count. A usual one below τ draws τ towards 0 (Bahadur
    1966), by the ratio of the densities of both around it.
    """
    low, border, high = np.quantile(usual, [LEVEL / 2, LEVEL, 2 * LEVEL], method="weibull")
    hits = share_influence(points <= border)
    density = _density_ratio(points, usual, low, high)
    return replace(hits, real=density * (LEVEL - (usual <= border)))


def _density_ratio(points: Features, others: Features, low: float, high: float) -> float:
    """Return how much denser ``points`` lie in (low, high] than ``others`` do; 0 where none of these is there."""
    around = float(np.mean((others > low) & (others <= high)))
    return float(np.mean((points > low) & (points <= high))) / around if around else 0.0


def row_error(rows: Features | None) -> float:
    """Return the variance of the mean of independent rows [n]: 0 where there are none, or one alone."""
    return 0.0 if rows is None or len(rows) < 2 else float(rows.var(ddof=1)) / len(rows)


def alone(value: float, se: float | None, n: int) -> Estimate:
    """Return the estimate of a value that no reference enters: both its errors are the same."""
    return Estimate(value, se, n, se)


def estimate(influence: Influence) -> Estimate:
    """Return the value that an influence stands for, with its standard and its total error.

    The total error of what is given the reference, without saying how that moves it, is not known.
    """
    own = row_error(influence.fake) + influence.second
    se = math.sqrt(max(own, 0.0))
    if influence.given and influence.real is None:
        return Estimate(influence.value, se, len(influence.fake))
    total = math.sqrt(max(own + row_error(influence.real), 0.0))
    return Estimate(influence.value, se if influence.given else total, len(influence.fake), total)


def estimates(influences: Mapping[str, Influence]) -> dict[str, Estimate]:
    """Return ``estimate`` of every column."""
    return {name: estimate(influence) for name, influence in influences.items()}


def share_below(points: Features, others: Features) -> Features:
    """Return for each of ``points`` the share of ``others`` below it; equal ones count half."""
    ordered = np.sort(others)
    below = (np.searchsorted(ordered, points, "left") + np.searchsorted(ordered, points, "right")) / 2
    shares: Features = below / len(others)
    return shares
