"""Vendi score: closed forms, both forms of the spectrum, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.vendi import VENDI, vendi_influence, vendi_score


def test_orthonormal_rows_count_each():
    score = vendi_score(np.eye(12, 20) * np.arange(1, 13)[:, None])
    assert score.value == pytest.approx(12, rel=1e-12)
    assert score.se == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("n", [4, 500])
def test_duplicates_count_once(n):
    assert vendi_score(np.tile([1.0, -2, 3, 0, 5, 6], (n, 1))).value == pytest.approx(1, abs=1e-9)


def test_directions_count_by_share():
    rows = np.repeat(np.eye(3), [500, 250, 250], axis=0)
    assert vendi_score(rows).value == pytest.approx(np.exp(0.5 * np.log(2) + 0.5 * np.log(4)), rel=1e-9)


@pytest.mark.parametrize("n", [30, 31, 80])
def test_dual_and_primal_agree(n):
    """More columns of zeros change nothing but the form."""
    x = np.random.default_rng(0).standard_normal((n, 30))
    dual, primal = vendi_score(x), vendi_score(np.pad(x, ((0, 0), (0, 100))))
    assert dual.value == pytest.approx(primal.value, rel=1e-10)
    assert dual.se == pytest.approx(primal.se, rel=1e-7)


def test_length_does_not_count_and_zeros_are_one_direction():
    x = np.random.default_rng(1).standard_normal((50, 4))
    scaled = x * np.geomspace(1e-200, 1e200, 50)[:, None]
    assert vendi_score(scaled).value == pytest.approx(vendi_score(x).value, rel=1e-10)
    assert vendi_score(np.zeros((10, 3))).value == pytest.approx(1)
    assert vendi_score(np.repeat([[1.0, 0], [0, 0]], 20, axis=0)).value == pytest.approx(2)


def test_only_the_first_samples_count():
    x = np.random.default_rng(2).standard_normal((300, 5))
    assert vendi_score(x, samples=100) == vendi_score(x[:100])
    assert vendi_score(x, samples=100).n == 100
    assert vendi_score(np.random.default_rng(0).standard_normal((3000, 2))).n == 2048


def test_standard_error_by_simulation():
    draw, scales = np.random.default_rng(3), np.linspace(0.2, 2, 10)
    found = [vendi_score(draw.standard_normal((600, 10)) * scales) for _ in range(150)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.8 < ratio < 1.25


@pytest.mark.parametrize("q", [0.1, 0.5, 0.999999, 1.000001, 2, 30, 1e6])
def test_every_order_is_the_exponential_of_the_renyi_entropy(q):
    x = np.random.default_rng(4).standard_normal((60, 6)) * np.linspace(0.2, 2, 6)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(units @ units.T / 60)[-6:]
    top = values.max()
    expected = np.exp((np.log(((values / top) ** q).sum()) + q * np.log(top)) / (1 - q))
    assert vendi_score(x, q=q).value == pytest.approx(expected, rel=1e-8)


def test_special_orders():
    x = np.random.default_rng(5).standard_normal((300, 6)) * np.linspace(0.2, 2, 6)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(units.T @ units / 300)
    assert vendi_score(x, q=np.inf).value == pytest.approx(1 / values.max(), rel=1e-12)
    assert vendi_score(x, q=1).value == pytest.approx(vendi_score(x, q=1 + 1e-7).value, rel=1e-6)
    assert vendi_score(x, q=1).se == pytest.approx(vendi_score(x, q=1 + 1e-7).se, rel=1e-4)
    assert vendi_score(x, q=0) == type(vendi_score(x))(6.0, None, 300)
    orders = [vendi_score(x, q=q).value for q in (0, 0.5, 1, 2, 10, np.inf)]
    assert orders == sorted(orders, reverse=True)
    assert vendi_score(x[:4], q=0).value == 4


@pytest.mark.parametrize("q", [0.1, 2, np.inf])
def test_orthonormal_rows_and_duplicates_at_every_order(q):
    assert vendi_score(np.eye(7), q=q).value == pytest.approx(7)
    assert vendi_score(np.tile([1.0, 2, 0], (9, 1)), q=q).value == pytest.approx(1)


@pytest.mark.parametrize("q", [0.5, 1, 2, np.inf])
def test_intervals_cover_by_simulation(q):
    draw, scales = np.random.default_rng(6), np.linspace(0.3, 2, 5)
    truth = vendi_score(draw.standard_normal((300_000, 5)) * scales, samples=300_000, q=q).value
    found = [vendi_score(draw.standard_normal((1500, 5)) * scales, q=q) for _ in range(300)]
    assert 0.9 <= np.mean([abs(e.value - truth) < 1.96 * e.se for e in found]) <= 0.99


@pytest.mark.parametrize("q", [0.5, 1, 3, np.inf])
def test_influence_is_what_one_more_of_a_row_does(q):
    x = np.random.default_rng(7).standard_normal((400, 5)) * np.linspace(0.3, 2, 5)
    found = vendi_influence(x, q=q)
    assert np.sqrt(found.fake.var(ddof=1) / 400) == pytest.approx(vendi_score(x, q=q).se, rel=1e-9)
    for row in (3, 200):
        often = np.concatenate([x] * 500)
        slope = 500 * 400 * (vendi_score(np.concatenate([often, x[[row]]]), samples=10**6, q=q).value - found.value)
        assert found.fake[row] == pytest.approx(slope, rel=1e-3, abs=1e-3)


def test_rows_past_the_first_samples_have_no_influence():
    x = np.random.default_rng(8).standard_normal((500, 4))
    found, used = vendi_influence(x, samples=200), vendi_score(x, samples=200)
    assert found.value == used.value
    assert (found.fake[200:] == 0).all()
    assert np.sqrt(found.fake.var() / 500) == pytest.approx(used.se, rel=5e-3)


def test_the_metric_gives_both():
    x = np.random.default_rng(9).standard_normal((50, 4))
    sets = Sets(Reference(x, x, x), x)
    assert VENDI.compute(sets) == {"vendi": vendi_score(x)}
    np.testing.assert_array_equal(VENDI.influence(sets)["vendi"].fake, vendi_influence(x).fake)


def test_refusals():
    for q in (-1, np.nan, -np.inf):
        with pytest.raises(ScoreError, match="order of a Vendi score is 0 or more"):
            vendi_score(np.eye(3), q=q)
    with pytest.raises(ScoreError, match="no influence"):
        vendi_influence(np.eye(3), q=0)
    with pytest.raises(ScoreError, match="asked for 1"):
        vendi_score(np.eye(3), samples=1)
    with pytest.raises(ScoreError, match="first in row 2"):
        vendi_score(np.where(np.eye(3)[2] == 1, np.nan, np.eye(3)).T)
    with pytest.raises(ScoreError, match="at least 2"):
        vendi_score(np.ones((1, 3)))
