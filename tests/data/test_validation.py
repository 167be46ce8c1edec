"""A dataset that could not be used is refused where it is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganzoo.data import load
from ganzoo.data.base import Dataset, Source, Split
from ganzoo.data.validation import validated
from ganzoo.errors import DataError
from ganzoo.types import DataSpec

IMAGES = np.zeros((6, 1, 8, 8), np.uint8)
POINTS = np.zeros((6, 2), np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def loaded(kind: Any, shape: tuple[int, ...], x: Any, y: Any = None, classes: int = 0, heldout: Any = None) -> Dataset:
    spec = DataSpec(name="theirs", kind=kind, shape=shape, classes=classes)
    held = x[:0] if heldout is None else heldout
    dataset = Dataset(spec, Split(spec, x, y), Split(spec, held, None if y is None else y[: len(held)]))
    return load("theirs", {"theirs": Source(name="theirs", summary="", kind=kind, load=lambda *_: dataset)})


@pytest.mark.parametrize(
    "given",
    [
        ("image", (1, 8, 8), IMAGES),
        ("image", (3, 4, 5), np.zeros((6, 3, 4, 5), np.uint8), LABELS, 3),
        ("image", (1, 8, 8), IMAGES, LABELS, 5, IMAGES[:3]),
        ("points", (2,), POINTS),
        ("points", (2,), POINTS, LABELS, 3, POINTS[:2]),
    ],
)
def test_what_can_be_used(given: tuple[Any, ...]) -> None:
    assert len(loaded(*given).train) == 6


@pytest.mark.parametrize(
    ("names", "sentence"),
    [(("a", "b"), "it has 2 class names, but 3 classes"), (("a", "b", "a"), "two of its classes are called 'a'")],
)
def test_names_of_classes_that_do_not_fit(names: tuple[str, ...], sentence: str) -> None:
    spec = DataSpec(name="theirs", kind="image", shape=(1, 8, 8), classes=3)
    dataset = Dataset(spec, Split(spec, IMAGES, LABELS), Split(spec, IMAGES[:0], LABELS[:0]), names)
    with pytest.raises(DataError, match=sentence):
        validated(dataset)


def test_two_samples_are_enough() -> None:
    assert len(loaded("image", (1, 8, 8), IMAGES[:2]).train) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("points", (1, 1024), np.zeros((6, 1, 1024), np.float32)), "its points have the shape 1×1024"),
        (("points", (), np.zeros(6, np.float32)), "its points have the shape nothing"),
        (("image", (8, 8), np.zeros((6, 8, 8), np.uint8)), "its images have the shape 8×8"),
        (("image", (2, 8, 8), np.zeros((6, 2, 8, 8), np.uint8)), "its images have the shape 2×8×8"),
        (("image", (1, 0, 8), np.zeros((6, 1, 0, 8), np.uint8)), "the shape 1×0×8, which holds no number"),
        (("image", (1, 8, 8), IMAGES.astype(np.float32)), "training split is of type float32, not uint8"),
        (("points", (2,), POINTS.astype(np.float64)), "training split is of type float64, not float32"),
        (("points", (3,), POINTS), r"training split has samples of shape \(2,\), not \(3,\)"),
        (("image", (1, 8, 8), IMAGES, None, 0, IMAGES[..., :4]), "held-out split has samples of shape"),
        (("points", (2,), POINTS + np.float32(np.inf)), "values that are not finite"),
        (("image", (1, 8, 8), IMAGES, None, 3), "training split has no labels"),
        (("image", (1, 8, 8), IMAGES, LABELS), "has labels, but the dataset has no classes"),
        (("image", (1, 8, 8), IMAGES, LABELS.astype(np.int32), 3), r"has labels int32\[6\], not int64 \[6\]"),
        (("image", (1, 8, 8), IMAGES, LABELS[:4], 3), r"has labels int64\[4\], not int64 \[6\]"),
        (("image", (1, 8, 8), IMAGES, LABELS + 1, 3), "has the label 3, which is none of 0 to 2"),
        (("image", (1, 8, 8), IMAGES, LABELS - 1, 3), "has the label -1, which is none of 0 to 2"),
        (("image", (1, 8, 8), IMAGES[:0]), "its training split is empty, and 2 or more are needed"),
        (("image", (1, 8, 8), IMAGES[:1]), "its training split has 1 sample, and 2 or more are needed"),
        (("points", (2,), POINTS[:1], None, 0, POINTS), "its training split has 1 sample, and 2 or more"),
    ],
)
def test_what_cannot_is_one_sentence(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(DataError, match=f"The dataset theirs cannot be used: .*{message}"):
        loaded(*given)
