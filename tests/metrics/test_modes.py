"""Modes: classes by logits, and the components of a ring of eight."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.modes import class_modes, covered_modes, histogram_divergence, mixture_modes
from ganzoo.types import Estimate

ANGLES = np.arange(8) * np.pi / 4
RING = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
STD = 0.05


def ring(n, modes, seed=0, std=STD):
    draw = np.random.default_rng(seed)
    chosen = draw.choice(modes, size=n)
    return RING[chosen] + std * draw.standard_normal((n, 2))


def logits_of(counts):
    return np.repeat(np.eye(len(counts)), counts, axis=0)


def test_classes_with_equal_histograms():
    scores = class_modes(logits_of([20, 30, 50]), np.repeat(np.arange(3), [2, 3, 5]), 3)
    assert scores["modes"].value == 3
    assert scores["mode_kl"].value == pytest.approx(0, abs=1e-12)
    assert scores["mode_kl"].n == 100


def test_divergence_is_that_of_generated_from_reference():
    scores = class_modes(logits_of([75, 25, 0]), np.repeat(np.arange(3), [5, 10, 5]), 3)
    assert scores["mode_kl"].value == pytest.approx(0.75 * np.log(0.75 / 0.25) + 0.25 * np.log(0.25 / 0.5))
    assert scores["modes"].value == 2


@pytest.mark.parametrize(("few", "modes"), [(10, 2), (9, 1), (0, 1)])
def test_a_class_needs_a_tenth_of_its_due_share(few, modes):
    """Of 1000 samples the class is due 100, so it needs 10."""
    scores = class_modes(logits_of([1000 - few, few]), np.repeat(np.arange(2), [900, 100]), 2)
    assert scores["modes"].value == modes


def test_one_class_of_ten_is_ln_ten_away():
    scores = class_modes(logits_of([0] * 9 + [500]), np.tile(np.arange(10), 7), 10)
    assert scores["modes"].value == 1
    assert scores["mode_kl"].value == pytest.approx(np.log(10))
    assert scores["mode_kl"].se == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("shares", [[0.25] * 4, [0.5, 0.3, 0.15, 0.05]])
def test_divergence_error_by_simulation(shares):
    draw = np.random.default_rng(1)
    found = [histogram_divergence(draw.multinomial(500, shares), np.full(4, 0.25)) for _ in range(400)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.8 < ratio < 1.5  # too wide where the histograms agree


def test_error_of_the_mode_count():
    """Against SciPy's beta-binomial law for the modes seen, and Good's share for those that were not."""
    from scipy.stats import betabinom, binom

    counts, needed = np.array([150, 30, 18, 1, 1, 0, 0]), np.array([10, 20, 20, 1, 2, 1, 2])
    again = betabinom.sf(needed - 1, 200, counts + 0.5, 200.5 - counts)
    chance = np.where(counts > 0, again, binom.sf(needed - 1, 200, (2 + 0.5) / 3 / 200))
    found = covered_modes(counts, needed, 200)
    assert (found.value, found.n) == (3, 200)
    assert found.se == pytest.approx(np.sqrt((chance * (1 - chance)).sum()))


@pytest.mark.parametrize("absent", [1, 10, 500])
def test_absent_modes_beside_frequent_ones_leave_little_doubt(absent):
    counts = np.concatenate([np.full(5, 1000), np.zeros(absent, int)])
    found = covered_modes(counts, np.ones(5 + absent, int), 5000)
    assert found.value == 5
    assert 0.35 < found.se < 0.71


def test_modes_seen_often_enough_leave_no_doubt():
    assert covered_modes(np.full(8, 300), np.ones(8, int), 2400).se == pytest.approx(0, abs=1e-6)
    assert covered_modes(np.full(2, 300), np.full(2, 30), 600).se == pytest.approx(0, abs=1e-6)


def test_the_error_of_the_divergence_is_the_jackknifes():
    counts, shares = np.array([30, 12, 1, 0]), np.array([0.4, 0.3, 0.2, 0.1])
    samples = np.repeat(np.arange(4), counts)
    without = [
        histogram_divergence(np.bincount(np.delete(samples, i), minlength=4), shares).value for i in range(len(samples))
    ]
    spread = (len(samples) - 1) / len(samples) * np.square(without - np.mean(without)).sum()
    found = histogram_divergence(counts, shares)
    assert found.value == pytest.approx((counts[:3] / 43) @ np.log(counts[:3] / 43 / shares[:3]))
    assert found.se == pytest.approx(np.sqrt(spread - 2 / (2 * 43**2)))
    assert histogram_divergence(np.array([0, 1, 0, 0]), shares) == Estimate(pytest.approx(-np.log(0.3)), 0.0, 1, 0.0)


def test_perfect_ring():
    scores = mixture_modes(ring(8000, np.arange(8)), RING, STD)
    assert scores["modes"].value == 8
    assert scores["hq"].value == pytest.approx(1 - np.exp(-4.5), abs=0.004)
    assert scores["mode_kl"].value < 0.003
    assert scores["spread"].value == pytest.approx(1, abs=0.02)


def test_ring_that_dropped_five_modes():
    scores = mixture_modes(ring(3000, [1, 4, 6]), RING, STD)
    assert scores["modes"].value == 3
    assert scores["mode_kl"].value == pytest.approx(np.log(8 / 3), abs=0.01)


def test_one_good_sample_covers_a_mode_and_bad_ones_do_not():
    points = np.vstack([RING[[0]] * np.ones((50, 1)), RING[[3]], RING[[5]] * 1.4])
    scores = mixture_modes(points, RING, STD)
    assert scores["modes"].value == 2
    assert scores["hq"].value == pytest.approx(51 / 52)
    assert scores["spread"].value == 0
    assert scores["spread"].n == 50


def test_three_sigma_is_the_border():
    for factor, share in ((2.999, 1), (3.001, 0)):
        assert mixture_modes(RING + np.array([factor * STD, 0]), RING, STD)["hq"].value == share


def test_no_good_sample_at_all():
    scores = mixture_modes(RING * 3, RING, STD)
    assert scores["modes"].value == 0
    assert scores["mode_kl"].value == pytest.approx(np.log(8))
    assert "spread" not in scores


@pytest.mark.parametrize("factor", [0.3, 0.6])
def test_spread_measures_how_narrow_the_modes_are(factor):
    """Narrow modes lose nothing to the cut at 3σ, whose correction then shows in full (2.6 % in two dimensions)."""
    scores = mixture_modes(ring(8000, np.arange(8), std=STD * factor), RING, STD)
    assert scores["spread"].value == pytest.approx(factor / 0.9744, rel=0.02)


def test_mixture_errors_by_simulation():
    runs = [mixture_modes(ring(400, np.arange(8), seed), RING, STD) for seed in range(200)]
    for name, low, high in (("hq", 0.8, 1.35), ("spread", 0.8, 1.25), ("mode_kl", 0.8, 1.35)):
        ratio = np.mean([r[name].se for r in runs]) / np.std([r[name].value for r in runs], ddof=1)
        assert low < ratio < high, name


def test_refusals():
    with pytest.raises(ScoreError, match="knows 3 classes, the data have 4"):
        class_modes(np.eye(3), np.arange(4), 4)
    with pytest.raises(ScoreError, match="no sample of class 1"):
        class_modes(np.eye(3), np.array([0, 2]), 3)
    with pytest.raises(ScoreError, match="outside of 3 classes"):
        class_modes(np.eye(3), np.array([0, 1, 2, 3]), 3)
    with pytest.raises(ScoreError, match="integers"):
        class_modes(np.eye(3), np.array([0.0, 1, 2]), 3)
    with pytest.raises(ScoreError, match="NaN"):
        class_modes(np.full((4, 3), np.nan), np.arange(3), 3)
    with pytest.raises(ScoreError, match="does not fit"):
        mixture_modes(np.ones((4, 3)), RING, STD)
    with pytest.raises(ScoreError, match="does not fit"):
        mixture_modes(np.ones((4, 2)), RING, 0.0)
    with pytest.raises(ScoreError, match="No generated sample"):
        histogram_divergence(np.zeros(3, int), np.full(3, 1 / 3))
