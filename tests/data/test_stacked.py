"""Three digits as one image of a thousand classes."""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data import Dataset, load
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.mnist import load_idx_set
from ganzoo.data.published import MNIST, IdxFile, IdxSet
from ganzoo.data.stacked import load_stacked
from ganzoo.errors import DataError

SOURCES = {source.name: source for source in builtin_sources()}
ROWS = {"train": (128_000, 30), "heldout": (26_000, 20)}
SHAPE = (4, 3)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[IdxSet, Path]:
    """A set like MNIST, of 30 and 20 images: every pixel of image i is i, of a test image 100 + i; label i % 10."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    entries = []
    for file, first, rows in zip(MNIST.files, (0, 0, 100, 100), (30, 30, 20, 20), strict=True):
        number = np.arange(rows, dtype=np.uint8)
        array = (
            number % 10 if "labels" in file.name else np.broadcast_to((first + number)[:, None, None], (rows, *SHAPE))
        )
        content = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
        (tmp_path / f"{file.name}.gz").write_bytes(gzip.compress(content))
        entries.append(IdxFile(file.name, array.shape, "0" * 32, hashlib.sha256(content).hexdigest()))
    return replace(MNIST, files=tuple(entries)), tmp_path


def test_each_channel_is_a_whole_digit_and_the_label_names_them_in_order(small: tuple[IdxSet, Path]) -> None:
    data = load_stacked(*small)
    assert (data.spec.name, data.spec.shape, data.spec.classes) == ("stacked-mnist", (3, *SHAPE), 1000)
    for split, first, rows in ((data.train, 0, 30), (data.heldout, 100, 20)):
        number = split.x[:, :, 0, 0].astype(int) - first
        assert (split.x == split.x[:, :, :1, :1]).all(), "a channel is one digit"
        assert set(np.unique(number)) == set(range(rows)), "of its own split, every digit"
        assert split.y is not None and split.y.dtype == np.int64
        a, b, c = (number % 10).T
        assert (split.y == 100 * a + 10 * b + c).all()


def test_sizes_are_the_papers(small: tuple[IdxSet, Path]) -> None:
    data = load_stacked(*small)
    assert (len(data.train), len(data.heldout)) == (128_000, 26_000)
    assert data.train.x.dtype == np.uint8


def test_channels_are_drawn_apart(small: tuple[IdxSet, Path]) -> None:
    """30³ triples, drawn alike: their counts are as wide as Poisson's."""
    number = load_stacked(*small).train.x[:, :, 0, 0].astype(int)
    counts = np.bincount(number @ [900, 30, 1], minlength=27_000)
    mean = 128_000 / 27_000
    assert abs(counts.var() / mean - 1) < 4 * np.sqrt(2 / 27_000) + 0.01


def test_two_loads_have_the_same_bits(small: tuple[IdxSet, Path]) -> None:
    assert load_stacked(*small).digest == load_stacked(*small).digest


def test_there_is_no_second_copy(real: tuple[Dataset, Dataset]) -> None:
    """Beside what is kept there are MNIST's own images, 55 MB, and the rows that are drawn, not images once more."""
    folder = Path(os.environ["GANZOO_TEST_MNIST"])
    tracemalloc.start()
    try:
        data = load("stacked-mnist", SOURCES, folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert real[0].spec == data.spec
    kept = data.train.x.nbytes + data.heldout.x.nbytes
    assert kept == 3 * 28 * 28 * 154_000
    assert kept < peak < kept + 100_000_000


def test_without_the_files_the_error_names_mnists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> str:
        raise ConnectionError("no network in tests")

    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("pooch.retrieve", refuse)
    with pytest.raises(DataError, match="train-images-idx3-ubyte") as caught:
        load("stacked-mnist", SOURCES, tmp_path)
    assert "mnist" in caught.value.hint
    assert SOURCES["stacked-mnist"].files == SOURCES["mnist"].files


@pytest.fixture(scope="module")
def real() -> tuple[Dataset, Dataset]:
    """Stacked MNIST and the digits that it is made of."""
    folder = os.environ.get("GANZOO_TEST_MNIST", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GANZOO_TEST_MNIST names no folder with the files of MNIST")
    return load("stacked-mnist", SOURCES, Path(folder)), load_idx_set(MNIST, Path(folder))


def test_real_stacks_have_every_class(real: tuple[Dataset, Dataset]) -> None:
    stacked, _ = real
    assert stacked.train.x.shape == (128_000, 3, 28, 28)
    assert stacked.heldout.x.shape == (26_000, 3, 28, 28)
    for split, mean in ((stacked.train, 128), (stacked.heldout, 26)):
        counts = np.bincount(split.y, minlength=1000)
        assert len(counts) == 1000
        assert counts.min() > 0
        assert counts.mean() == mean
    assert stacked.digest == REAL_DIGEST


def test_real_channels_are_digits_of_their_labels(real: tuple[Dataset, Dataset]) -> None:
    stacked, digits = real
    for split, source in ((stacked.train, digits.train), (stacked.heldout, digits.heldout)):
        labels = {image.tobytes(): int(label) for image, label in zip(source.x, source.y, strict=True)}
        for image, label in zip(split.x[:500], split.y[:500], strict=True):
            a, b, c = (labels[channel.tobytes()] for channel in image)
            assert label == 100 * a + 10 * b + c


REAL_DIGEST = "58499419e326"
