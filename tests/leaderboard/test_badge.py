from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from ganzoo import registry
from ganzoo.errors import UnknownName
from ganzoo.leaderboard.badge import badge
from ganzoo.leaderboard.shown import Shown, shown
from tests.fakes.boards import seeds, write_runs

BOOK = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\n', "here")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def board(tmp_path: Path) -> Shown:
    rows = (
        seeds("a", [1.0, 1.1, 1.2]),
        seeds('<b>"', [3.0, 3.3, 3.6]),
        seeds("floor", [0.5], role="ceiling"),
        seeds("x", [None]),
    )
    return shown(write_runs(tmp_path / "out", *rows), "d", BOOK)


@pytest.mark.parametrize(
    ("variant", "text"),
    [
        ("a", "a on d: FID 1.10 ± 0.25, rank 1"),
        ('<b>"', '<b>" on d: FID 3.30 ± 0.75, rank 2'),
        ("floor", "floor on d: FID 0.5"),
        ("x", "x on d: FID none"),
    ],
)
def test_a_badge_says_value_and_rank(variant: str, text: str, board: Shown) -> None:
    root = ElementTree.fromstring(badge(board, "d", variant, "fid"))
    assert root.get("aria-label") == root.findtext(f"{SVG}title") == text
    assert ": ".join(each.text or "" for each in root.iter(f"{SVG}text")) == text
    boxes = [(int(each.get("x", 0)), int(each.get("width", 0))) for each in root.iter(f"{SVG}rect")]
    assert boxes[0] == (0, boxes[1][0])
    assert sum(boxes[1]) == int(root.get("width", 0)), "two boxes side by side, as wide as the picture"
    assert all(int(each.get("textLength", 0)) > 0 for each in root.iter(f"{SVG}text"))


def test_a_badge_of_nobody(board: Shown) -> None:
    with pytest.raises(UnknownName, match="Unknown row of the d board 'y'"):
        badge(board, "d", "y", "fid")
