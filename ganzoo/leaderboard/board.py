"""Leaderboards as files: one long table of runs, and one ranked table per dataset."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ganzoo.columns import COLUMNS
from ganzoo.errors import StoreError, UnknownName
from ganzoo.escaping import csv_cell, csv_text
from ganzoo.files import locked, write_bytes, write_text
from ganzoo.leaderboard import datapackage, gallery, human, runs_table
from ganzoo.leaderboard.aggregate import aggregate, distinct, generators_behind, in_force, latest, left_out
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.leaderboard.jobs import variant_of
from ganzoo.leaderboard.own_numbers import own_numbers
from ganzoo.leaderboard.page import to_markdown
from ganzoo.leaderboard.rows import FLOAT_FORMAT, LONG, METRICS_FILE
from ganzoo.leaderboard.runs_table import RunsTable
from ganzoo.leaderboard.small_csv import PUBLISHED_FILE, header_of
from ganzoo.training import runs
from ganzoo.training.runs import RunFolder, RunStore
from ganzoo.types import SELF

if TYPE_CHECKING:
    from ganzoo.registry import Registry


def read_runs(folder: Path) -> pd.DataFrame:
    """The rows of an existing runs.csv, as text; an empty table where there is none."""
    return _frame(runs_table.read(folder))


def require_dataset(folder: Path, dataset: str) -> pd.DataFrame:
    """The rows of runs.csv where it has some of a dataset. Raises UnknownName where it has none."""
    table = read_runs(folder)
    known = sorted(set(table["dataset"]))
    if dataset not in known:
        raise UnknownName(
            f"leaderboard in {folder}", dataset, known, f"Run 'ganzoo bench --all --data {dataset}' first."
        )
    return table


def _frame(table: RunsTable) -> pd.DataFrame:
    return pd.DataFrame(table.known(), columns=list(COLUMNS), dtype="str")


def _nobody(sentence: str) -> None:
    """Whom nothing is told."""


def write(
    store: RunStore, folder: Path, registry: Registry, quick: bool = False, warn: Callable[[str], None] = _nobody
) -> list[Path]:
    """Update runs.csv and each dataset's tables from the run store; returns the files written.

    The same store and the same runs.csv give the same bytes. Whoever else writes there waits until this is done.
    ``warn`` is told, in a sentence, of each file of the store that is damaged and therefore gave no row.
    """
    with locked(folder, "leaderboards folder"):
        found = StoreIndex(store).collect(quick)
        for sentence in found.skipped:
            warn(sentence)
        extended = runs_table.read(folder).extended(found.rows)
        written = [runs_table.write(folder, extended)]
        written += _write_long(folder / METRICS_FILE, found.long)
        files = [(runs_table.RUNS_FILE, extended.header)]
        files += [(METRICS_FILE, list(LONG))] if (folder / METRICS_FILE).is_file() else []
        files += [(human.HUMAN_FILE, list(human.NAMES))] if (folder / human.HUMAN_FILE).is_file() else []
        table = _frame(extended)
        for dataset in sorted(set(table["dataset"])):
            rank_by = registry.rank_by(dataset)
            board = with_people(aggregate(table, dataset, rank_by), folder, table, dataset)
            written += _write_board(store, folder, table, board, dataset, rank_by, quick)
            files.append((f"{runs.slug(dataset)}.csv", list(board.columns)))
        files += [(PUBLISHED_FILE, header_of(folder / PUBLISHED_FILE))] if (folder / PUBLISHED_FILE).is_file() else []
        written.append(folder / datapackage.FILE)
        write_bytes(written[-1], datapackage.descriptor(files))
    return written


def with_people(board: pd.DataFrame, folder: Path, table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The board, with columns of what people said of its generators, where they were asked."""
    human.add_columns(board, folder, dataset, generators_behind(table, dataset))
    return board


def write_people(
    store: RunStore, folder: Path, registry: Registry, dataset: str, mode: str, found: list[human.Judged]
) -> list[Path]:
    """Put what people said of a dataset into human.csv, and bring the tables up to date."""
    with locked(folder, "leaderboards folder"):
        human.put(folder, dataset, mode, found)
    return [folder / human.HUMAN_FILE, *write(store, folder, registry)]


def _write_board(
    store: RunStore, folder: Path, table: pd.DataFrame, board: pd.DataFrame, dataset: str, rank_by: str, quick: bool
) -> list[Path]:
    name = runs.slug(dataset)
    picture = folder / f"{name}.png"
    written = [picture] if gallery.write(exemplars(store, table, dataset, board), picture) else []
    shown = picture.name if picture.is_file() else ""
    own = own_rows(folder, table, dataset, board)
    page = to_markdown(board, dataset, rank_by, quick, shown, left_out(table, dataset), own)
    for suffix, text in ((".csv", to_csv(board)), (".md", page)):
        written.append(folder / f"{name}{suffix}")
        write_text(written[-1], text)
    return written


def _write_long(path: Path, rows: list[dict[str, str]]) -> list[Path]:
    """Put rows into metrics.csv, over older ones of the same run and column; no file for none."""
    if not rows:
        return []
    table = pd.concat([_read_long(path), pd.DataFrame(rows, columns=list(LONG), dtype="str")])
    table = table.drop_duplicates(["run", "column"], keep="last").sort_values(["run", "column"], kind="stable")
    write_text(path, to_csv(table))
    return [path]


def _read_long(path: Path) -> pd.DataFrame:
    """The rows of an existing metrics.csv, as text; an empty table where there is none."""
    if not path.is_file():
        return pd.DataFrame(columns=list(LONG), dtype="str")
    try:
        found = pd.read_csv(path, dtype="str", keep_default_na=False).map(csv_text)
    except (ValueError, OSError) as error:
        raise StoreError(f"{path} cannot be read: {error}.", "Move it away and run the bench again.") from error
    if list(found.columns) != list(LONG):
        raise StoreError(
            f"{path} has the columns {', '.join(found.columns)}, not {', '.join(LONG)}.",
            "Move it away and run the bench again.",
        )
    return found


def own_rows(folder: Path, table: pd.DataFrame, dataset: str, board: pd.DataFrame) -> list[list[str]]:
    """What variants of a board report of themselves, by metrics.csv: of the seeds whose means the board has."""
    long = _read_long(folder / METRICS_FILE)
    long = long[long["column"].str.startswith(SELF)]
    if not len(long):
        return []
    rows = table[table["dataset"] == dataset]
    groups = rows[in_force(rows)].groupby("variant")
    behind = {str(variant): list(distinct(latest(group))["run"]) for variant, group in groups}
    return own_numbers([(name, behind[name]) for name in board["variant"]], long.to_numpy().tolist())


def exemplars(store: RunStore, table: pd.DataFrame, dataset: str, board: pd.DataFrame) -> list[tuple[str, RunFolder]]:
    """Each name on a board, in its order, with the run of its first seed, where that generator is still there."""
    good = table[(table["dataset"] == dataset) & (table["status"] == "ok") & (table["run"] != "")]
    first = {name: latest(group).iloc[0] for name, group in good.groupby("variant")}
    names = [name for name in board["variant"] if name in first]
    shown = [(name, store.folder(dataset, variant_of(name), first[name]["run"])) for name in names]
    return [
        (name, folder)
        for name, folder in shown
        if (run := folder.finished()) is not None and run.onnx_sha256 == first[name]["onnx_sha256"]
    ]


def to_csv(table: pd.DataFrame) -> str:
    """CSV with LF line ends and floats of six significant digits; no text is a formula of a spreadsheet."""
    text = io.StringIO()
    shown = table.map(lambda cell: csv_cell(cell) if isinstance(cell, str) else cell)
    shown.to_csv(text, index=False, lineterminator="\n", float_format=FLOAT_FORMAT)
    return text.getvalue()
