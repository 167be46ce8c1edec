"""Drawn samples joined: everything that is known of each stays with it."""

from __future__ import annotations

from collections.abc import Iterator

import graphs
import numpy as np
import pytest

from ganzoo.extractors.base import Extracted
from ganzoo.scoring.features import Drawn, draw
from ganzoo.types import LatentSpec

FIRST = Drawn(
    Extracted(np.zeros((2, 3)), np.ones((2, 4))),
    labels=np.array([0, 1]),
    class_names=("a", "b"),
    classes=2,
    codes=np.array([5, 6]),
    seconds=1.5,
    provider="CPU",
    sha256="ab",
    clipped="1 of 2",
)
MORE = Drawn(
    Extracted(np.ones((1, 3)), np.zeros((1, 4))),
    labels=np.array([1]),
    class_names=("a", "b"),
    codes=np.array([7]),
    seconds=0.25,
    provider="CPU",
    sha256="ab",
    clipped="2 of 3",
)


def test_two_drawings_are_one() -> None:
    both = FIRST.followed_by(MORE)
    assert len(both) == 3
    np.testing.assert_array_equal(both.extracted.features[:, 0], [0, 0, 1])
    assert both.extracted.logits is not None
    np.testing.assert_array_equal(both.extracted.logits[:, 0], [1, 1, 0])
    np.testing.assert_array_equal(both.labels, [0, 1, 1])
    np.testing.assert_array_equal(both.codes, [5, 6, 7])
    assert (both.class_names, both.classes, both.provider, both.sha256) == (("a", "b"), 2, "CPU", "ab")
    assert both.seconds == 1.75
    assert both.clipped == "2 of 3", "the generator counts all that it ever drew"


def test_what_one_of_them_lacks_the_whole_lacks() -> None:
    bare = Drawn(Extracted(np.ones((1, 3)), np.zeros((1, 4))))
    for both in (FIRST.followed_by(bare), bare.followed_by(FIRST)):
        assert (both.labels, both.codes) == (None, None)
        assert both.seconds == 1.5


def test_the_first_of_them_keep_all_that_is_known() -> None:
    both = FIRST.followed_by(MORE)
    part = both.first(2)
    assert len(part) == 2
    np.testing.assert_array_equal(part.extracted.features, FIRST.extracted.features)
    assert part.extracted.logits is not None
    np.testing.assert_array_equal(part.extracted.logits, both.extracted.logits[:2])
    np.testing.assert_array_equal(part.labels, [0, 1])
    np.testing.assert_array_equal(part.codes, [5, 6])
    assert both.first(3) is both.first(9) is both


class Coded:
    """A generator with classes and codes, as far as drawing looks at it; its clock ticks once a batch."""

    latent = LatentSpec(z_dim=2, classes=3, categorical=4, continuous=1)
    info = graphs.info(latent)
    provider, sha256, clipped = "CPU", "ab", ""

    def __init__(self) -> None:
        self.firsts: list[int] = []

    def each_inputs(self, start: int, stop: int, seed: int) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        for first in range(start, stop, 256):
            rows = np.arange(first, min(first + 256, stop))
            codes = np.column_stack([np.eye(4)[rows % 4], np.full(len(rows), 0.5)])
            noise = np.zeros((len(rows), first))  # cannot be joined
            z = np.column_stack([rows, rows]).astype(float)
            yield first, {"z": z, "y": rows % 3, "c": codes, "noise": noise}

    def bind(self, inputs: dict[str, np.ndarray], *, first: int) -> np.ndarray:
        self.firsts.append(first)
        return inputs["z"]


class AsTheyAre:
    def extract_bound(self, value: np.ndarray) -> Extracted:
        return Extracted(value)


def test_drawing_notes_labels_codes_and_the_generators_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter(np.cumsum([5.0, 1.0] * 9))
    monkeypatch.setattr("ganzoo.scoring.features.time.perf_counter", lambda: next(times))
    model = Coded()
    found = draw(model, AsTheyAre(), 600, 0, start=10)  # keeps no noise: 10,000 samples would have a gigabyte of it
    assert len(found) == 590
    np.testing.assert_array_equal(found.extracted.features[:, 0], np.arange(10, 600))
    np.testing.assert_array_equal(found.labels, np.arange(10, 600) % 3)
    np.testing.assert_array_equal(found.codes, np.arange(10, 600) % 4)
    assert (found.class_names, found.classes) == ((), 3), "without names of its own"
    assert model.firsts == [10, 266, 522], "an error must be able to say which sample it is about"
    assert found.seconds == 3.0
