"""Kernel distance: the formula pair by pair, blocks and groups, its mean of zero, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import arrays
from ganzoo.metrics.kid import kernel_distance


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


def test_refusals():
    x, y = sets()
    with pytest.raises(ScoreError, match="width"):
        kernel_distance(x, y[:, :3])
    with pytest.raises(ScoreError, match="at least 2"):
        kernel_distance(x, y[:1])
    with pytest.raises(ScoreError, match="at least 12"):
        kernel_distance(x, y[:8], limit=10)
