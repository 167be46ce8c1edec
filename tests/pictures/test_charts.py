from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from ganzoo.lettering import BACKGROUND, legible, margin_of, width_of
from ganzoo.pictures.charts import chart, titled
from ganzoo.pictures.clouds import PointGroup, save_clouds

NAMES = ["first", "second"]


def rows() -> list[np.ndarray]:
    return [np.full((30, 120, 3), grey, np.uint8) for grey in (100, 150)]


def test_each_column_has_its_head_above_it() -> None:
    left = margin_of(legible(NAMES))
    for place in range(3):
        heads = ["", "", ""]
        heads[place] = "M"
        head = chart("", heads, NAMES, rows())[24:44, :, 0]
        (ink,) = np.nonzero((head > BACKGROUND + 60).any(axis=0))
        assert ink.mean() == pytest.approx(left + 40 * place + 20, abs=2)


def test_rows_come_in_order_at_the_right_of_their_names() -> None:
    whole = chart("a title", list("abc"), NAMES, rows())[..., 0]
    left = margin_of(legible(NAMES))
    assert whole.shape == (44 + 60, left + 120)
    assert (whole[44:74, left:] == 100).all()
    assert (whole[74:, left:] == 150).all()
    for top in (44, 74):
        assert (whole[top : top + 30, :left] > 128).any()


def test_a_head_keeps_to_its_column() -> None:
    heads = ["", "a head of a hundred letters " * 4, ""]
    head = chart("", heads, NAMES, rows())[24:44, :, 0]
    (ink,) = np.nonzero((head > BACKGROUND + 60).any(axis=0))
    left = margin_of(legible(NAMES))
    assert left + 40 <= ink.min() < ink.max() < left + 80


@pytest.mark.parametrize("title", ["two\nlines", "no \udcff UTF-8", "中 문", "\x1b[31mred", "", "$a$ {_^"])
def test_a_title_is_one_line_of_letters_that_there_are(title: str, tmp_path: Path) -> None:
    assert titled(np.zeros((20, 50, 3), np.uint8), title).shape[0] == 44
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_clouds([PointGroup(f"y = {title}", np.zeros((3, 2)))], tmp_path / "a.png", title=title)
        save_clouds(
            [PointGroup("all", np.zeros((3, 2)))],
            tmp_path / "b.png",
            title="",
            behind=PointGroup(f"y = {title}", np.ones((2, 2))),
        )


def test_a_title_that_is_wider_than_its_picture_is_whole() -> None:
    title = "a title of many words"
    whole = titled(np.full((20, 50, 3), 200, np.uint8), title)
    assert whole.shape[1] >= width_of(title)
    assert (whole[24:, :50] == 200).all()
    assert (whole[24:, 50:] == BACKGROUND).all()
