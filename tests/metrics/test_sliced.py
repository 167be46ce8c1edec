"""Sliced Wasserstein distance and MIND: sorted values along directions, closed forms, potentials, and the floor."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, sliced
from ganzoo.metrics.sliced import SLICED, directions_of, moved, sliced_scores


def draw(n, d=5, seed=0, shift=0.0):
    return np.random.default_rng(seed).standard_normal((n, d)) + shift


def test_it_is_the_mean_over_directions_of_sorted_differences():
    real, fake, directions = draw(40), draw(40, seed=1, shift=1.0), directions_of(5, 30, 0)
    by_hand = np.mean([np.mean((np.sort(real @ u) - np.sort(fake @ u)) ** 2) for u in directions])
    assert moved(real, fake, directions).value == pytest.approx(by_hand, rel=1e-12)
    found = sliced_scores(real, fake, directions=30)
    assert found["mind"].value == pytest.approx(3 * 5 * by_hand, rel=1e-12)
    assert found["sliced_wasserstein"].value == pytest.approx(by_hand**0.5, rel=1e-12)


def test_a_shift_of_one_set_has_a_closed_form():
    """Sorted values differ by u·m: their mean square over the sphere is |m|²/d, so that MIND is 3 |m|²."""
    real, m = draw(60), np.array([0.5, -1.0, 2.0, 0.0, 0.3])
    found = sliced_scores(real, real + m, directions=20_000)
    assert found["mind"].value == pytest.approx(3 * float(m @ m), rel=0.02)
    assert sliced_scores(real, real[::-1])["mind"].value == 0


def test_directions_lie_on_the_sphere_evenly_and_are_seeded():
    found = directions_of(3, 20_000, 0)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    np.testing.assert_allclose(found.T @ found / 20_000, np.eye(3) / 3, atol=0.01)
    assert np.array_equal(found[:7], directions_of(3, 20_000, 0)[:7])
    assert not np.array_equal(found, directions_of(3, 20_000, 1))


def test_blocks_of_directions_do_not_matter(monkeypatch):
    real, fake = draw(50), draw(70, seed=1)
    whole = sliced_scores(real, fake)
    monkeypatch.setattr(sliced, "_AT_ONCE", 350)
    cut = sliced_scores(real, fake)
    assert cut["mind"].value == pytest.approx(whole["mind"].value, rel=1e-12)
    assert cut["mind"].se == pytest.approx(whole["mind"].se, rel=1e-9)


def test_the_potential_is_the_derivative_along_one_direction():
    """Moving a little mass from the mean to one row changes the distance by its potential: shift that row's weight."""
    real, fake = draw(400, 1), draw(400, 1, seed=1, shift=0.7)
    found = moved(real, fake, np.ones((1, 1)))
    doubled = np.concatenate([np.repeat(fake, 10, axis=0), np.repeat(fake[:1], 40, axis=0)])
    grid = (np.arange(len(doubled)) + 0.5) / len(doubled)
    quantiles = np.sort(real.ravel())[(grid * 400).astype(int)]
    changed = np.mean((np.sort(doubled.ravel()) - quantiles) ** 2)
    share = 40 / 4040
    assert (changed - found.value) / share == pytest.approx(found.fake[0], rel=0.1, abs=0.03)
    assert found.fake.mean() == pytest.approx(0, abs=1e-12)


def test_the_floor_is_what_real_samples_score_among_themselves():
    draws = np.random.default_rng(3)
    found = [
        sliced_scores(draws.standard_normal((200, 4)), draws.standard_normal((200, 4)), directions=100)
        for _ in range(40)
    ]
    mind, floor = (np.mean([each[name].value for each in found]) for name in ("mind", "mind_floor"))
    assert floor == pytest.approx(mind, rel=0.15)
    assert found[0]["mind_floor"].se is None


def test_the_first_rows_of_the_larger_set_are_used():
    real, fake = draw(30), draw(50, seed=1)
    assert sliced_scores(real, fake)["mind"].value == sliced_scores(real, fake[:30])["mind"].value


def test_few_rows_are_refused_or_left_out():
    with pytest.raises(ScoreError, match="3 rows, where at least 4"):
        sliced_scores(draw(10), draw(3))
    real = draw(10)
    sets = Sets(Reference(real=real, train=real, heldout=real[:0]), draw(3))
    assert SLICED.compute(sets) == SLICED.influence(sets) == {}
