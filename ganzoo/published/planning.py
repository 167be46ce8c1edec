"""What a reproduction trains: a cell for each row of each table asked for, a trial for each of its seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ganzoo.errors import UsageError
from ganzoo.leaderboard.jobs import Job
from ganzoo.published.tables import share
from ganzoo.registry import Registry

if TYPE_CHECKING:
    from ganzoo.published.tables import Published, PublishedRow, PublishedTable
    from ganzoo.registry import OptionValue

NO_RECIPES = Registry(api=1)
"""What a table does not set stands at the variant's default."""
SEEDS = (0, 1, 2)
"""Where neither the command line nor a table's small budget says otherwise."""


@dataclass(frozen=True)
class Cell:
    """One row of one table, at one part of the paper's updates, and the seeds that it is trained with."""

    name: str
    """Of the table."""
    table: PublishedTable
    row: PublishedRow
    budget: float
    seeds: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Updates of G."""
        return max(1, round(self.table.steps * self.budget))

    @property
    def options(self) -> dict[str, OptionValue]:
        """Everything that is set; what is not stands at the variant's default, whatever recipes say."""
        return {**self.table.options_of(self.row), "steps": self.steps}


def cells(
    published: Published,
    names: Sequence[str],
    rows: Sequence[str] = (),
    budget: float | None = 1.0,
    seeds: Sequence[int] | None = None,
) -> list[Cell]:
    """The cells of the tables ``names``, or of all for none, each with all rows or those of ``rows``.

    ``budget`` None is each table's small one; of all tables it takes those that have one, and their rows that are part
    of it. Raises UnknownName for a table or a row that is not there, UsageError where nothing is left to train.
    """
    tables = {name: published.table(name) for name in (names or published.tables)}
    if rows and len(tables) != 1:
        raise UsageError("--row needs the one table that the row is of.", "ganzoo reproduce TABLE --row ROW")
    found = []
    for name, table in tables.items():
        asked = [table.row(each) for each in rows]
        if budget is not None:
            found += [Cell(name, table, row, budget, tuple(seeds or SEEDS)) for row in asked or table.rows]
        elif table.small is not None:
            taken = asked or [row for row in table.rows if row.small]
            chosen = tuple(range(table.small.seeds) if seeds is None else seeds)
            found += [Cell(name, table, row, table.small.budget, chosen) for row in taken]
        elif names:
            raise UsageError(f"The table '{name}' has no small budget: {table.not_small}", "Give --budget a number.")
    if not found:
        raise UsageError("There is nothing to train: no table has a small budget.", "Give --budget a number.")
    return found


def trials(found: Sequence[Cell]) -> list[tuple[Cell, int]]:
    """Cells with one of their seeds each, as they are trained: seed by seed, so that all cells fill evenly."""
    most = max(len(cell.seeds) for cell in found)
    return [(cell, cell.seeds[number]) for number in range(most) for cell in found if number < len(cell.seeds)]


def job_of(trial: tuple[Cell, int], template: Job) -> Job:
    """The job of one training."""
    cell, seed = trial
    return msgspec.structs.replace(
        template,
        variant=cell.row.variant,
        cell=label(cell),
        options={name: _text(value) for name, value in cell.options.items()},
        dataset=cell.table.data,
        seed=seed,
    )


def label(cell: Cell) -> str:
    """How progress calls a cell; the label of its jobs."""
    return f"[{cell.name}: {cell.row.name}, {share(cell.budget)}]"


def _text(value: OptionValue) -> str:
    """A value as ``--set`` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
