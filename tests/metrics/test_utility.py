"""Utility: known answers for good, useless and wrong samples, the paired error, limits and bad input."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import evaluate, utility
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.utility import UTILITY, utility_scores

CLASSES = 4
CENTRES = np.random.default_rng(0).standard_normal((CLASSES, 6)) * 1.2


def draw(n, seed):
    source = np.random.default_rng(seed)
    labels = source.integers(CLASSES, size=n)
    return source.standard_normal((n, 6)) + CENTRES[labels], labels


def sets(n_train=300, n_fake=2000, seed=0, **how):
    (train, labels), (heldout, truth), (fake, asked) = draw(n_train, 3 * seed), draw(800, 1 + 3 * seed), draw(n_fake, 2)
    reference = Reference(
        train, train, heldout, labels=labels, train_labels=labels, heldout_labels=truth, classes=CLASSES
    )
    return replace(Sets(reference, fake, asked=asked), **how)


def test_samples_of_the_true_distribution_are_worth_as_much_as_real_ones():
    found = utility_scores(sets())
    assert found["cas"].value == pytest.approx(found["cas_real"].value, abs=0.04)
    assert found["cas_real"].value > 0.7
    assert {each.n for each in found.values()} == {800}
    assert found["cas"].se == pytest.approx(np.sqrt(found["cas"].value * (1 - found["cas"].value) / 800))


def test_they_help_where_real_ones_are_few():
    found = utility_scores(sets(n_train=24))
    assert found["augmentation_gain"].value > 3 * found["augmentation_gain"].se > 0
    assert found["cas"].value > found["cas_real"].value


def test_wrong_labels_and_noise():
    given = sets()
    wrong = utility_scores(replace(given, asked=(given.asked + 1) % CLASSES))
    assert wrong["cas"].value < 0.15
    assert wrong["augmentation_gain"].value < -0.3
    noise = utility_scores(replace(given, fake=np.random.default_rng(5).standard_normal((2000, 6))))
    assert noise["cas"].value == pytest.approx(1 / CLASSES, abs=0.2)
    assert noise["cas_real"] == utility_scores(given)["cas_real"]


def test_the_error_of_the_gain_is_paired():
    given = sets(n_train=40)
    found = utility_scores(given)
    reference = given.reference
    x, y = reference.train, reference.train_labels
    alone = utility._predictions(x, y, reference.heldout) == reference.heldout_labels
    both = utility._predictions(np.vstack([x, given.fake]), np.append(y, given.asked), reference.heldout)
    better = ((both == reference.heldout_labels) & ~alone).mean()
    worse = ((both != reference.heldout_labels) & alone).mean()
    gain = found["augmentation_gain"]
    assert gain.value == pytest.approx(better - worse)
    assert gain.se == pytest.approx(np.sqrt((better + worse - (better - worse) ** 2) / 800))
    independent = np.hypot(found["cas_real"].se, found["cas_real"].se)
    assert gain.se < independent


def test_intervals_cover_by_simulation():
    """For fixed classifiers, the accuracies on new held-out samples."""
    given = sets(n_train=60, n_fake=200)
    x, y = draw(60_000, 77)

    def on(rows):
        reference = replace(given.reference, heldout=x[rows], heldout_labels=y[rows], memo={})
        return utility_scores(replace(given, reference=reference))

    truth = on(slice(None))
    covered = dict.fromkeys(truth, 0)
    for part in range(100):
        for name, each in on(slice(600 * part, 600 * part + 600)).items():
            covered[name] += abs(each.value - truth[name].value) < 1.96 * each.se
    assert all(90 <= count <= 99 for count in covered.values()), covered


def test_deterministic_and_the_real_side_is_computed_once(monkeypatch):
    given = sets()
    first = utility_scores(given)
    trained = []
    predict = utility._predictions
    monkeypatch.setattr(utility, "_predictions", lambda *a: trained.append(len(a[0])) or predict(*a))
    assert utility_scores(given) == first
    assert sorted(trained) == [2000, 2300]
    assert utility_scores(sets()) == first


def test_at_most_so_many_rows_are_trained_on(monkeypatch):
    monkeypatch.setattr(utility, "LIMIT", 200)
    trained = []
    predict = utility._predictions
    monkeypatch.setattr(utility, "_predictions", lambda *a: trained.append(len(a[0])) or predict(*a))
    found = utility_scores(sets())
    assert sorted(trained) == [200, 200, 400]
    assert found["cas"].value > 0.6


def test_scales_offsets_and_dead_features_do_not_matter():
    given = sets()
    factors = np.geomspace(1e-5, 1e5, 6)

    def moved(x):
        return np.column_stack([x * factors + 1e3 * factors, np.full(len(x), 0.1), np.zeros(len(x))])

    reference = given.reference
    parts = {name: moved(getattr(reference, name)) for name in ("real", "train", "heldout")}
    found = utility_scores(replace(given, fake=moved(given.fake), reference=replace(reference, **parts, memo={})))
    for name, each in utility_scores(given).items():
        assert found[name].value == pytest.approx(each.value, abs=0.005)


def test_no_warning_leaks_from_a_fit_that_does_not_converge(monkeypatch):
    monkeypatch.setattr(utility, "ITERATIONS", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        utility_scores(sets())


def test_one_generated_class_predicts_itself():
    given = sets()
    found = utility_scores(replace(given, asked=np.full(2000, 2)))
    assert found["cas"].value == np.mean(given.reference.heldout_labels == 2)


def test_the_metric_needs_labels_and_what_was_asked():
    assert evaluate(sets(), [UTILITY]) == utility_scores(sets())
    assert evaluate(sets(asked=None), [UTILITY]) == {}
    assert UTILITY.on_request


ONE_CLASS = np.zeros(300, int)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"asked": None}, "needs labels"),
        ({"asked": np.full(2000, 4)}, "label 4 of generated sample 0 is outside of 4 classes"),
        ({"asked": np.zeros(3, int)}, "2000 integers"),
        ({"fake": np.ones((2000, 5))}, "width 5"),
        ({"fake": np.full((2000, 6), np.inf)}, "first in row 0"),
        ({"reference": replace(sets().reference, train_labels=ONE_CLASS, memo={})}, "all of one class"),
        ({"reference": replace(sets().reference, train_labels=ONE_CLASS - 1)}, "label -1 of training sample 0"),
        ({"reference": replace(sets().reference, heldout_labels=None)}, "needs labels"),
        ({"reference": replace(sets().reference, heldout=np.ones((0, 6)))}, "held-out features have 0 rows"),
    ],
)
def test_refusals(change, words):
    with pytest.raises(ScoreError, match=words):
        utility_scores(sets(**change))
