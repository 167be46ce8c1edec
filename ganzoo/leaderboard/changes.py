"""What became of each model from one board to another, such as of the code before a change and after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ganzoo.columns import MEASURED
from ganzoo.errors import UnknownName, UsageError
from ganzoo.leaderboard import aggregate, board
from ganzoo.leaderboard.page import less_is_better
from ganzoo.leaderboard.ranking import LEVEL, p_of_changes, scaled
from ganzoo.leaderboard.runs_table import RUNS_FILE

if TYPE_CHECKING:
    import pandas as pd

    from ganzoo.leaderboard.aggregate import Tally
    from ganzoo.registry import Registry

WORSE, FAILS, BETTER = "worse", "fails", "better"
BAD = (WORSE, FAILS)
"""Verdicts that a gate is closed by."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One variant in one column."""

    dataset: str
    variant: str
    column: str
    before: float | None
    after: float | None
    """Means over seeds; None where there is no score."""
    p: float | None = None
    """Two-sided, corrected for all models that were compared in this column (Holm 1979); None where none is known."""
    verdict: str


def compared(
    old: Path, new: Path, registry: Registry, dataset: str | None = None, columns: Sequence[str] = ()
) -> list[Change]:
    """Compare two folders of leaderboards, or two files runs.csv, variant by variant.

    Of all datasets that both have, or of one; in the column that a dataset is ranked by, or in those given. Raises
    UnknownName for a dataset or a column that is not there, UsageError where nothing can be compared.
    """
    for column in columns:
        if column not in MEASURED:
            raise UnknownName("metric", column, MEASURED)
    tables = [board.read_runs(_folder(path)) for path in (old, new)]
    shared = sorted(set(tables[0]["dataset"]) & set(tables[1]["dataset"]))
    if dataset is not None and dataset not in shared:
        raise UnknownName(f"dataset of both {old} and {new}", dataset, shared)
    if not shared:
        raise UsageError(f"{old} and {new} have no dataset in common.")
    return [
        change
        for name in ([dataset] if dataset else shared)
        for column in columns or [registry.rank_by(name)]
        for change in _of_column((old, new), tables, name, column)
    ]


def _folder(path: Path) -> Path:
    folder = path.parent if path.name == RUNS_FILE else path
    if not (folder / RUNS_FILE).is_file():
        raise UsageError(f"{path} is no folder of leaderboards: it has no {RUNS_FILE}.")
    return folder


def _of_column(paths: Sequence[Path], tables: Sequence[pd.DataFrame], dataset: str, column: str) -> list[Change]:
    protocols = [aggregate.protocol_of(table, dataset) for table in tables]
    if len(set(protocols) - {""}) > 1:
        raise UsageError(
            f"{dataset} was scored by protocol {protocols[0]} in {paths[0]} and {protocols[1]} in {paths[1]}: "
            "these scores do not compare.",
            "Score both alike, or name a dataset that was.",
        )
    old, new = (aggregate.tallies(table, dataset, column) for table in tables)
    p = _significance(old, new, column)
    return [
        _change(dataset, name, column, old.get(name), new.get(name), p.get(name))
        for name in sorted(old.keys() | new.keys())
    ]


def _significance(old: dict[str, Tally], new: dict[str, Tally], column: str) -> dict[str, float]:
    """The p values of models and comparators with seeds enough in both whose generators are not the same."""
    names = [
        name
        for name in sorted(old.keys() & new.keys())
        if old[name].role in ("model", "comparator")
        and not _same(old[name], new[name])
        and min(len(each[name].group.values) for each in (old, new)) > 1
    ]
    groups = scaled([each[name].group for each in (old, new) for name in names], column)
    return dict(zip(names, p_of_changes(groups[: len(names)], groups[len(names) :]), strict=True))


def _same(old: Tally, new: Tally) -> bool:
    """Whether both are of the same generators; those of older tables are not known."""
    return old.contents == new.contents and "" not in old.contents and bool(old.contents)


def _change(dataset: str, variant: str, column: str, old: Tally | None, new: Tally | None, p: float | None) -> Change:
    before, after = (_mean(each) for each in (old, new))
    verdict = _unlike(old, new, before, after)
    if not verdict and before is not None and after is not None:
        verdict = _verdict(column, before, after, p)
    return Change(dataset=dataset, variant=variant, column=column, before=before, after=after, p=p, verdict=verdict)


def _mean(found: Tally | None) -> float | None:
    return None if found is None or not len(found.group.values) else float(np.mean(found.group.values))


def _unlike(old: Tally | None, new: Tally | None, before: float | None, after: float | None) -> str:
    """What is said of a row whose two means need no test; "" where they do."""
    if old is None or new is None:
        return "new" if old is None else "gone"
    if new.failed > old.failed:
        return FAILS
    if before is None or after is None:
        return "not scored"
    return "the same generators" if _same(old, new) else ""


def _verdict(column: str, before: float, after: float, p: float | None) -> str:
    if p is None:
        return "one seed tells nothing"
    if p > LEVEL:
        return "may be chance"
    return BETTER if (after < before) == less_is_better(column) else WORSE
