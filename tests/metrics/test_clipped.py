"""Clipped density and coverage: the definitions pair by pair, calibration on mixtures of good and bad, outliers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betaln, comb

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, arrays
from ganzoo.metrics.clipped import CLIPPED, clipped_scores, expected_coverage


def draw(n, d=4, seed=0, scale=1.0, shift=0.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d)) + shift


def curve_by_hand(n, m, k=5):
    """E min(J, k)/k with every term of the beta-binomial law."""
    curve = np.zeros(m + 1)
    for rows in range(m + 1):
        j = np.arange(rows + 1.0)
        law = np.exp(np.log(comb(rows, j)) + betaln(k + j, n - k + rows - j) - betaln(k, n - k))
        curve[rows] = (np.minimum(j, k) * law).sum() / k
    return curve


def by_hand(real, fake, k=5):
    apart = np.sqrt(((real[:, None] - real[None]) ** 2).sum(-1))
    radii = np.sort(apart, axis=1)[:, k]
    clipped = np.minimum(radii, np.median(radii))[:, None]
    np.fill_diagonal(apart, np.inf)
    across = np.sqrt(((real[:, None] - fake[None]) ** 2).sum(-1))
    usual = np.minimum((apart <= clipped).sum(axis=0), k).mean()
    density = np.minimum((across <= clipped).sum(axis=0), k).mean() / usual
    held = np.minimum((across < radii[:, None]).sum(axis=1), k).mean() / k
    place = np.searchsorted(curve_by_hand(len(real), len(fake), k), held)
    return min(density, 1.0), place / (len(fake) + 1)


@pytest.mark.parametrize(
    ("n", "m", "scale", "shift"), [(90, 70, 1, 0), (80, 120, 0.7, 0), (81, 60, 1, 0.8), (60, 90, 2, 0)]
)
def test_equal_the_definitions(n, m, scale, shift):
    real, fake = draw(n), draw(m, seed=1, scale=scale, shift=shift)
    found = clipped_scores(real, fake)
    density, coverage = by_hand(real, fake)
    assert found["clipped_density"].value == pytest.approx(density, rel=1e-12)
    assert found["clipped_coverage"].value == pytest.approx(coverage, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(12, 9), (60, 200), (300, 40)])
def test_expected_coverage_is_the_mean_of_the_beta_binomial(n, m):
    np.testing.assert_allclose(expected_coverage(n, m, 5), curve_by_hand(n, m), atol=1e-10)


def test_expected_coverage_of_large_sets_rises_and_stays_a_share():
    curve = expected_coverage(50_000, 50_000, 5)
    assert curve[0] == 0
    assert (np.diff(curve) > -1e-9).all()
    assert curve[-1] < 1


@pytest.mark.parametrize("bad", [0.0, 0.3, 0.7])
def test_a_share_of_good_samples_scores_that_share(bad):
    """The rest are at one far place: neither realistic nor of use for coverage."""
    found = []
    for seed in range(20):
        real, fake = draw(400, seed=2 * seed), draw(400, seed=2 * seed + 1)
        fake[: int(bad * 400)] = 30.0
        found.append([each.value for each in clipped_scores(real, fake).values()])
    assert np.mean(found, axis=0) == pytest.approx([1 - bad, 1 - bad], abs=0.05)


def test_outliers_among_the_real_samples_make_no_fidelity():
    """Wide balls around them would hold anything: radii are cut at the median."""
    real = np.vstack([draw(200), draw(8, seed=9, scale=40)])
    found = clipped_scores(real, draw(200, seed=3, scale=12.0))
    assert found["clipped_density"].value < 0.1


def test_block_size_does_not_matter(monkeypatch):
    real, fake = draw(90), draw(70, seed=1)
    whole = clipped_scores(real, fake)
    monkeypatch.setattr(arrays, "PANEL", 300)
    assert clipped_scores(real, fake) == whole


def test_there_is_no_total_error_and_a_set_is_as_good_as_itself():
    real = draw(60)
    found = clipped_scores(real, real)
    assert [each.value for each in found.values()] == [1, 1]
    assert {each.total for each in found.values()} == {None}


def test_copies_of_real_samples_on_the_surface_of_balls_count_for_density_alone():
    real = draw(60)
    fake = np.repeat(real[:20], 3, axis=0)
    density, coverage = by_hand(real, fake)
    found = clipped_scores(real, fake)
    assert found["clipped_density"].value == pytest.approx(density, rel=1e-12)
    assert found["clipped_coverage"].value == pytest.approx(coverage, rel=1e-12)


def test_equal_points_and_few_rows():
    same = np.ones((20, 3))
    assert clipped_scores(same, draw(20, 3))["clipped_density"].value == 0
    assert clipped_scores(same, same)["clipped_density"].value == 1
    with pytest.raises(ScoreError, match="6 rows, where at least 7"):
        clipped_scores(draw(6), draw(9))
    real = draw(6)
    assert CLIPPED.compute(Sets(Reference(real=real, train=real, heldout=real[:0]), draw(9))) == {}
