"""Inception Score: closed forms, the split rule, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import shuffled
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.inception import IS, inception_influence, inception_score


def test_uniform_logits_score_one():
    score = inception_score(np.full((200, 7), 3.5))
    assert score.value == pytest.approx(1, abs=1e-12)
    assert score.se == pytest.approx(0, abs=1e-12)


def test_balanced_one_hot_classes_score_their_number():
    logits = np.tile(np.eye(5) * 1000, (200, 1))
    assert inception_score(logits, splits=1).value == pytest.approx(5, rel=1e-12)


def test_one_class_scores_one_even_where_others_underflow():
    logits = np.tile([0.0, -5000.0, -9000.0], (100, 1))
    assert inception_score(logits).value == pytest.approx(1, abs=1e-12)


def test_splits_follow_the_stated_rule():
    logits = np.random.default_rng(0).standard_normal((503, 6)) * 2
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p[shuffled(3, "is", 503)]
    scores = []
    for i in range(10):
        part = p[i * 503 // 10 : (i + 1) * 503 // 10]
        scores.append(np.exp((part * np.log(part / part.mean(0))).sum(1).mean()))
    assert inception_score(logits, seed=3).value == pytest.approx(np.mean(scores), rel=1e-12)
    assert inception_score(logits, seed=3) != inception_score(logits, seed=4)


def test_adding_a_constant_to_a_row_changes_nothing():
    logits = np.random.default_rng(1).standard_normal((100, 4))
    shifted = logits + np.linspace(-500, 500, 100)[:, None]
    assert inception_score(shifted).value == pytest.approx(inception_score(logits).value, rel=1e-9)


def test_standard_error_by_simulation():
    draw = np.random.default_rng(2)
    found = [inception_score(draw.standard_normal((1000, 8)) * 2, seed=i) for i in range(120)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.8 < ratio < 1.25


def test_intervals_cover_the_score_of_such_samples_by_simulation():
    """What parts of this size score on average: the score itself grows with their size."""
    draw = np.random.default_rng(4)
    truth = np.mean([inception_score(draw.standard_normal((100, 6)) * 2, splits=1).value for _ in range(8000)])
    found = [inception_score(draw.standard_normal((1000, 6)) * 2, seed=i) for i in range(400)]
    assert 0.9 <= np.mean([abs(e.value - truth) < 1.96 * e.se for e in found]) <= 0.99


@pytest.mark.parametrize("n", [400, 407])
def test_influence_has_the_error_and_the_order_of_the_rows(n):
    logits = np.random.default_rng(5).standard_normal((n, 5)) * 2
    whole, found = inception_score(logits, seed=3), inception_influence(logits, seed=3)
    assert found.value == whole.value
    assert found.real is None
    assert found.fake.shape == (n,)
    assert np.sqrt(found.fake.var() / n) == pytest.approx(whole.se, rel=1e-3)
    # What a row says is what the score does when it counts a little more, with the parts as they are.
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    order = shuffled(3, "is", n)
    for row in (0, 17, n - 1):
        moved = []
        for extra in (-1e-4, 1e-4):
            weights = np.ones(n)
            weights[row] += extra
            scores = []
            for i in range(10):
                rows = order[i * n // 10 : (i + 1) * n // 10]
                w, own = weights[rows] / weights[rows].sum(), p[rows]
                scores.append(np.exp(w @ (own * np.log(own / (w @ own))).sum(1)))
            moved.append(np.mean(scores))
        slope = n * (moved[1] - moved[0]) / 2e-4
        assert found.fake[row] == pytest.approx(slope, rel=0.02)


def test_the_metric_gives_both():
    logits = np.random.default_rng(6).standard_normal((100, 4))
    sets = Sets(Reference(np.ones((9, 2)), np.ones((9, 2)), np.ones((0, 2))), np.ones((100, 2)), logits, seed=2)
    assert IS.compute(sets) == {"is": inception_score(logits, seed=2)}
    np.testing.assert_array_equal(IS.influence(sets)["is"].fake, inception_influence(logits, seed=2).fake)
    with pytest.raises(ScoreError, match="gives none"):
        IS.compute(Sets(sets.reference, sets.fake))


def test_refusals():
    with pytest.raises(ScoreError, match="at least one split"):
        inception_score(np.zeros((19, 3)), splits=0)
    with pytest.raises(ScoreError, match=r"shape \(30,\)"):
        inception_score(np.zeros(30))
    with pytest.raises(ScoreError, match="first in row 5"):
        inception_score(np.where(np.arange(30)[:, None] == 5, np.inf, np.zeros((30, 3))))
    with pytest.raises(ScoreError, match="two samples in each of 10"):
        inception_score(np.zeros((19, 3)))
    with pytest.raises(ScoreError, match="NaN"):
        inception_score(np.full((30, 3), np.nan))
