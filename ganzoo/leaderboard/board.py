"""Leaderboards: one long table of runs, and one ranked table per dataset. The only module that uses pandas."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ganzoo.columns import COLUMNS, MEASURED, TOTALS
from ganzoo.errors import StoreError
from ganzoo.escaping import csv_cell, csv_text
from ganzoo.files import locked, write_bytes, write_text
from ganzoo.leaderboard import datapackage, gallery, runs_table
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.leaderboard.own_numbers import own_numbers
from ganzoo.leaderboard.page import to_markdown
from ganzoo.leaderboard.ranking import better, half_width, ranks
from ganzoo.leaderboard.rows import FLOAT_FORMAT, LONG, METRICS_FILE
from ganzoo.leaderboard.runs_table import RunsTable
from ganzoo.training import runs
from ganzoo.training.runs import RunFolder, RunStore
from ganzoo.types import SELF

if TYPE_CHECKING:
    from ganzoo.registry import Registry
    from ganzoo.types import Array

NORMAL = 1.96


def read_runs(folder: Path) -> pd.DataFrame:
    """The rows of an existing runs.csv, as text; an empty table where there is none."""
    return _frame(runs_table.read(folder))


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
        table = _frame(extended)
        for dataset in sorted(set(table["dataset"])):
            rank_by = registry.rank_by(dataset)
            board = aggregate(table, dataset, rank_by)
            written += _write_board(store, folder, table, board, dataset, rank_by, quick)
            files.append((f"{runs.slug(dataset)}.csv", list(board.columns)))
        written.append(folder / datapackage.FILE)
        write_bytes(written[-1], datapackage.descriptor(files))
    return written


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
    groups = rows[_in_force(rows)].groupby("variant")
    behind = {str(variant): list(_distinct(_latest(group))["run"]) for variant, group in groups}
    return own_numbers([(name, behind[name]) for name in board["variant"]], long.to_numpy().tolist())


def exemplars(store: RunStore, table: pd.DataFrame, dataset: str, board: pd.DataFrame) -> list[tuple[str, RunFolder]]:
    """Each variant of a board, in its order, with the run of its first seed, where that generator is still there."""
    good = table[(table["dataset"] == dataset) & (table["status"] == "ok") & (table["run"] != "")]
    first = {variant: _latest(group).iloc[0] for variant, group in good.groupby("variant")}
    shown = [(name, store.folder(dataset, name, first[name]["run"])) for name in board["variant"] if name in first]
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


def aggregate(table: pd.DataFrame, dataset: str, rank_by: str = "fid", total: bool = False) -> pd.DataFrame:
    """One row per variant of a dataset: means over seeds, 95 % half-widths, rank by one metric, collapse rate.

    Only the protocol of the last bench is shown, and of each variant the version and options that it tried last. Seeds
    that gave the same generator count once. Half-widths are Student's t over seeds; they are empty below two seeds,
    and then there is no rank. ``behind`` names the models that are significantly better. With ``total`` half-widths
    count that the reference is a sample, too, where that is known; ranks never do, as it is the same for all.
    """
    rows = table[table["dataset"] == dataset]
    rows = rows[_in_force(rows)]
    most_modes = float(pd.to_numeric(rows["modes"], errors="coerce").max())
    tried = {str(variant): _latest(group) for variant, group in rows.groupby("variant", sort=True)}
    board = pd.DataFrame([_entry(group, most_modes, total) for group in tried.values()])
    _rank(board, [_numbers(_distinct(group), rank_by) for group in tried.values()], rank_by)
    board["_role"] = board["role"].map({"model": 0, "comparator": 1, runs.REAL: 2, "floor": 3, "ceiling": 4})
    board["_worse"] = _sign(rank_by) * board[rank_by]
    board = board.sort_values(["_role", "_worse", "variant"], kind="stable", ignore_index=True, na_position="last")
    return board.drop(columns=["_role", "_worse"])


def _turns(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order in which they were made: by bench, and where it is the same or unknown as they stand."""
    turns = rows.assign(bench=_whole(rows["bench"]), attempt=_whole(rows["attempt"]))
    return turns.sort_values("bench", kind="stable")


def _whole(cells: pd.Series[str]) -> pd.Series[int]:
    return pd.to_numeric(cells, errors="coerce").fillna(0).astype(int)


def _in_force(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which of a dataset's rows are of the protocol scored last, or of none."""
    scored = _turns(rows[rows["protocol"] != ""])
    if not len(scored):
        return pd.Series(True, index=rows.index)
    return rows["protocol"].isin([scored["protocol"].iloc[-1], ""])


def left_out(table: pd.DataFrame, dataset: str) -> str:
    """How many rows a dataset's board leaves out, and why; empty where it shows all."""
    rows = table[table["dataset"] == dataset]
    others = rows[~_in_force(rows)]["protocol"]
    if not len(others):
        return ""
    count = "1 row" if len(others) == 1 else f"{len(others)} rows"
    verb = "is" if len(others) == 1 else "are"
    return f"{count} scored under other protocols {verb} left out ({', '.join(sorted(set(others)))})"


def _entry(rows: pd.DataFrame, most_modes: float, total: bool) -> dict[str, Any]:
    good = rows[rows["status"] == "ok"]
    one = _distinct(rows)
    about = (good if len(good) else rows).iloc[-1]
    entry: dict[str, Any] = {name: about[name] for name in ("variant", "role", "backend", "distribution", "version")}
    entry |= {"seeds": len(one), "failed": len(rows) - len(good), "collapse_rate": _collapse_rate(rows, most_modes)}
    for name in MEASURED:
        values = _numbers(one, name)
        entry[name] = values.mean() if len(values) else np.nan
        entry[f"{name}_ci"] = np.hypot(half_width(values), _reference_part(one, name) if total else 0.0)
    for name in ("parameters", "steps", "train_seconds", "train_cpu_seconds", "samples_per_second"):
        entry[name] = pd.to_numeric(good[name], errors="coerce").mean()
    notes = sorted({note for note in rows["note"] if note})
    entry |= {"protocol": about["protocol"], "options_hash": about["options_hash"], "note": "; ".join(notes)}
    return entry | {"copies": len(good) - len(one), "extractor": about["extractor"], "n_fake": about["n_fake"]}


def _reference_part(rows: pd.DataFrame, name: str) -> float:
    """What the reference's own sampling adds to half of a 95 % interval: all seeds share it."""
    if name not in TOTALS:
        return 0.0
    squares = [np.square(_numbers(rows, f"{name}_{error}")) for error in ("total", "se")]
    if not len(squares[0]) or len(squares[0]) != len(squares[1]):
        return 0.0
    return float(NORMAL * np.sqrt(max((squares[0] - squares[1]).mean(), 0.0)))


def _numbers(rows: pd.DataFrame, name: str) -> Array:
    return np.array(pd.to_numeric(rows[name], errors="coerce").dropna(), dtype=float)


def _distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that went well, those with the generator of an earlier seed left out: they say nothing new."""
    good = rows[rows["status"] == "ok"]
    return good[~(good["content_hash"].duplicated() & (good["content_hash"] != ""))]


def _latest(group: pd.DataFrame) -> pd.DataFrame:
    """Of each seed one row, of the version and options that were tried last.

    Of a run the row of the last attempt counts, and one that went well before one that failed at the same attempt, in
    a bench beside it. A failure before its run was known counts where nothing else is.
    """
    turns = _turns(group)
    turns = turns.assign(_ok=turns["status"] == "ok", _known=(turns["status"] == "ok") | (turns["run"] != ""))
    recipe = turns["version"] + "\n" + turns["options_hash"]
    if turns["_known"].any():
        turns = turns[~turns["_known"] | (recipe == recipe[turns["_known"]].iloc[-1])]
    turns = turns.sort_values(["attempt", "_ok"], kind="stable").drop_duplicates(["seed", "run"], keep="last")
    turns = turns.sort_values(["_known", "bench"], kind="stable").drop_duplicates("seed", keep="last")
    return turns.drop(columns=["_ok", "_known"]).sort_values("seed")


def _collapse_rate(rows: pd.DataFrame, most_modes: float) -> float:
    """Share of seeds that gave no model, or one with less than half of the modes that any row of the table has."""
    modes = pd.to_numeric(rows["modes"], errors="coerce")
    return float(((rows["status"] != "ok") | (modes < most_modes / 2)).mean())


def _sign(rank_by: str) -> int:
    """What turns a metric so that more is worse."""
    return -1 if rank_by == "coverage" else 1


def _rank(board: pd.DataFrame, values: Sequence[Array], rank_by: str) -> None:
    """Add the ranks of the models, as the first column, and whom each is behind, as the last."""
    models = [i for i, role in enumerate(board["role"]) if role == "model"]
    names = list(board["variant"])
    groups = [_sign(rank_by) * values[i] for i in models]
    behind = better(groups)
    places = dict(zip(models, ranks(groups, behind), strict=True))
    ahead = {i: ", ".join(names[models[k]] for k in found) for i, found in zip(models, behind, strict=True)}
    board.insert(0, "rank", [str(places.get(i) or "") for i in range(len(board))])
    board["behind"] = [ahead.get(i, "") for i in range(len(board))]
