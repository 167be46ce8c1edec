"""published.csv and the page drawn from it."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ganzoo.errors import StoreError
from ganzoo.leaderboard import datapackage
from ganzoo.leaderboard.small_csv import PUBLISHED_FILE
from ganzoo.published.number_rows import NAMES, OUTDATED, Measured, NumberRow, put, read, rows_of
from ganzoo.published.page import to_markdown, views
from ganzoo.published.planning import Cell
from ganzoo.published.tables import Published, PublishedRow, Quantity
from ganzoo.published.verdicts import AGREES, DIFFERS, FAILED, ORDER, REDUCED, UNPRINTED
from tests.published.test_planning import table

QUANTITIES = {
    "modes": Quantity(label="modes of 8", number="modes"),
    "hq": Quantity(label="% of high quality", number="hq", scale=100),
}
ROWS = (
    PublishedRow(name="GAN", variant="a", numbers={"modes": "6.3 ± 0.5"}, note="not said"),
    PublishedRow(name="New", variant="a", options={"pack": 2}, numbers={"modes": "1", "hq": "10 ± 1"}),
)
ONE = table(*ROWS, quantities=QUANTITIES, trials=10, error="standard error", protocol="Points.", absent="ALI")
PUBLISHED = Published(api=1, tables={"one": ONE, "two": table(ROWS[0], quantities=QUANTITIES)})


def made(row: int = 0, *modes: float, budget: float = 1.0, failed: int = 0, name: str = "one") -> list[NumberRow]:
    """A cell's rows, with a tenth of the modes as the share of high quality."""
    measured = [Measured(seed, f"run{seed}", {"modes": m, "hq": m / 10}) for seed, m in enumerate(modes)]
    return rows_of(Cell(name, PUBLISHED.tables[name], ROWS[row], budget, (0, 1)), measured, failed)


def test_a_cell_has_a_row_for_each_number_in_its_unit() -> None:
    modes, hq = made(1, 6, 7, 8.5)
    assert (hq.values, hq.value, hq.se) == ("60 70 85", pytest.approx(71.66667), pytest.approx(7.26483))
    assert (modes.trained_seeds, modes.runs, modes.steps) == ("0 1 2", "run0 run1 run2", 1000)
    assert (modes.printed, hq.printed) == ("1", "10 ± 1")
    assert modes.settings != hq.settings


def test_what_is_put_is_read_with_its_verdicts(tmp_path: Path) -> None:
    put(tmp_path, PUBLISHED, [*made(1, 6, 7, 8), *made(0, 6, 7), *made(0, 6, 7, budget=0.1)])
    found = {(each.row, each.quantity, each.budget): each for each in read(tmp_path)}
    assert [key[0] for key in found] == ["GAN", "GAN", "New", "New", "GAN", "GAN"], "by table, budget and row"
    assert found["GAN", "modes", 1.0].verdict == AGREES
    assert found["GAN", "hq", 1.0].verdict == UNPRINTED
    assert found["New", "hq", 1.0].verdict == DIFFERS
    assert found["GAN", "modes", 0.1].verdict == REDUCED
    assert math.isnan(found["GAN", "modes", 0.1].p_value)
    assert 0 < found["New", "hq", 1.0].p_value < 0.05


def test_a_number_takes_the_place_of_its_forerunner_and_others_stay(tmp_path: Path) -> None:
    put(tmp_path, PUBLISHED, [*made(0, 6, 7), *made(1, 1, 1)])
    put(tmp_path, PUBLISHED, made(0, 6, 7, 8))
    found = {(each.row, each.quantity): each for each in read(tmp_path)}
    assert len(found) == 4
    assert (found["GAN", "modes"].values, found["New", "modes"].values) == ("6 7 8", "1 1")


def test_rows_of_tables_that_are_no_more_stay_as_they_are(tmp_path: Path) -> None:
    put(tmp_path, PUBLISHED, [*made(0, 6, 7), *made(0, 6, 7, name="two")])
    fewer = Published(api=1, tables={"one": ONE})
    rows = put(tmp_path, fewer, [])
    assert [each.table for each in rows] == ["one", "one", "two", "two"]
    assert "rows of other tables, too: two" in to_markdown(fewer, rows)


def test_a_number_of_another_protocol_is_not_compared(tmp_path: Path) -> None:
    put(tmp_path, PUBLISHED, [*made(0, 6, 7), *made(1, 1, 1)])
    longer = table(*ROWS, quantities=QUANTITIES, options={"lr": 1.0})
    rows = put(tmp_path, Published(api=1, tables={"one": longer}), [])
    assert {each.verdict for each in rows} == {OUTDATED}


def test_numbers_in_print_are_those_of_the_file_in_force(tmp_path: Path) -> None:
    put(tmp_path, PUBLISHED, made(0, 6, 7))
    mended = table(replace_numbers(ROWS[0], modes="20 ± 0.1"), quantities=QUANTITIES)
    (modes, _) = put(tmp_path, Published(api=1, tables={"one": mended}), [])
    assert (modes.printed, modes.verdict) == ("20 ± 0.1", DIFFERS)


def replace_numbers(row: PublishedRow, **numbers: str) -> PublishedRow:
    return PublishedRow(name=row.name, variant=row.variant, options=row.options, numbers=numbers)


def test_failed_seeds_are_counted_and_nothing_is_claimed(tmp_path: Path) -> None:
    (modes, _) = put(tmp_path, PUBLISHED, made(0, failed=2))
    assert (modes.verdict, modes.failed, modes.values) == (FAILED, 2, "")
    assert math.isnan(modes.value)
    assert "| – | 6.3 ± 0.5 | whole | 1,000 | 0, 2 failed |" in to_markdown(PUBLISHED, [modes])


def test_the_file_is_csv_with_every_field(tmp_path: Path) -> None:
    put(tmp_path, PUBLISHED, made(0, 6, 7))
    header, *rows = csv.reader((tmp_path / PUBLISHED_FILE).read_text().splitlines())
    assert tuple(header) == NAMES
    assert dict(zip(header, rows[0], strict=True))["values"] == "6 7"


@pytest.mark.parametrize("content", ["", "a,b\n", "{header}\nx\n", "{header}\n" + "x," * 18 + "x\n"])
def test_another_file_is_refused_and_left(tmp_path: Path, content: str) -> None:
    text = content.replace("{header}", ",".join(NAMES))
    (tmp_path / PUBLISHED_FILE).write_text(text)
    with pytest.raises(StoreError, match=r"published\.csv cannot be read: .*Move it away"):
        put(tmp_path, PUBLISHED, made(0, 6, 7))
    assert (tmp_path / PUBLISHED_FILE).read_text() == text


def test_every_row_of_the_page_has_its_budget() -> None:
    rows = [*made(0, 6, 7), *made(1, 6, 7, budget=0.025)]
    shown = {view.name: view for view in views(PUBLISHED, rows)}
    assert [row[4] for row in shown["one"].rows] == ["whole", "whole", "2.5 %", "2.5 %"]
    assert [row[3] for row in shown["one"].rows] == ["6.3 ± 0.5", "not said", "1", "10 ± 1"]
    assert shown["two"].rows == []
    assert shown["two"].missing == ["Nothing of this table was trained (no small budget: it takes hours)."]


def test_the_page_says_what_was_not_trained_and_what_has_no_variant() -> None:
    text = to_markdown(PUBLISHED, made(0, 6, 7))
    assert "Not trained: New (no small budget: it takes hours)." in text
    assert "In print, but no variant of the zoo: ALI." in text
    assert "| GAN | modes of 8 | 6.50 ± 0.50 | 6.3 ± 0.5 | whole | 1,000 | 2 |" in text


def test_of_other_scales_the_order_is_compared(tmp_path: Path) -> None:
    rows = [PublishedRow(name=f"R{i}", variant="a", numbers={"modes": str(10 * i)}) for i in range(4)]
    ordered = table(*rows, quantities=QUANTITIES, compare="order")
    published = Published(api=1, tables={"one": ordered})
    fresh = [
        each
        for i, row in enumerate(rows)
        for each in rows_of(Cell("one", ordered, row, 1.0, (0,)), [Measured(0, "r", {"modes": i**2, "hq": 0})], 0)
    ]
    found = put(tmp_path, published, fresh)
    assert {each.verdict for each in found if each.quantity == "modes"} == {ORDER}
    text = to_markdown(published, found)
    assert "Order of 4 rows at a budget of whole: Kendall's τ = 1.00, p = 0.042." in text
    reduced = [replace(each, budget=0.5) for each in found]
    assert f"p = 0.042; {REDUCED}." in to_markdown(published, reduced)


def test_texts_from_outside_cannot_break_the_page() -> None:
    nasty = PublishedRow(name="a|b<script>", variant="a", numbers={"modes": "1"})
    evil = table(nasty, quantities=QUANTITIES, protocol="# x\n| y |", absent="*all*")
    published = Published(api=1, tables={"one": evil})
    text = to_markdown(
        published, rows_of(Cell("one", evil, nasty, 1.0, (0,)), [Measured(0, "r", {"modes": 1, "hq": 0})], 0)
    )
    assert "<script>" not in text
    assert "a&#124;b&lt;script&gt;" in text
    assert "\n# x" not in text


def test_every_column_is_described_and_other_files_stay_described(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("variant\n")
    (tmp_path / datapackage.FILE).write_bytes(
        datapackage.descriptor([("runs.csv", ["variant"]), ("gone.csv", ["fid"])])
    )
    for _ in range(2):
        put(tmp_path, PUBLISHED, made(0, 6, 7))
        found = msgspec.json.decode((tmp_path / datapackage.FILE).read_bytes())["resources"]
        assert [each["path"] for each in found] == ["runs.csv", PUBLISHED_FILE]
    fields = found[1]["schema"]["fields"]
    assert [each["name"] for each in fields] == list(NAMES)
    assert "any" not in {each["type"] for each in fields}


def test_a_p_value_of_nothing_is_not_spelt_out(tmp_path: Path) -> None:
    """All seeds gave the same, and print has no error."""
    (modes, _) = put(tmp_path, PUBLISHED, made(1, 8, 8))
    assert (modes.verdict, modes.p_value) == (DIFFERS, 0.0)
    assert "| differs (p &lt; 0.001) |" in to_markdown(PUBLISHED, [modes])
