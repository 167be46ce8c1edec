"""Modes where no classifier knows the classes."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo.errors import ScoreError
from ganzoo.metrics import evaluate
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.modes import CLASS_MODES, class_modes
from ganzoo.metrics.regions import REGION_MODES, region_modes, regions

CENTRES = 8 * np.eye(10)


def drawn(n, classes=range(10), seed=0):
    """Rows around some of ten centres, and which."""
    draw = np.random.default_rng(seed)
    labels = draw.choice(np.array(list(classes)), size=n)
    return CENTRES[labels] + draw.standard_normal((n, 10)), labels


def reference(labelled, n=500):
    real, labels = drawn(n)
    return Reference(real, real, real[:0], labels=labels if labelled else None, classes=10 if labelled else 0)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("kept", [10, 7, 1])
def test_modes_are_counted_with_labels_and_without(labelled, kept):
    fake, _ = drawn(600, range(kept), seed=1)
    found = REGION_MODES.compute(Sets(reference(labelled), fake))
    assert found["modes"].value == kept
    assert found["mode_kl"].value == pytest.approx(np.log(10 / kept), abs=0.2)
    assert found["mode_kl"].total > found["mode_kl"].se


def test_labels_and_distances_give_what_a_perfect_classifier_does():
    real, labels = drawn(400)
    fake, classes = drawn(300, range(6), seed=1)
    by_classifier = class_modes(np.eye(10)[classes], labels, 10)
    by_means = region_modes(regions(real, labels), fake)
    assert by_means["modes"].value == by_classifier["modes"].value == 6
    assert by_means["mode_kl"].value == pytest.approx(by_classifier["mode_kl"].value, abs=0.02)


def test_a_class_that_no_row_is_nearest_to_has_no_part():
    """The mean of a class on both sides of another lies in the middle of that one."""
    draw = np.random.default_rng(0)
    middle = 0.1 * draw.standard_normal((50, 3))
    around = np.array([[5.0, 0, 0], [-5.0, 0, 0]])[np.arange(50) % 2] + 0.1 * draw.standard_normal((50, 3))
    parts = regions(np.concatenate([middle, around]), np.repeat([0, 1], 50))
    assert 1 <= len(parts.centres) <= 2
    assert set(parts.real) == set(range(len(parts.centres)))


def test_a_classifier_of_these_classes_comes_first_and_one_of_others_is_passed_over():
    fake, classes = drawn(300, range(4), seed=1)
    one = reference(True)
    fitting = Sets(one, fake, np.eye(10)[classes])
    assert evaluate(fitting, [CLASS_MODES, REGION_MODES]) == CLASS_MODES.compute(fitting)
    other = Sets(one, fake, np.zeros((300, 1000)))
    assert evaluate(other, [CLASS_MODES, REGION_MODES]) == REGION_MODES.compute(other)


def test_parts_are_found_once_and_alike(monkeypatch):
    one = reference(False)
    fake, _ = drawn(100, seed=1)
    first = REGION_MODES.compute(Sets(one, fake))
    monkeypatch.setattr("ganzoo.metrics.regions.regions", lambda *_: pytest.fail("found again"))
    assert REGION_MODES.compute(Sets(one, fake)) == first


def test_too_few_rows_have_no_modes():
    for n, columns in ((99, set()), (100, {"modes", "mode_kl"})):
        real, _ = drawn(n)
        sets = Sets(Reference(real, real, real[:0]), drawn(60, seed=1)[0])
        assert set(REGION_MODES.compute(sets)) == set(REGION_MODES.influence(sets)) | columns == columns
    with pytest.raises(ScoreError, match="NaN"):
        regions(np.full((50, 2), np.nan))


@pytest.mark.parametrize("labelled", [True, False])
def test_the_error_by_simulation(labelled):
    one = reference(labelled)
    found = [REGION_MODES.compute(Sets(one, drawn(300, range(8), seed=10 + i)[0]))["mode_kl"] for i in range(120)]
    ratio = np.mean([e.se for e in found]) / np.std([e.value for e in found], ddof=1)
    assert 0.8 < ratio < 1.3
