"""human.csv and the columns of boards that come from it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.errors import StoreError
from ganzoo.leaderboard import board, human, view
from ganzoo.leaderboard.human import HUMAN_FILE, Judged, as_read, put, read
from ganzoo.leaderboard.shown import shown
from ganzoo.leaderboard.update import update
from ganzoo.training.runs import RunStore
from tests.fakes.boards import seeds, write_runs

NAN = float("nan")


def row(variant: str = "a", sha: str = "sa", mode: str = "untimed", **more: object) -> Judged:
    fields: dict[str, object] = {"value": 0.25, "low": 0.125, "high": 0.375, "fake_error": 0.5, "real_error": 0.0}
    fields |= {"raters": 3, "judgements": 60} | more
    return Judged(dataset="d", variant=variant, onnx_sha256=sha, mode=mode, **fields)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A board of a and b, two seeds each; the generators are sa and sb."""
    rows = [seeds(name, [1.0, 2.0 + i], onnx_sha256=f"s{name}") for i, name in enumerate("ab")]
    return write_runs(tmp_path / "boards", *rows)


def cells(folder: Path, column: str) -> dict[str, str]:
    found = shown(folder, "d", registry.load())
    if column not in found.columns:
        return {}
    place = found.columns.index(column)
    return {each[1]: each[place] for each in found.rows}


def test_what_is_put_is_read_and_other_studies_stay(folder: Path) -> None:
    first = [row("b", "sb"), row()]
    put(folder, "d", "untimed", first)
    put(folder, "d", "timed", [row(mode="timed", value=240.0, low=NAN, high=NAN, fake_error=NAN, real_error=NAN)])
    found = read(folder)
    assert [(each.mode, each.variant) for each in found] == [("timed", "a"), ("untimed", "a"), ("untimed", "b")]
    assert found[1] == row()
    assert math.isnan(found[0].low)
    put(folder, "d", "untimed", [row(value=0.5)])
    assert [(each.mode, each.value) for each in read(folder)] == [("timed", 240.0), ("untimed", 0.5)]


def test_a_board_has_no_such_column_before_anybody_was_asked(folder: Path) -> None:
    assert cells(folder, "human_error") == {}
    assert "human" not in "".join(shown(folder, "d", registry.load()).remarks)


def test_a_board_shows_what_people_said_with_its_interval(folder: Path) -> None:
    assert cells(folder, "human_error") == {}, "and a cached board does not hide what comes later"
    put(folder, "d", "untimed", [row(value=0.254, low=0.121, high=0.379)])
    assert cells(folder, "human_error") == {"a": "0.25 (0.12–0.38)", "b": ""}
    assert cells(folder, "human_ms") == {}
    put(folder, "d", "timed", [row("b", "sb", "timed", value=240.4, low=NAN, high=NAN)])
    assert cells(folder, "human_ms") == {"a": "", "b": "240"}
    found = shown(folder, "d", registry.load())
    assert [each[0] for each in view.selected(found, sort="human_error").cells] == [each[0] for each in found.cells]
    assert any(each.startswith("Human error: ") for each in found.remarks)


def test_more_human_error_is_better(folder: Path) -> None:
    put(folder, "d", "untimed", [row(), row("b", "sb", value=0.4)])
    found = view.selected(shown(folder, "d", registry.load()), sort="human_error")
    assert [each[1] for each in found.rows] == ["b", "a"]


def test_a_generator_that_is_another_by_now_has_no_judgement(folder: Path) -> None:
    put(folder, "d", "untimed", [row(sha="older")])
    assert cells(folder, "human_error") == {}


def test_the_files_of_a_board_have_it_and_the_page_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    store.root.mkdir()
    update(store, folder, registry.load(), False, lambda _: None)
    before = (folder / "d.csv").read_text()
    assert "human" not in before
    put(folder, "d", "untimed", [row()])
    update(store, folder, registry.load(), False, lambda _: None)
    header, first, second = (folder / "d.csv").read_text().splitlines()
    assert header == before.splitlines()[0] + ",human_error,human_error_low,human_error_high,human_error_raters"
    assert first.endswith(",0.25,0.125,0.375,3")
    assert second.endswith(",,,,")
    assert "| human error ↑ |" in (folder / "d.md").read_text()
    package = (folder / "datapackage.json").read_text()
    assert '"path": "human.csv"' in package
    assert '"any"' not in package


def test_write_people_does_both(folder: Path, tmp_path: Path) -> None:
    written = board.write_people(RunStore(tmp_path / "runs"), folder, registry.load(), "d", "untimed", [row()])
    assert written[0] == folder / HUMAN_FILE
    assert "human_error" in (folder / "d.csv").read_text()


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "", ",".join(human.NAMES) + "\nd,a,s,sideways,1,1,1,1,1,1,1\n", '"', "\xff"]
)
def test_a_broken_file_is_named(folder: Path, text: str) -> None:
    (folder / HUMAN_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match=r"human\.csv cannot be read"):
        read(folder)


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (NAN, NAN, NAN, ""),
        (0.314, 0.2, 0.401, "0.31 (0.20–0.40)"),
        (0.5, NAN, NAN, "0.50"),
        (240.4, 100, 1000, "240 (100–1000)"),
    ],
)
def test_how_it_is_read(value: float, low: float, high: float, text: str) -> None:
    assert as_read(value, low, high) == text
