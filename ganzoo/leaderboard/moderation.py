"""Variances of few seeds, each drawn towards what all models of a board have in common.

Three seeds say little of a model's own scatter: the usual 95 % interval of their mean is 2.5 standard deviations wide
on either side. Models of one board scatter alike, and how alike is seen in their variances. So true ones are taken as
draws from a scaled inverse χ² of d₀ degrees of freedom around s₀², both of which are estimated from all
models; each variance then has d₀ degrees more (Smyth 2004, "Linear models and empirical Bayes methods for assessing
differential expression in microarray experiments").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ganzoo.types import Array

SMALLEST = 1e-5
"""Of the median variance: what counts where all seeds of a model gave the same value, as there is no logarithm of 0."""


@dataclass(frozen=True)
class Prior:
    """What the models' variances have in common."""

    df: float
    """d₀: how many degrees of freedom that is worth; inf where they differ by no more than chance."""
    variance: float
    """s₀²."""


def prior_of(variances: Array, df: Array) -> Prior:
    """Fit d₀ and s₀² to sample variances [k], each of ``df`` [k] degrees of freedom, of which some may be 0.

    By the mean and variance of log s², corrected for what chance gives them (Smyth 2004, section 6.2). Without two
    variances above 0 there is nothing to learn from: then d₀ is 0.
    """
    from scipy.special import polygamma

    positive = variances > 0
    if positive.sum() < 2:
        return Prior(0.0, 0.0)
    s2 = np.maximum(variances, SMALLEST * np.median(variances[positive]))
    logs = np.log(s2) - _mean_log(df)
    excess = logs.var(ddof=1) - polygamma(1, df / 2).mean()
    if excess <= 0:
        return Prior(math.inf, float(np.average(s2, weights=df)))
    d0 = 2 * _trigamma_inverse(float(excess))
    return Prior(d0, float(np.exp(logs.mean() + _mean_log(np.array(d0)))))


def moderated(variances: Array, df: Array) -> tuple[Array, Array]:
    """Moderated variances [k] and their degrees of freedom [k].

    Of a model that scatters more than the others its own variance counts. There are never more degrees than all seeds
    have together.
    """
    prior = prior_of(variances, df)
    if math.isinf(prior.df):
        drawn = np.full_like(variances, prior.variance)
    else:
        drawn = (prior.df * prior.variance + df * variances) / (prior.df + df)
    return np.maximum(drawn, variances), np.minimum(prior.df + df, df.sum())


def group_variances(groups: Sequence[Array]) -> tuple[Array, Array]:
    """Sample variances [k] of groups of at least two values, and their degrees of freedom [k]."""
    return np.array([group.var(ddof=1) for group in groups]), np.array([len(group) - 1.0 for group in groups])


def _mean_log(df: Array) -> Array:
    """The mean of log(χ²/df)."""
    from scipy.special import digamma

    return np.asarray(digamma(df / 2) - np.log(df / 2))


def _trigamma_inverse(value: float) -> float:
    """The x whose trigamma is ``value``, which is above 0; it falls from ∞ to 0 as x grows, within 1/x … 1/x + 1/x²."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    low, high = 0.5 / value, 1 / value + 1 / math.sqrt(value)
    return float(brentq(lambda x: polygamma(1, x) - value, low, high, xtol=1e-12 * high, rtol=1e-12))
