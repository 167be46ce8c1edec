from __future__ import annotations

import numpy as np
import pytest

from ganzoo.data.base import Dataset
from ganzoo.data.digits import load_digits
from ganzoo.data.mixtures import grid_mixture, load_mixture, ring_mixture
from ganzoo.data.splits import split_rows
from ganzoo.errors import DataError


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_digits()


def test_digits_form_and_sizes(digits: Dataset) -> None:
    assert (len(digits.train), len(digits.heldout)) == (1347, 450)
    assert digits.train.x.shape[1:] == digits.spec.shape == (1, 8, 8)
    assert digits.train.x.dtype == np.uint8
    assert set(np.unique(digits.train.x)) <= {round(v * 255 / 16) for v in range(17)}
    assert digits.train.x.max() == 255
    assert digits.train.scaled().min() == -1


def test_digits_split_is_a_stratified_partition(digits: Dataset) -> None:
    from sklearn import datasets

    bunch = datasets.load_digits()
    original = np.rint(bunch.images * 255 / 16).astype(np.uint8)
    together = np.concatenate([digits.train.x, digits.heldout.x])[:, 0]
    assert sorted(map(bytes, together)) == sorted(map(bytes, original))
    assert digits.train.y is not None and digits.heldout.y is not None
    share = np.bincount(digits.heldout.y) / np.bincount(bunch.target)
    np.testing.assert_allclose(share, 450 / 1797, atol=0.006)
    # Images kept their labels: nearest-neighbour classification would fail if the two were permuted apart.
    flat = digits.train.x.reshape(1347, -1).astype(float)
    query = digits.heldout.x.reshape(450, -1).astype(float)
    nearest = ((query[:, None] - flat[None]) ** 2).sum(-1).argmin(1)
    assert (digits.train.y[nearest] == digits.heldout.y).mean() > 0.95


def test_digits_never_change(digits: Dataset) -> None:
    assert digits.digest == load_digits().digest == DIGITS_DIGEST


DIGITS_DIGEST = "238c8015e5c8"


def test_ring_has_eight_distinct_modes_on_the_circle() -> None:
    mixture = ring_mixture()
    assert mixture.std == 0.01
    expected = [(np.cos(2 * np.pi * i / 8), np.sin(2 * np.pi * i / 8)) for i in range(8)]
    np.testing.assert_allclose(mixture.centres, expected, atol=1e-15)
    gaps = np.linalg.norm(mixture.centres[:, None] - mixture.centres[None], axis=-1)
    assert gaps[~np.eye(8, dtype=bool)].min() > 0.76


def test_grid_has_every_pair() -> None:
    mixture = grid_mixture()
    assert mixture.std == 0.05
    ticks = (-4, -2, 0, 2, 4)
    assert [tuple(c) for c in mixture.centres] == [(a, b) for a in ticks for b in ticks]


@pytest.mark.parametrize("name", ["ring", "grid"])
def test_mixture_points_follow_the_definition(name: str) -> None:
    made = {"ring": ring_mixture, "grid": grid_mixture}[name]()
    data = load_mixture(name, made)
    assert (len(data.train), len(data.heldout)) == (100_000, 10_000)
    assert data.train.x.dtype == np.float32
    assert data.train.y is not None and data.mixture is made
    modes = len(made.centres)
    assert len(data.class_names) == data.spec.classes == modes
    noise = (data.train.x - made.centres[data.train.y]) / made.std
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(1, abs=0.01)
    # The true distribution scores 1 - exp(-9/2) = 98.89 % within three standard deviations.
    assert (np.linalg.norm(noise, axis=1) < 3).mean() == pytest.approx(1 - np.exp(-4.5), abs=0.002)
    counts = np.bincount(data.train.y, minlength=modes) / 100_000
    np.testing.assert_allclose(counts, 1 / modes, atol=0.004)
    assert not np.isin(data.heldout.x[:, 0], data.train.x[:, 0]).all()
    assert data.digest == load_mixture(name, made).digest


def test_split_is_exact_and_disjoint() -> None:
    y = np.repeat([0, 1, 2], [50, 30, 3]).astype(np.int64)
    train, held = split_rows(83, 8, y)
    assert sorted([*train, *held]) == list(range(83))
    assert np.bincount(y[held], minlength=3).tolist() == [5, 3, 0]
    assert held.tolist() == split_rows(83, 8, y)[1].tolist()


def test_split_leaves_classes_of_one_sample_in_training() -> None:
    y = np.array([0, 1, 2, 3, 3, 3], np.int64)
    _, held = split_rows(6, 1, y)
    assert y[held].tolist() == [3]


@pytest.mark.parametrize(("rows", "found"), [(0, "0 samples"), (1, "1 sample"), (2, "2 samples")])
def test_a_split_that_leaves_one_sample_to_train_on_is_refused(rows: int, found: str) -> None:
    with pytest.raises(DataError, match=f"^few has {found}, too few to hold 1 out .* Give 3 or more"):
        split_rows(rows, 1, name="few")


def test_three_samples_can_be_split() -> None:
    train, held = split_rows(3, 1)
    assert (len(train), len(held)) == (2, 1)
