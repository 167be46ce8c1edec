"""Where a reader is warned, and where no longer: the last number that is too few, and the first that is enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ganzoo.metrics import Reference, Sets
from ganzoo.metrics.vendi import SAMPLES
from ganzoo.scoring.notes import cautions
from ganzoo.types import Estimate

RNG = np.random.default_rng(0)


def notes(column: str, n: int, real: int = 5000, d: int = 4, k: int = 3) -> tuple[str, ...]:
    """What is said of one column for n samples of d features and k classes."""
    labels = np.arange(real) % k
    reference = Reference(RNG.random((real, d)), RNG.random((0, d)), RNG.random((0, d)), labels=labels, classes=k)
    sets = Sets(reference, RNG.random((n, d)), logits=RNG.random((n, k)))
    return cautions(sets, {column: Estimate(1.0, None, n)}, [], frozenset())


@pytest.mark.parametrize(("column", "named"), [("kid", "kid"), ("precision", "precision, recall, density, coverage")])
def test_neighbours_and_kernels_want_two_hundred_a_side(column: str, named: str) -> None:
    assert notes(column, 199) == notes(column, 5000, real=199) == (f"{named}: only 199 samples a side",)
    assert notes(column, 200) == notes(column, 5000, real=200) == ()


@pytest.mark.parametrize(
    ("column", "enough", "sentence"),
    [
        ("fid", 5, "fid: 4 samples for 4 features: the covariance is singular"),
        ("fid_unbiased", 32, "fid_unbiased: wants 8 samples per feature on either side, but has 31 for 4"),
        ("is", 30, "is: 29 samples in ten splits for 3 classes"),
        ("vendi", SAMPLES, f"vendi: grows with n; {SAMPLES - 1} samples do not compare with {SAMPLES}"),
        ("modes", 60, "modes: 59 samples for 3 classes"),
    ],
)
def test_every_column_says_from_where_on_it_can_be_believed(column: str, enough: int, sentence: str) -> None:
    (note,) = notes(column, enough - 1)
    assert note.startswith(sentence)
    assert notes(column, enough) == ()


def test_a_reference_of_few_samples_is_said_too() -> None:
    assert notes("fid", 5000, real=4)[0].startswith("fid: 4 reference samples for 4 features")
    assert notes("fid", 5000, real=5) == ()


def test_samples_that_are_all_the_same_are_said() -> None:
    reference = Reference(RNG.random((300, 2)), RNG.random((0, 2)), RNG.random((0, 2)))
    assert cautions(Sets(reference, np.ones((300, 2))), {}, [], frozenset()) == ("all samples have the same features",)


@pytest.mark.parametrize(
    ("labelled", "width", "sentence"),
    [
        (True, 3, None),
        (True, 1000, "modes: by the nearest class mean, as the extractor knows 1000 classes, the data have 3"),
        (True, None, "modes: by the nearest class mean, as the extractor has no classifier, the data have 3"),
        (False, 3, "modes: of 10 clusters of the reference, which has no labels"),
    ],
)
def test_whose_modes_they_are_is_said(labelled: bool, width: int | None, sentence: str | None) -> None:
    labels = np.arange(300) % 3 if labelled else None
    reference = Reference(
        RNG.random((300, 4)), RNG.random((0, 4)), RNG.random((0, 4)), labels=labels, classes=3 * labelled
    )
    sets = Sets(reference, RNG.random((500, 4)), logits=None if width is None else RNG.random((500, width)))
    assert cautions(sets, {"modes": Estimate(1.0, None, 500)}, [], frozenset()) == (
        () if sentence is None else (sentence,)
    )
    mixture = Sets(replace(reference, centres=RNG.random((2, 4)), std=0.1), sets.fake, sets.logits)
    assert cautions(mixture, {"modes": Estimate(1.0, None, 500)}, [], frozenset()) == ()
