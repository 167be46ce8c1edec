"""CMMD: the published formula pair by pair, its bounds, blocks and groups."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import Reference, Sets, arrays
from ganzoo.metrics.cmmd import CMMD, cmmd_influences, cmmd_scores


def by_hand(x, y):
    """Biased and unbiased, with differences in place of products."""
    x, y = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (x, y))
    kernel = lambda a, b: np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / 200)  # noqa: E731
    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y).mean()
    n, m = len(x), len(y)
    unbiased = (xx.sum() - n) / (n * (n - 1)) + (yy.sum() - m) / (m * (m - 1)) - 2 * xy
    return 1000 * (xx.mean() + yy.mean() - 2 * xy), 1000 * unbiased


def sets(n=60, m=45, d=7, seed=0):
    draw = np.random.default_rng(seed)
    return draw.standard_normal((n, d)), draw.standard_normal((m, d)) * 1.2 + 0.3


def test_equals_the_formula():
    x, y = sets()
    biased, unbiased = by_hand(x, y)
    found = cmmd_scores(x, y)
    assert found["cmmd"].value == pytest.approx(biased, rel=1e-10)
    assert found["cmmd_unbiased"].value == pytest.approx(unbiased, rel=1e-10)
    assert found["cmmd"].se == found["cmmd_unbiased"].se > 0


def test_length_does_not_matter_and_equal_sets_are_at_0():
    x, y = sets()
    far = cmmd_scores(1e6 * x, 1e-6 * y)
    assert far["cmmd"].value == pytest.approx(cmmd_scores(x, y)["cmmd"].value, rel=1e-9)
    assert cmmd_scores(x, x[::-1])["cmmd"].value == pytest.approx(0, abs=1e-12)
    assert cmmd_scores(x, x)["cmmd_unbiased"].value < 0


def test_opposite_directions_are_as_far_as_it_goes():
    """The kernel of rows of length one is at least exp(−0.02)."""
    x = np.ones((5, 3))
    assert cmmd_scores(x, -x)["cmmd"].value == pytest.approx(2000 * (1 - np.exp(-0.02)), rel=1e-12)


def test_a_row_of_zeros_stays_where_it_is():
    x = np.ones((4, 2))
    assert cmmd_scores(x, np.zeros((4, 2)))["cmmd"].value == pytest.approx(2000 * (1 - np.exp(-1 / 200)), rel=1e-12)


def test_block_size_and_order_do_not_matter(monkeypatch):
    x, y = sets()
    whole = cmmd_scores(x, y)
    monkeypatch.setattr(arrays, "PANEL", 200)
    cut = cmmd_scores(x[::-1], y[::-1])
    for column, each in whole.items():
        assert cut[column].value == pytest.approx(each.value, rel=1e-9)
        assert cut[column].se == pytest.approx(each.se, rel=1e-9)


def test_groups_average_disjoint_estimates_and_the_bias_is_that_of_all_rows():
    x, y = sets(90, 60)
    found = cmmd_scores(x, y, limit=30)
    parts = [
        by_hand(x[a], y[b])[1]
        for a, b in zip(
            np.array_split(arrays.shuffled(0, "cmmd/real", 90), 3),
            np.array_split(arrays.shuffled(0, "cmmd/fake", 60), 3),
            strict=True,
        )
    ]
    assert found["cmmd_unbiased"].value == pytest.approx(np.mean(parts), rel=1e-9)
    added = by_hand(x, y)[0] - by_hand(x, y)[1]
    assert found["cmmd"].value - found["cmmd_unbiased"].value == pytest.approx(added, rel=0.1)


def test_influence_is_what_leaving_a_row_out_does():
    x, y = sets(40, 30)
    found = cmmd_influences(x, y)["cmmd_unbiased"]
    for row in (0, 7, 29):
        without = cmmd_scores(x, np.delete(y, row, axis=0))["cmmd_unbiased"].value
        assert (found.value - without) * 29 == pytest.approx(found.fake[row], rel=0.2, abs=0.15)


def test_too_few_rows_are_refused_and_the_harness_calls_it():
    x, y = sets()
    with pytest.raises(ScoreError, match="1 rows, where at least 2"):
        cmmd_scores(x, y[:1])
    assert CMMD.on_request
    found = CMMD.compute(Sets(Reference(real=x, train=x, heldout=x[:0]), y))
    assert found == cmmd_scores(x, y)
