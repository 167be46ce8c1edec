"""Kernel distance: the formula pair by pair, blocks and groups, its mean of zero, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, arrays, kid
from ganzoo.metrics.kernels import Frame, Rows, Smooth, between, smooth_means, within
from ganzoo.metrics.kid import KID, kernel_distance, kernel_influence


def by_hand(x, y):
    k = lambda a, b: (a @ b.T / a.shape[1] + 1) ** 3  # noqa: E731
    xx, yy = k(x, x), k(y, y)
    n, m = len(x), len(y)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return within - 2 * k(x, y).mean()


def sets(n=60, m=45, d=7, seed=0):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, d)), draw.standard_normal((m, d)) * 1.2 + 0.1


def test_equals_the_formula():
    x, y = sets()
    assert kernel_distance(x, y).value == pytest.approx(by_hand(x, y), rel=1e-10)
    assert kernel_distance(y, x).value == pytest.approx(by_hand(x, y), rel=1e-10)


def test_block_size_and_order_do_not_matter(monkeypatch):
    x, y = sets()
    whole = kernel_distance(x, y)
    monkeypatch.setattr(arrays, "PANEL", 200)
    cut = kernel_distance(x[::-1], y[::-1])
    assert cut.value == pytest.approx(whole.value, rel=1e-9)
    assert cut.se == pytest.approx(whole.se, rel=1e-9)


def test_groups_average_disjoint_estimates():
    x, y = sets(90, 60)
    one, three = kernel_distance(x, y), kernel_distance(x, y, limit=30)
    parts = [
        by_hand(x[a], y[b])
        for a, b in zip(
            np.array_split(arrays.shuffled(0, "kid/real", 90), 3),
            np.array_split(arrays.shuffled(0, "kid/fake", 60), 3),
            strict=True,
        )
    ]
    assert three.value == pytest.approx(np.mean(parts), rel=1e-9)
    assert three.n == one.n == 60
    assert three.value != one.value


@pytest.mark.parametrize(("shift", "limit"), [(0.0, 10_000), (0.15, 10_000), (0.15, 100)])
def test_standard_error_by_simulation(shift, limit):
    draw = np.random.default_rng(3)
    found = [
        kernel_distance(draw.standard_normal((250, 8)), draw.standard_normal((200, 8)) + shift, limit=limit)
        for _ in range(250)
    ]
    values = np.array([e.value for e in found])
    assert 0.75 < np.mean([e.se for e in found]) / values.std(ddof=1) < 1.5
    if shift == 0:
        assert abs(values.mean()) < 4 * values.std(ddof=1) / 250**0.5
        assert (values < 0).any()


def test_second_order_is_counted_once_where_the_distributions_agree():
    """Linear-like kernels on tight data: the variance of the two-sample U-statistic is then all of second order."""
    draw = np.random.default_rng(4)
    found = [kernel_distance(*(0.1 * draw.standard_normal((150, 20)) for _ in range(2))) for _ in range(300)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.85 < ratio < 1.2


def wide(n, seed, shift=0.0, d=200):
    """Features whose kernel is nearly linear, as those of wide extractors are."""
    draw = np.random.default_rng(seed)
    return np.abs(draw.standard_normal((n, 12)) @ draw.standard_normal((12, d)) * 0.1 + shift + 0.4)


@pytest.fixture
def thrifty(monkeypatch):
    """Float32 products and groups of a hundred, whatever the size."""
    monkeypatch.setattr(kid, "COSTLY", 0)
    monkeypatch.setattr(kid, "GROUP", 100)


def test_the_exact_part_and_the_rest_make_the_kernel(monkeypatch):
    monkeypatch.setattr(arrays, "PANEL", 500)
    x, y = sets(30, 25, 5)
    frame = Frame.at(x.mean(axis=0))
    a, b = Rows.of(x, frame, np.float64), Rows.of(y, frame, np.float64)
    own, other = smooth_means(x, Smooth.of(x, frame), Smooth.of(y, frame), frame)
    whole, rest = within(a, frame.base, rest=True)
    assert own + rest.rows / 29 == pytest.approx(whole.rows / 29 + frame.base**3, rel=1e-12)
    whole, rest = between(a, b, frame.base, rest=True)
    assert other + rest.rows / 25 == pytest.approx(whole.rows / 25 + frame.base**3, rel=1e-12)
    kernel = (x @ y.T / 5 + 1) ** 3
    assert whole.rows / 25 + frame.base**3 == pytest.approx(kernel.mean(axis=1), rel=1e-12)
    assert whole.columns / 30 + frame.base**3 == pytest.approx(kernel.mean(axis=0), rel=1e-12)


def test_small_groups_change_the_value_by_little_of_its_error(thrifty):
    x, y = wide(600, 1), wide(500, 2, 0.02)
    quick = kernel_distance(x, y)
    assert quick.value != by_hand(x, y)
    assert abs(quick.value - by_hand(x, y)) < 0.3 * quick.se
    assert kernel_distance(x, y, seed=1).value != quick.value


def test_small_groups_are_left_where_they_would_cost_accuracy(thrifty):
    x, y = sets(400, 300, 3)
    exact, single = by_hand(x, y), kernel_distance(x, y)
    assert 0 < abs(single.value - exact) < 1e-4 * single.se  # all pairs, by float32 products


def test_float32_features_score_as_float64_ones(thrifty):
    x, y = wide(300, 1).astype(np.float32), wide(250, 2).astype(np.float32)
    single, double = kernel_distance(x, y), kernel_distance(x.astype(float), y.astype(float))
    assert single.value == pytest.approx(double.value, abs=1e-6 * double.se)


def test_large_features_are_multiplied_in_float64(thrifty):
    x, y = sets(60, 45)
    assert kernel_distance(x * 1e12, y * 1e12).value == pytest.approx(by_hand(x * 1e12, y * 1e12), rel=1e-9)


@pytest.mark.parametrize("limit", [10_000, 40])
def test_influences_add_up_to_the_standard_error(limit):
    x, y = sets(90, 70)
    whole, parts = kernel_distance(x, y, limit=limit), kernel_influence(x, y, limit=limit)
    variance = parts.fake.var(ddof=1) / 70 + parts.real.var(ddof=1) / 90 + parts.second
    assert whole.value == parts.value
    assert whole.se == pytest.approx(variance**0.5, rel=1e-12)
    assert KID.influence(Sets(Reference(x, x, x[:0]), y))["kid"].value == kernel_distance(x, y).value


def test_influences_tell_what_a_row_does():
    x, y = sets(60, 50)
    parts = kernel_influence(x, y)
    without = [by_hand(x, np.delete(y, row, axis=0)) for row in range(50)]
    assert np.corrcoef(parts.fake, -np.array(without))[0, 1] > 0.999
    without = [by_hand(np.delete(x, row, axis=0), y) for row in range(60)]
    assert np.corrcoef(parts.real, -np.array(without))[0, 1] > 0.999


@pytest.mark.parametrize(
    ("shift", "limit", "quick"),
    [(0, 9999, False), (0.4, 9999, False), (0, 100, False), (0.4, 100, False), (0.4, 9999, True)],
)
def test_intervals_cover(shift, limit, quick, monkeypatch):
    """95 % intervals, of equal and of different distributions, by all pairs, by groups and by the thrifty way."""
    if quick:
        monkeypatch.setattr(kid, "COSTLY", 0)
        monkeypatch.setattr(kid, "GROUP", 100)
        monkeypatch.setattr(kid, "SPARE", np.inf)
    draw, found = np.random.default_rng(7), []
    for _ in range(400):
        x, y = 0.5 * draw.standard_normal((220, 3)), 0.5 * draw.standard_normal((180, 3)) + shift
        found.append(kernel_distance(x, y, limit=limit))
    truth = 0 if shift == 0 else _cubic_distance(0.25, shift, 3)
    inside = np.mean([abs(e.value - truth) < 1.96 * e.se for e in found])
    assert 0.9 <= inside <= (0.99 if shift else 1)  # where the sets agree they are too wide, as the docstring says


def _cubic_distance(variance, shift, d):
    """Squared MMD of N(0, v I) and N(s 1, v I): their first three moments about 0 differ by what s adds."""
    eye, mean = variance * np.eye(d), np.full(d, shift)
    second = np.outer(mean, mean)
    third = np.einsum("i,j,k->ijk", mean, mean, mean)
    for axes in ("ij,k->ijk", "ik,j->ijk", "jk,i->ijk"):
        third = third + np.einsum(axes, eye, mean)
    return 3 * (mean**2).sum() / d + 3 * (second**2).sum() / d**2 + (third**2).sum() / d**3


def test_refusals():
    x, y = sets()
    with pytest.raises(ScoreError, match="width"):
        kernel_distance(x, y[:, :3])
    with pytest.raises(ScoreError, match="at least 2"):
        kernel_distance(x, y[:1])
    with pytest.raises(ScoreError, match="at least 12"):
        kernel_distance(x, y[:8], limit=10)
    with pytest.raises(ScoreError, match="shape"):
        kernel_distance(3.0, y)
    with pytest.raises(ScoreError, match="overflow"):
        kernel_distance(x * 1e60, y)
