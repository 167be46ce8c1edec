"""A part of a board: conditions, order, columns, and the forms that it is printed in."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.errors import UnknownName, UsageError
from ganzoo.leaderboard import view
from ganzoo.leaderboard.shown import Shown, shown
from tests.fakes.boards import seeds, write_runs

BOOK = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\n', "here")


@pytest.fixture
def board(tmp_path: Path) -> Shown:
    """Three models in two frameworks, one of them called like a formula and a tag, a comparator and a floor."""
    out = write_runs(
        tmp_path / "out",
        seeds("a", [1.0, 1.1], recall="0.5", steps="100"),
        seeds("b", [2.0, 2.1], recall="0.9", backend="jax", steps="20"),
        seeds("=<i>c", [9.0, None], backend="tensorflow"),
        seeds("vae", [0.5, 0.6], role="comparator", recall="0.7"),
        seeds("gaussian", [5.0], role="floor", backend="numpy", recall="0.6"),
    )
    return shown(out, "d", BOOK)


def names(found: Shown) -> list[str]:
    """The variants, by the cells; each row that people read is of the same."""
    place, read = found.names.index("variant"), found.columns.index("variant")
    variants = [cells[place] for cells in found.cells]
    assert all(name in row[read] for name, row in zip(variants, found.rows, strict=True))
    return variants


def test_a_whole_board_is_as_it_is_shown(board: Shown) -> None:
    found = view.selected(board)
    assert found == board
    assert names(found) == ["a", "b", "=<i>c", "vae", "gaussian"]
    assert [len(each) for each in (board.header, *board.rows)] == [len(board.columns)] * 6


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("backend=torch", ["a", "vae"]),
        ("backend=torch,jax", ["a", "b", "vae"]),
        ("backend!=torch, jax", ["=<i>c", "gaussian"]),
        ("fid<2", ["a", "vae"]),
        ("fid<=2.05", ["a", "b", "vae"]),
        ("fid > 4.9", ["=<i>c", "gaussian"]),
        ("fid>=5", ["=<i>c", "gaussian"]),
        ("recall=0.50", ["a"]),
        ("recall>0", ["a", "b", "vae", "gaussian"]),
        ("failed=0", ["a", "b", "vae", "gaussian"]),
        ("variant==<i>c", ["=<i>c"]),
        ("variant=nobody", []),
    ],
)
def test_conditions(text: str, left: list[str], board: Shown) -> None:
    found = view.selected(board, where=[view.condition(text)])
    assert names(found) == left
    gone = 5 - len(left)
    assert found.remarks[len(board.remarks) :] == [f"{gone} of 5 rows are not shown; ranks are those among all."]


def test_all_conditions_must_hold_and_a_range_stays_what_it_was(board: Shown) -> None:
    found = view.selected(board, where=[view.condition("role=model"), view.condition("fid>1.5")])
    assert names(found) == ["b", "=<i>c"]
    assert [row[0] for row in found.rows] == [row[0] for row in board.rows[1:3]]


@pytest.mark.parametrize("text", ["", "fid", "=3", "fid~3", "<i>=3"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(UsageError, match="is no condition") as caught:
        view.condition(text)
    assert "backend=torch,jax" in caught.value.hint


def test_less_than_a_word_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="'fid<small' compares with 'small', which is no number"):
        view.condition("fid<small")


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("fid", ["a", "b", "=<i>c", "vae", "gaussian"]),
        ("-fid", ["=<i>c", "b", "a", "vae", "gaussian"]),
        ("recall", ["b", "a", "=<i>c", "vae", "gaussian"]),
        ("-recall", ["a", "b", "=<i>c", "vae", "gaussian"]),
        ("steps", ["b", "a", "=<i>c", "vae", "gaussian"]),
        ("backend", ["b", "=<i>c", "a", "vae", "gaussian"]),
        ("-backend", ["a", "=<i>c", "b", "vae", "gaussian"]),
    ],
)
def test_orders_are_best_first_within_a_role_and_empty_cells_last(sort: str, order: list[str], board: Shown) -> None:
    assert names(view.selected(board, sort)) == order


def test_columns_are_those_of_the_board_or_of_the_file(board: Shown) -> None:
    found = view.selected(board, columns=["recall", "steps", "density", "rank"])
    assert found.header == ["rank", "variant", "recall ↑", "steps", "density"]
    assert found.names == ["rank", "variant", "recall", "steps", "density"]
    assert found.rows[0] == [board.rows[0][0], "a", "0.5", "100", ""]
    assert found.cells[0] == ["1", "a", "0.5", "100", ""]
    with_half = view.selected(board, columns=["fid", "fid_ci"])
    assert with_half.rows[0][2:] == [board.rows[0][board.columns.index("fid")], with_half.cells[0][3]]
    assert with_half.own == []


def test_a_column_of_the_file_alone_has_its_interval(tmp_path: Path) -> None:
    rows = [row | {"density": str(i)} for i, row in enumerate(seeds("a", [1.0, 1.1]))]
    found = view.selected(shown(write_runs(tmp_path / "out", rows), "d", BOOK), columns=["density"])
    assert found.rows == [["1", "a", "0.5 ± 6.4"]]


@pytest.mark.parametrize(
    "asked", [{"sort": "-fad"}, {"columns": ["fad"]}, {"where": [view.Condition("fad", "=", "1")]}]
)
def test_an_unknown_column_names_the_nearest(asked: dict[str, object], board: Shown) -> None:
    with pytest.raises(UnknownName, match=r"Unknown column 'fad'\. Did you mean 'fid'"):
        view.selected(board, **asked)  # type: ignore[arg-type]


def test_csv_is_safe_for_spreadsheets_and_has_every_column(board: Shown) -> None:
    text = view.to_csv(board)
    header, *rows = csv.reader(io.StringIO(text))
    assert header == board.names
    assert [row[header.index("variant")] for row in rows] == ["a", "b", "'=<i>c", "vae", "gaussian"]
    assert "\r" not in text


def test_json_has_numbers(board: Shown) -> None:
    found = view.to_json(board, "d")
    first, _, third, *_ = found["rows"]
    assert (first["rank"], first["fid"], first["variant"], first["behind"]) == (1, 1.05, "a", "")
    assert isinstance(first["rank"], int) and isinstance(first["collapse_rate"], float)
    assert (third["rank"], third["recall"], third["seeds"], third["not_ranked"]) == (None, None, 1, "1 of 2 failed")
    assert (found["dataset"], found["extractor"], found["remarks"]) == ("d", "", board.remarks)


def test_markdown_is_one_table(board: Shown) -> None:
    lines = view.to_markdown(board).split("\n")
    assert lines[0] == "| " + " | ".join(board.header) + " |"
    assert len(lines) == 2 + 5 + 1 and lines[-1] == ""
    assert "&lt;i&gt;c" in lines[4]


class Cells(HTMLParser):
    """The tags of a page, and its text by cell."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if self.cells:
            self.cells[-1] += data.strip("\n")


def test_html_is_one_table_whose_names_are_text(board: Shown) -> None:
    reader = Cells()
    reader.feed(view.to_html(board, "d & d"))
    assert reader.cells == ["d & d", *board.header, *(cell for row in board.rows for cell in row)]
    assert set(reader.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
