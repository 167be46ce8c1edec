"""Words on pictures can be read: whole, in a font that has their letters, each at its row."""

from __future__ import annotations

import numpy as np
import pytest

from ganzoo import lettering

ROW = np.zeros((40, 20, 3), np.uint8)


def test_names_stand_at_the_left_of_their_rows() -> None:
    whole = lettering.beside(["I", "W"], [ROW, ROW + 99])
    margin = lettering.margin_of(["I", "W"])
    assert whole.shape == (80, margin + 20, 3)
    np.testing.assert_array_equal(whole[:, margin:], np.concatenate([ROW, ROW + 99]))
    ink = [(whole[top : top + 40, :margin] > 128).sum() for top in (0, 40)]
    assert 0 < ink[0] < ink[1], "the wider letter has more ink"
    lines = np.flatnonzero((whole[:40, :margin] > 128).any(axis=(1, 2)))
    assert 10 < lines.min() < 20 < lines.max() < 30, "in the middle of the row"


def test_a_low_row_is_made_high_enough_for_its_name() -> None:
    whole = lettering.beside(["cat", "dog"], [ROW[:4], ROW[:4]])
    assert len(whole) == 2 * (lettering.SIZE + 2)
    lines = (whole[:, :-20] > 128).any(axis=(1, 2))
    assert not lines[lettering.SIZE + 1], "no letter reaches into the next row"


def test_a_long_name_ends_in_dots_and_a_short_one_is_whole() -> None:
    long, short = lettering.legible(["ankle boot " * 9, "bag"])
    assert long.endswith("…")
    assert long.startswith("ankle boot")
    assert short == "bag"
    assert lettering.margin_of([long]) <= 200


@pytest.mark.parametrize("name", ["été", "дом", "Straße", "T-shirt/top"])
def test_names_of_most_alphabets_are_drawn(name: str) -> None:
    assert lettering.legible([name]) == [name]
    canvas = np.zeros((40, 120, 3), np.uint8)
    drawn = [lettering.lettered(canvas, [lettering.Word(text, 4, 20, "lm")]) for text in (name, "\uffff" * len(name))]
    assert (drawn[0] != drawn[1]).any(), "letters, not boxes"


def test_a_name_that_cannot_be_drawn_is_its_number() -> None:
    assert lettering.legible(["dog", "猫", "a\nb"]) == ["dog", "1", "2"]


def test_what_no_font_has_is_a_question_mark() -> None:
    assert lettering.drawable("a\nb 中 → \udcff\x1b") == r"a\nb ? → \udcff\x1b"
