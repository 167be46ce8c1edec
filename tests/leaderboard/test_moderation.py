"""Variances of few seeds: the prior that they have in common, and what it makes of each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import polygamma

from ganzoo.leaderboard.moderation import _trigamma_inverse, group_variances, moderated, prior_of


@pytest.mark.parametrize("x", [1e-3, 0.4, 1.0, 7.0, 300.0, 2e5])
def test_the_inverse_of_the_trigamma(x: float) -> None:
    assert _trigamma_inverse(float(polygamma(1, x))) == pytest.approx(x, rel=1e-8)


@pytest.mark.parametrize(("d0", "s0"), [(4.0, 0.3), (12.0, 2.0)])
def test_the_prior_of_many_variances_is_found_again(d0: float, s0: float) -> None:
    """s² = σ² χ²(d)/d and σ² = d₀ s₀² / χ²(d₀), the model behind it; 40,000 variances, of two sizes of group."""
    rng = np.random.default_rng(0)
    df = np.where(np.arange(40_000) % 2, 2.0, 4.0)
    true = d0 * s0**2 / rng.chisquare(d0, len(df))
    found = prior_of(true * rng.chisquare(df) / df, df)
    assert found.df == pytest.approx(d0, rel=0.06)
    assert found.variance == pytest.approx(s0**2, rel=0.03)


def test_variances_that_differ_by_chance_alone_are_one() -> None:
    """Their logarithms vary less than those of χ² do: d₀ is infinite, and s₀² the pooled variance."""
    variances, df = np.array([1.0, 1.1, 0.9, 1.05]), np.array([2.0, 2.0, 4.0, 4.0])
    found = prior_of(variances, df)
    assert math.isinf(found.df)
    assert found.variance == pytest.approx((2 * 1.0 + 2 * 1.1 + 4 * 0.9 + 4 * 1.05) / 12)
    drawn, degrees = moderated(variances, df)
    assert drawn == pytest.approx(np.maximum(found.variance, variances))
    assert (degrees == 12).all(), "never more than all seeds have together"


def test_a_small_variance_grows_and_a_large_one_stays() -> None:
    variances, df = np.array([0.01, 1.0, 1.4, 0.7, 30.0, 0.3]), np.full(6, 2.0)
    prior = prior_of(variances, df)
    assert 0 < prior.df < math.inf
    drawn, degrees = moderated(variances, df)
    assert drawn[0] == pytest.approx((prior.df * prior.variance + 2 * 0.01) / (prior.df + 2))
    assert drawn[4] == 30
    assert degrees == pytest.approx(min(prior.df + 2, 12))


@pytest.mark.parametrize("variances", [(), (0.0,), (0.3,), (0.0, 0.0), (0.0, 2.0)])
def test_nothing_is_learnt_from_fewer_than_two_variances(variances: tuple[float, ...]) -> None:
    array = np.array(variances)
    df = np.full(len(array), 2.0)
    assert prior_of(array, df).df == 0
    drawn, degrees = moderated(array, df)
    assert list(drawn) == list(variances)
    assert list(degrees) == list(df)


def test_a_variance_of_nothing_has_no_logarithm_and_does_no_harm() -> None:
    drawn, _ = moderated(np.array([0.0, 1.0, 1.2, 0.8]), np.full(4, 2.0))
    assert np.isfinite(drawn).all()
    assert 0 < drawn[0] < 1


def test_variances_of_groups() -> None:
    variances, df = group_variances([np.array([1.0, 3.0]), np.array([0.0, 0.0, 3.0])])
    assert list(variances) == [2.0, 3.0]
    assert list(df) == [1.0, 2.0]
