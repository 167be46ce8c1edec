"""Drawn samples joined: everything that is known of each stays with it."""

from __future__ import annotations

import numpy as np

from ganzoo.extractors.base import Extracted
from ganzoo.scoring.features import Drawn

FIRST = Drawn(
    Extracted(np.zeros((2, 3)), np.ones((2, 4))),
    labels=np.array([0, 1]),
    class_names=("a", "b"),
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
    assert (both.class_names, both.provider, both.sha256) == (("a", "b"), "CPU", "ab")
    assert both.seconds == 1.75
    assert both.clipped == "2 of 3", "the generator counts all that it ever drew"


def test_what_one_of_them_lacks_the_whole_lacks() -> None:
    bare = Drawn(Extracted(np.ones((1, 3)), np.zeros((1, 4))))
    for both in (FIRST.followed_by(bare), bare.followed_by(FIRST)):
        assert (both.labels, both.codes) == (None, None)
        assert both.seconds == 1.5
