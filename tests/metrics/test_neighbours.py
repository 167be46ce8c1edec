"""Precision, recall, density, coverage: against a brute-force reading of the papers, and on sets with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, arrays
from ganzoo.metrics.neighbours import NEIGHBOUR_SCORES, neighbour_scores


def values(real, fake, k=5):
    return {name: e.value for name, e in neighbour_scores(real, fake, k=k).items()}


def by_hand(real, fake, k):
    def distances(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=2)

    real_radius = np.sort(distances(real, real), axis=1)[:, k]
    fake_radius = np.sort(distances(fake, fake), axis=1)[:, k]
    cross = distances(real, fake)
    return {
        "precision": (cross < real_radius[:, None]).any(0).mean(),
        "recall": (cross < fake_radius[None]).any(1).mean(),
        "density": (cross < real_radius[:, None]).sum() / (k * len(fake)),
        "coverage": (cross.min(1) < real_radius).mean(),
    }


def sets(n=150, d=6, seed=0):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, d)) + 50, draw.standard_normal((n, d)) * 0.8 + 50.3


@pytest.mark.parametrize("k", [1, 3, 5])
def test_equals_brute_force_whatever_the_block(k, monkeypatch):
    real, fake = sets()
    assert values(real, fake, k) == pytest.approx(by_hand(real, fake, k), abs=1e-12)
    monkeypatch.setattr(arrays, "PANEL", 1000)
    assert values(real, fake, k) == pytest.approx(by_hand(real, fake, k), abs=1e-12)


def test_swap_and_shift_and_order():
    real, fake = sets(seed=1)
    there, back = values(real, fake), values(fake, real)
    assert there["precision"] == back["recall"]
    assert there["recall"] == back["precision"]
    assert values(real + 7, fake + 7) == there
    assert values(real[::-1], fake[::-1]) == there


def test_identical_sets_are_perfect_ties_and_all():
    real, _ = sets(seed=2)
    assert values(real, real.copy()) == {"precision": 1, "recall": 1, "density": 1, "coverage": 1}


def test_grids_have_ties_that_do_not_count():
    """On a line of integers the k-th neighbour is a tie: only the point itself and the nearer ones are inside."""
    line = np.arange(40.0)[:, None] * np.ones((1, 3)) / 3 + 1000
    inner = values(line, line.copy(), 2)
    assert inner == pytest.approx(by_hand(np.arange(40.0)[:, None], np.arange(40.0)[:, None], 2))


def test_constant_sets_score_zero_under_strict_comparison():
    same = np.full((20, 4), 3.7)
    assert values(same, same) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_collapsed_generator_is_precise_but_recalls_nothing():
    real, _ = sets(400, 3, seed=3)
    draw = np.random.default_rng(4)
    fake = real.mean(0) + 0.01 * draw.standard_normal((400, 3))
    scores = values(real, fake)
    assert scores["precision"] == 1
    assert scores["recall"] < 0.05
    assert scores["coverage"] < 0.5


def test_far_sets_score_zero():
    real, fake = sets()
    assert values(real, fake + 100) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_unequal_sets_use_their_first_rows():
    real, fake = sets()
    assert values(real, fake[:80]) == values(real[:80], fake[:80])
    assert neighbour_scores(real, fake[:80])["recall"].n == 80


def test_the_metric_keeps_the_radii_of_each_size():
    real, fake = sets()
    reference = Reference(real, real, real[:0])
    for rows in (150, 80, 150):
        scores = NEIGHBOUR_SCORES.compute(Sets(reference, fake[:rows]))
        assert scores == neighbour_scores(real, fake[:rows])


def test_coverage_jackknife_is_the_delete_one_jackknife():
    real, fake = sets(60, seed=5)
    real_radius = np.sort(np.linalg.norm(real[:, None] - real[None], axis=2), axis=1)[:, 5]
    cross = np.linalg.norm(real[:, None] - fake[None], axis=2)
    without = [(np.delete(cross, j, 1).min(1) < real_radius).mean() for j in range(60)]
    expected = np.sqrt(59 / 60 * ((without - np.mean(without)) ** 2).sum())
    assert neighbour_scores(real, fake)["coverage"].se == pytest.approx(expected)


def test_standard_errors_by_simulation():
    draw = np.random.default_rng(6)
    real = draw.standard_normal((300, 5))
    runs = [neighbour_scores(real, draw.standard_normal((300, 5)) * 1.1 + 0.3) for _ in range(120)]
    for name, low, high in (
        ("precision", 0.8, 1.3),
        ("density", 0.8, 1.3),
        ("recall", 0.7, 1.4),
        ("coverage", 0.8, 1.8),
    ):
        ratio = np.mean([r[name].se for r in runs]) / np.std([r[name].value for r in runs], ddof=1)
        assert low < ratio < high, name


def test_refusals():
    real, fake = sets()
    with pytest.raises(ScoreError, match="at least 6"):
        neighbour_scores(real, fake[:5])
    with pytest.raises(ScoreError, match="width"):
        neighbour_scores(real, fake[:, :2])
