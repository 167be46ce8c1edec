"""Crops of two photographs: what is trained on shares no pixel with what is held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import sklearn.datasets

from ganzoo.data import load
from ganzoo.data.base import Dataset
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.patches import HEIGHT, WIDTH, load_patches
from ganzoo.errors import DataError

if TYPE_CHECKING:
    from ganzoo.types import Array

SOURCES = {source.name: source for source in builtin_sources()}
DIGEST = "82f5583f866d"


@pytest.fixture(scope="module")
def patches() -> Dataset:
    return load("patches", SOURCES)


def photograph(name: str) -> Array:
    """An image whose pixels say where they are: column in two digits to the base 256, and row."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    where = [columns % 256, columns // 256, rows % 256] if name == "china.jpg" else [rows % 256] * 3
    return np.stack(where, axis=-1).astype(np.uint8)


def test_form_and_sizes(patches: Dataset) -> None:
    assert patches.spec.shape == (3, 32, 32) and patches.spec.kind == "image"
    assert (len(patches.train), len(patches.heldout)) == (6336, 3168)
    assert patches.class_names == ("china", "flower")
    for split in (patches.train, patches.heldout):
        assert split.x.dtype == np.uint8 and split.x.flags.c_contiguous
        assert split.y is not None
        assert np.bincount(split.y).tolist() == [len(split) // 2] * 2


def test_patches_never_change(patches: Dataset) -> None:
    assert patches.digest == load_patches().digest == DIGEST
    assert patches.notes == ()


def test_no_pixel_is_in_both_splits_and_crops_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sklearn.datasets, "load_sample_image", photograph)
    found = load_patches()
    columns = []
    for split in (found.train, found.heldout):
        x = split.x[split.y == 0].astype(int)
        column = x[:, 0] + 256 * x[:, 1]
        assert (np.diff(column, axis=2) == 1).all() and (np.diff(column, axis=1) == 0).all()
        assert (np.diff(x[:, 2], axis=1) % 256 == 1).all()
        columns.append(set(np.unique(column).tolist()))
        places = {(int(c[0, 0]), int(r[0, 0])) for c, r in zip(column, x[:, 2], strict=True)}
        assert len(places) > 0.5 * len(x), "rows are known modulo 256"
    assert columns[0].isdisjoint(columns[1])
    assert len(columns[0] | columns[1]) == WIDTH, "no part of a photograph is left out"


def test_no_crop_is_there_twice(patches: Dataset) -> None:
    crops = [bytes(crop) for split in (patches.train, patches.heldout) for crop in split.x]
    assert len(set(crops)) == len(crops) == 9504


def test_labels_are_the_photographs(patches: Dataset) -> None:
    """The sky of one is bright, the leaves of the other are dark; the splits show the same."""
    for split in (patches.train, patches.heldout):
        means = [split.x[split.y == k].mean() for k in (0, 1)]
        assert means[0] > means[1] + 30
    colours = [split.x.mean(axis=(0, 2, 3)) for split in (patches.train, patches.heldout)]
    np.testing.assert_allclose(*colours, atol=5)


def test_another_decoder_is_told_of_and_has_another_digest(patches: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = sklearn.datasets.load_sample_image("china.jpg").copy()
    pixels[200, 40] ^= 1
    whole = sklearn.datasets.load_sample_image
    monkeypatch.setattr(
        sklearn.datasets, "load_sample_image", lambda name: pixels if name == "china.jpg" else whole(name)
    )
    found = load_patches()
    (note,) = found.notes
    assert "other pixels for china.jpg than" in note
    assert found.digest != patches.digest


def test_another_photograph_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sklearn.datasets, "load_sample_image", lambda name: np.zeros((480, 640, 3), np.uint8))
    with pytest.raises(DataError, match=r"china\.jpg is uint8\[480, 640, 3\], not uint8\[427, 640, 3\]"):
        load_patches()
