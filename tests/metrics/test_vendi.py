"""Vendi score: closed forms, both forms of the spectrum, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.vendi import vendi_score


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


def test_refusals():
    with pytest.raises(ScoreError, match="at least 2"):
        vendi_score(np.ones((1, 3)))
