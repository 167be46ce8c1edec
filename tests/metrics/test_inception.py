"""Inception Score: closed forms, the split rule, and the standard error."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import shuffled
from ganzoo.metrics.inception import inception_score


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


def test_refusals():
    with pytest.raises(ScoreError, match="two samples in each of 10"):
        inception_score(np.zeros((19, 3)))
    with pytest.raises(ScoreError, match="NaN"):
        inception_score(np.full((30, 3), np.nan))
