"""Numbers in print as a page of the report."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.published import number_rows, tables
from ganzoo.published.planning import Cell
from ganzoo.published.reproduce import write
from ganzoo.report.site import write_report
from ganzoo.training.runs import RunStore
from tests.report.test_site import Page

PRINTED = """
api = 1
[tables.one]
paper = "A <b>paper</b>"
place = "Table 1"
data = "digits"
protocol = "By hand."
measure = "reported"
steps = 10
not_small = "it is none"
[tables.one.quantities]
e = { label = "errors", number = "e" }
[[tables.one.rows]]
name = "first"
variant = "gaussian"
numbers = { e = "5 ± 1" }
"""


@pytest.fixture
def reproduced(boards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The boards with one number beside print, in a folder whose published.toml has its table."""
    (tmp_path / "published.toml").write_text(PRINTED)
    monkeypatch.chdir(tmp_path)
    published = tables.load()
    (row,) = published.tables["one"].rows
    cell = Cell("one", published.tables["one"], row, 0.5, (0, 1))
    measured = [number_rows.Measured(seed, "r", {"e": 4.0 + seed}) for seed in (0, 1)]
    write(boards, published, number_rows.rows_of(cell, measured, 0))
    return boards


def test_numbers_in_print_have_a_page_that_the_first_one_links(
    reproduced: Path, store: RunStore, tmp_path: Path
) -> None:
    index = write_report(reproduced, store, registry.load(), tmp_path / "out")
    assert "published.html" in [each.get("href") for each in Page(index.read_text()).all("a")]
    page = Page((tmp_path / "out" / "published.html").read_text())
    for text in ("A <b>paper</b>, Table 1", "4.50 ± 0.50", "5 ± 1", "50 %", "not comparable at this budget"):
        assert text in page.text
    assert (tmp_path / "out" / "published.csv").read_bytes() == (reproduced / "published.csv").read_bytes()


def test_a_single_file_has_them_inside(reproduced: Path, store: RunStore, tmp_path: Path) -> None:
    index = write_report(reproduced, store, registry.load(), tmp_path / "out", single_file=True)
    page = Page(index.read_text())
    assert "#published" in [each.get("href") for each in page.all("a")]
    assert [each for each in page.all("section") if each.get("id") == "published"]
    assert "4.50 ± 0.50" in page.text
    assert not (tmp_path / "out" / "published.html").exists()


def test_without_any_there_is_no_link(boards: Path, store: RunStore, tmp_path: Path) -> None:
    assert "Numbers in print" not in write_report(boards, store, registry.load(), tmp_path / "out").read_text()
