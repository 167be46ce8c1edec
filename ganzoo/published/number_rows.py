"""published.csv: for each number in print what was trained, at which part of the paper's updates, and what came out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from ganzoo._version import __version__
from ganzoo.leaderboard import datapackage
from ganzoo.leaderboard.small_csv import PUBLISHED_FILE, read_rows, write_rows
from ganzoo.options import content_hash
from ganzoo.published.planning import Cell
from ganzoo.published.tables import Published, printed
from ganzoo.published.verdicts import Beside, mean_of, verdicts
from ganzoo.training.runs import utc_now

OUTDATED = "not comparable: made by another protocol"


@dataclass(frozen=True)
class NumberRow:
    """A row of published.csv: one number of one row of one table, at one budget. Texts as the file has them."""

    table: str
    row: str
    quantity: str
    variant: str
    dataset: str
    budget: float
    """The part of the paper's updates."""
    steps: int
    trained_seeds: str
    """Those that were trained and measured, blanks between them."""
    failed: int
    values: str
    """One per seed, in the unit of print."""
    value: float
    """Their mean; NaN of none."""
    se: float
    """s/√n; NaN of fewer than two."""
    printed: str
    """As in print; "" where there is none."""
    verdict: str
    p_value: float
    """Corrected for all numbers of the table that are tested; NaN where nothing is."""
    runs: str
    """The keys of the runs, blanks between them."""
    settings: str
    """A hash of all that made the number, but the seeds and the budget."""
    ganzoo_version: str
    date_utc: str

    @property
    def key(self) -> tuple[str, str, str, float]:
        """A later number with the same one takes its place."""
        return self.table, self.row, self.quantity, self.budget


NAMES = tuple(each.name for each in fields(NumberRow))


@dataclass(frozen=True)
class Measured:
    """What one seed of a cell gave: its run, and its numbers."""

    seed: int
    run: str
    numbers: Mapping[str, float]


def rows_of(cell: Cell, measured: Sequence[Measured], failed: int) -> list[NumberRow]:
    """A cell's rows of published.csv, one for each column of its table; verdicts come when they are put."""
    found = []
    for key, quantity in cell.table.quantities.items():
        values = [each.numbers[quantity.number] * quantity.scale for each in measured]
        mean = mean_of(values)
        found.append(
            NumberRow(
                table=cell.name,
                row=cell.row.name,
                quantity=key,
                variant=cell.row.variant,
                dataset=cell.table.data,
                budget=cell.budget,
                steps=cell.steps,
                trained_seeds=" ".join(str(each.seed) for each in measured),
                failed=failed,
                values=" ".join(f"{value:.6g}" for value in values),
                value=mean.value,
                se=math.nan if mean.se is None else mean.se,
                printed=cell.row.numbers.get(key, ""),
                verdict="",
                p_value=math.nan,
                runs=" ".join(each.run for each in measured),
                settings=settings_of(cell, key),
                ganzoo_version=__version__,
                date_utc=utc_now(),
            )
        )
    return found


def settings_of(cell: Cell, quantity: str) -> str:
    """Identifies what is trained and how it is measured, whatever its seeds and its budget."""
    table, row = cell.table, cell.row
    options = table.options_of(row)
    return content_hash(
        [row.variant, options, table.data, table.steps, table.measure, table.n, table.quantities[quantity]]
    )


def read(folder: Path) -> list[NumberRow]:
    """The rows of a leaderboards folder's published.csv; none where there is no such file. Raises StoreError."""
    remedy = "Move it away; 'ganzoo reproduce' writes it anew from the runs that are there."
    return read_rows(folder / PUBLISHED_FILE, NAMES, _number_row, remedy)


def _number_row(cells: Mapping[str, str]) -> NumberRow:
    numbers = {name: float(cells[name] or "nan") for name in ("budget", "value", "se", "p_value")}
    whole = {name: int(cells[name]) for name in ("steps", "failed")}
    return NumberRow(**{**cells, **numbers, **whole})  # type: ignore[arg-type]  # the others are texts


def put(folder: Path, published: Published, fresh: Iterable[NumberRow]) -> list[NumberRow]:
    """Add rows, or replace those of the same number and budget, and judge all anew; the caller holds the folder.

    Returns all rows, in the order of ``published``; those of tables that it does not have come last and stay as they
    are. Raises StoreError for a file that cannot be read.
    """
    kept = {each.key: each for each in [*read(folder), *fresh]}
    placed = [(_cell_of(published, each), each) for each in kept.values()]
    known = [(cell, each) for cell, each in placed if cell is not None]
    others = [each for cell, each in placed if cell is None]
    known.sort(key=lambda pair: _place(published, pair[1]))
    rows = [*_judged(known), *sorted(others, key=lambda each: each.key)]
    write_rows(folder / PUBLISHED_FILE, NAMES, rows)
    datapackage.with_resource(folder, PUBLISHED_FILE, NAMES)
    return rows


def _cell_of(published: Published, number: NumberRow) -> Cell | None:
    """The cell that a row is of; None where its table, its row or its quantity is no more."""
    table = published.tables.get(number.table)
    row = next((each for each in table.rows if each.name == number.row), None) if table else None
    if table is None or row is None or number.quantity not in table.quantities:
        return None
    return Cell(number.table, table, row, number.budget, ())


def _place(published: Published, number: NumberRow) -> tuple[int, float, int, int]:
    table = published.tables[number.table]
    rows = [row.name for row in table.rows]
    return (
        list(published.tables).index(number.table),
        -number.budget,
        rows.index(number.row),
        list(table.quantities).index(number.quantity),
    )


def _judged(known: Sequence[tuple[Cell, NumberRow]]) -> list[NumberRow]:
    """The rows with their cells, each with its verdict among those of its table and budget."""
    answers: dict[tuple[str, str, str, float], NumberRow] = {}
    groups: dict[tuple[str, float], list[tuple[Cell, NumberRow]]] = {}
    for cell, each in known:
        if settings_of(cell, each.quantity) != each.settings:
            answers[each.key] = replace(each, verdict=OUTDATED, p_value=math.nan)
        else:
            now = replace(each, printed=cell.row.numbers.get(each.quantity, ""))
            groups.setdefault((each.table, each.budget), []).append((cell, now))
    for group in groups.values():
        found = verdicts(group[0][0].table, [_beside(each) for _, each in group])
        for (_, each), (verdict, p) in zip(group, found, strict=True):
            answers[each.key] = replace(each, verdict=verdict, p_value=math.nan if p is None else p)
    return [answers[each.key] for _, each in known]


def _beside(number: NumberRow) -> Beside:
    theirs = printed(number.printed) if number.printed else None
    return Beside(mean_of([float(word) for word in number.values.split()]), theirs, number.budget, number.failed)
