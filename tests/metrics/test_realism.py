"""Realism: the ratio by hand, copies, outliers among the balls, and the error of the median."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, arrays
from ganzoo.metrics.neighbours import find_hits
from ganzoo.metrics.realism import MOST, REALISM, extremes, median_realism, realism_scores


def draw(n, d=4, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((n, d))


def by_hand(real, fake, k=5):
    apart = np.sqrt(((real[:, None] - real[None]) ** 2).sum(-1))
    radii = np.sort(apart, axis=1)[:, k]
    kept = radii <= np.median(radii)
    return (radii[kept, None] / np.sqrt(((real[kept, None] - fake[None]) ** 2).sum(-1))).max(axis=0)


@pytest.mark.parametrize("n", [40, 41])
def test_it_is_the_largest_ratio_of_radius_and_distance(n, monkeypatch):
    real, fake = draw(n), draw(30, seed=1)
    np.testing.assert_allclose(realism_scores(real, fake), by_hand(real, fake), rtol=1e-9)
    monkeypatch.setattr(arrays, "PANEL", 100)
    np.testing.assert_allclose(realism_scores(real, fake), by_hand(real, fake), rtol=1e-9)


def test_far_from_the_origin_no_digit_is_lost():
    real, fake = draw(40), draw(30, seed=1)
    np.testing.assert_allclose(realism_scores(real + 1e6, fake + 1e6), by_hand(real, fake), rtol=1e-6)


def test_above_1_is_inside_of_a_ball():
    real, fake = draw(200), draw(200, seed=1, scale=1.3)
    inside = find_hits(real, fake).real_balls > 0
    realism = realism_scores(real, fake)
    assert not (realism > 1)[~inside].any()
    assert 0.3 < (realism > 1).mean() < inside.mean()


def test_a_copy_has_the_most_and_an_outlier_makes_nothing_realistic():
    real = np.vstack([draw(60), np.full((1, 4), 50.0)])
    scores = realism_scores(real, np.vstack([real[:60], np.full((1, 4), 30.0)]))
    assert (scores[:60] == MOST).sum() == 31
    assert scores[60] < 0.1


def test_the_median_and_its_error_by_order_statistics():
    scores = np.arange(1.0, 102.0)
    found = median_realism(np.random.default_rng(0).permutation(scores))
    assert (found.value, found.n) == (51, 101)
    assert found.se == pytest.approx(101**0.5 / 2, abs=0.6)
    assert median_realism(np.array([2.0])).value == 2


def test_extremes_are_in_order():
    best, worst = extremes(np.array([0.3, 2.0, 0.1, 1.0]), 2)
    assert (best.tolist(), worst.tolist()) == ([1, 3], [2, 0])


def test_few_reference_rows_are_refused_or_left_out():
    with pytest.raises(ScoreError, match="5 rows, where at least 6"):
        realism_scores(draw(5), draw(9))
    real = draw(5)
    assert REALISM.compute(Sets(Reference(real=real, train=real, heldout=real[:0]), draw(9))) == {}


def test_the_harness_keeps_the_radii():
    real, fake = draw(50), draw(30, seed=1)
    reference = Reference(real=real, train=real, heldout=real[:0])
    found = REALISM.compute(Sets(reference, fake))["realism"]
    assert found.value == np.median(realism_scores(real, fake))
    assert "neighbours/5/50" in reference.memo
