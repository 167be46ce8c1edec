"""Class-wise scores: what each class gives alone, whose labels count, the mean, and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import evaluate
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.classwise import INTRA_FID, MINIMUM, class_scores, intra_class_distance
from ganzoo.metrics.fid import frechet_distance
from ganzoo.metrics.neighbours import neighbour_scores

CLASSES = 3


def draw(n, seed, scale=1.0):
    source = np.random.default_rng(seed)
    labels = source.integers(CLASSES, size=n)
    return source.standard_normal((n, 4)) * scale + 6 * labels[:, None], labels


def sets(n_real=400, n_fake=300, **how):
    real, labels = draw(n_real, 0)
    fake, asked = draw(n_fake, 1, 1.3)
    reference = Reference(real, real, real[:0], labels=labels, classes=CLASSES)
    return replace(Sets(reference, fake, asked=asked, logits=np.eye(CLASSES)[asked]), **how)


def test_each_class_is_scored_by_its_own_rows():
    given = sets()
    scores = class_scores(given)
    assert [each.label for each in scores] == [0, 1, 2]
    for each in scores:
        real = given.reference.real[given.reference.labels == each.label]
        fake = given.fake[given.asked == each.label]
        near = neighbour_scores(real, fake)
        assert (each.n_real, each.n_fake, each.reason) == (len(real), len(fake), "")
        assert each.fid.value == pytest.approx(frechet_distance(real, fake).value, rel=1e-12)
        assert each.fid.se == pytest.approx(frechet_distance(real, fake).se, rel=1e-12)
        assert (each.precision, each.recall) == (near["precision"], near["recall"])


def test_the_mean_and_its_error():
    scores, mean = class_scores(sets()), intra_class_distance(sets())
    assert mean.value == pytest.approx(np.mean([each.fid.value for each in scores]), rel=1e-12)
    assert mean.se == pytest.approx(np.sqrt(sum(each.fid.se**2 for each in scores)) / 3, rel=1e-12)
    assert mean.n == 300
    assert evaluate(sets(), [INTRA_FID]) == {"intra_fid": mean}
    assert INTRA_FID.on_request


def test_what_was_asked_counts_before_what_the_classifier_sees():
    given = sets()
    mixed = replace(given, asked=given.asked[::-1])
    assert intra_class_distance(mixed).value > 5 * intra_class_distance(given).value
    seen = replace(mixed, asked=None)
    assert intra_class_distance(seen) == intra_class_distance(given)
    assert intra_class_distance(replace(given, logits=None)) == intra_class_distance(given)


def test_confused_classes_show_within_classes_but_not_in_all():
    given = sets()
    mixed = replace(given, asked=(given.asked + 1) % CLASSES)
    real = given.reference.real
    assert frechet_distance(real, mixed.fake) == frechet_distance(real, given.fake)
    assert intra_class_distance(mixed).value > 100


def test_intervals_cover_by_simulation():
    given = sets(n_real=5000)
    found = []
    for seed in range(300):
        fake, asked = draw(900, seed + 100, 1.3)
        found.append(intra_class_distance(replace(given, fake=fake, asked=asked)))
    centre = np.mean([each.value for each in found])  # the bias in 1/n is not the standard error's to cover
    assert 0.9 <= np.mean([abs(each.value - centre) < 1.96 * each.se for each in found]) <= 0.99


def test_a_class_with_too_few_rows_says_so():
    given = sets()
    short = np.flatnonzero(given.asked == 1)[: MINIMUM - 1]
    rows = np.sort(np.concatenate([np.flatnonzero(given.asked != 1), short]))
    given = replace(given, fake=given.fake[rows], asked=given.asked[rows], logits=None)
    scores = class_scores(given)
    assert [each.fid is None for each in scores] == [False, True, False]
    n_real = scores[1].n_real
    words = f"lass 1 has 19 generated and {n_real} reference rows, where 20 of each are needed."
    assert scores[1].reason == "C" + words
    assert (scores[1].precision, scores[1].recall, scores[1].n_fake) == (None, None, 19)
    with pytest.raises(ScoreError, match="needs all of them, but c" + words):
        intra_class_distance(given)


def test_the_minimum_is_enough():
    labels = np.repeat(np.arange(CLASSES), MINIMUM)
    x = np.random.default_rng(3).standard_normal((len(labels), 4))
    given = Sets(Reference(x, x, x[:0], labels=labels, classes=CLASSES), x[::-1], asked=labels)
    assert all(each.fid is not None for each in class_scores(given))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"asked": None, "logits": None}, "conditional generator, labels, or an extractor that classifies"),
        ({"asked": None, "logits": np.ones((300, 1008))}, r"logits \(300, 1008\) do not tell the 3 classes"),
        ({"asked": np.zeros(9, int)}, r"generated samples are int64\(9,\), not 300 integers"),
        ({"asked": np.zeros(300)}, "generated samples are float64"),
        ({"asked": np.full(300, 3)}, "label 3 of generated sample 0 is outside of 3 classes"),
        ({"fake": np.ones((300, 5))}, "width 5, the reference has 4"),
        ({"fake": np.full((300, 4), np.nan)}, "NaN or infinite values, first in row 0"),
        ({"reference": replace(sets().reference, labels=None)}, "need the labels of the reference"),
        ({"reference": replace(sets().reference, labels=np.full(400, -1))}, "label -1 of reference sample 0"),
    ],
)
def test_refusals(change, words):
    for score in (class_scores, intra_class_distance):
        with pytest.raises(ScoreError, match=words):
            score(sets(**change))
