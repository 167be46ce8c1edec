"""One dataset's board from the rows of runs.csv: which count, their means and intervals, the models' places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ganzoo.columns import COLUMNS, MEASURED, TOTALS
from ganzoo.leaderboard.ranking import HIGHER, Group, Place, half_width, not_ranked, places, scaled
from ganzoo.training import runs

if TYPE_CHECKING:
    from ganzoo.types import Array

NORMAL = 1.96


def aggregate(table: pd.DataFrame, dataset: str, rank_by: str = "fid", total: bool = False) -> pd.DataFrame:
    """One row per variant of a dataset: means over seeds, 95 % half-widths, places by one metric, collapse rate.

    Only the protocol of the last bench is shown, and of each variant the version and options that it tried last. Seeds
    that gave the same generator count once. Half-widths are of ``ranking.half_width``, places of ``ranking.places``;
    ``not_ranked`` says why a model has none. ``best_seed`` is the best value of a seed, which no mean is compared with.
    With ``total`` half-widths count that the reference is a sample, too, where that is known; places never do, as it is
    the same for all.
    """
    rows = table[table["dataset"] == dataset]
    rows = rows[in_force(rows)]
    most_modes = float(pd.to_numeric(rows["modes"], errors="coerce").max())
    tables = {str(variant): latest(group) for variant, group in rows.groupby("variant", sort=True)}
    board = pd.DataFrame([_entry(group, most_modes, total) for group in tables.values()])
    _place(board, [_group(distinct(group), rank_by) for group in tables.values()], rank_by)
    board["_role"] = board["role"].map({"model": 0, "comparator": 1, runs.REAL: 2, "floor": 3, "ceiling": 4})
    board["_worse"] = _sign(rank_by) * board[rank_by]
    board = board.sort_values(["_role", "_worse", "variant"], kind="stable", ignore_index=True, na_position="last")
    return board.drop(columns=["_role", "_worse"])


@dataclass(frozen=True)
class Tally:
    """What a variant's rows on a board come to in one column."""

    group: Group
    failed: int
    role: str
    contents: frozenset[str]
    """The hashes of its generators; one that is not known is an empty text."""


def tallies(table: pd.DataFrame, dataset: str, column: str) -> dict[str, Tally]:
    """Each variant of a dataset's board by name, with the values of its seeds in a column of ``COLUMNS``."""
    rows = table[table["dataset"] == dataset]
    found = {}
    for variant, group in rows[in_force(rows)].groupby("variant", sort=True):
        last = latest(group)
        one = distinct(last)
        failed = int((last["status"] != "ok").sum())
        found[str(variant)] = Tally(
            _group(one, column), failed, str(last["role"].iloc[-1]), frozenset(one["content_hash"])
        )
    return found


def rows_behind(table: pd.DataFrame, dataset: str) -> dict[str, list[dict[str, str]]]:
    """Each variant of a dataset's board by name, with its rows of runs.csv that count, one a seed, failed ones too."""
    rows = table[table["dataset"] == dataset]
    groups = rows[in_force(rows)].groupby("variant", sort=True)
    return {
        str(variant): [
            {str(k): str(v) for k, v in row.items() if k in COLUMNS} for row in latest(group).to_dict("records")
        ]
        for variant, group in groups
    }


def protocol_of(table: pd.DataFrame, dataset: str) -> str:
    """The protocol of a dataset's board; "" where nothing was scored."""
    rows = table[table["dataset"] == dataset]
    return next((str(each) for each in rows[in_force(rows)]["protocol"] if each), "")


def generators_behind(table: pd.DataFrame, dataset: str) -> dict[str, set[str]]:
    """The sha256 of the generators behind each row of a dataset's board, by variant."""
    return {
        variant: {row["onnx_sha256"] for row in rows if row["onnx_sha256"]}
        for variant, rows in rows_behind(table, dataset).items()
    }


def _turns(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order in which they were made: by bench, and where it is the same or unknown as they stand."""
    turns = rows.assign(bench=_whole(rows["bench"]), attempt=_whole(rows["attempt"]))
    return turns.sort_values("bench", kind="stable")


def _whole(cells: pd.Series[str]) -> pd.Series[int]:
    return pd.to_numeric(cells, errors="coerce").fillna(0).astype(int)


def in_force(rows: pd.DataFrame) -> pd.Series[bool]:
    """Which of a dataset's rows are of the protocol scored last, or of none."""
    scored = _turns(rows[rows["protocol"] != ""])
    if not len(scored):
        return pd.Series(True, index=rows.index)
    return rows["protocol"].isin([scored["protocol"].iloc[-1], ""])


def left_out(table: pd.DataFrame, dataset: str) -> str:
    """How many rows a dataset's board leaves out, and why; empty where it shows all."""
    rows = table[table["dataset"] == dataset]
    others = rows[~in_force(rows)]["protocol"]
    if not len(others):
        return ""
    count = "1 row" if len(others) == 1 else f"{len(others)} rows"
    verb = "is" if len(others) == 1 else "are"
    return f"{count} scored under other protocols {verb} left out ({', '.join(sorted(set(others)))})"


def _entry(rows: pd.DataFrame, most_modes: float, total: bool) -> dict[str, Any]:
    good = rows[rows["status"] == "ok"]
    one = distinct(rows)
    about = (good if len(good) else rows).iloc[-1]
    entry: dict[str, Any] = {name: about[name] for name in ("variant", "role", "backend", "distribution", "version")}
    entry |= {"seeds": len(one), "failed": len(rows) - len(good), "collapse_rate": _collapse_rate(rows, most_modes)}
    for name in MEASURED:
        values = _numbers(one, name)
        entry[name] = values.mean() if len(values) else np.nan
        errors = _numbers(one, f"{name}_se")
        entry[f"{name}_ci"] = np.hypot(half_width(values, errors), _reference_part(one, name) if total else 0.0)
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


def distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that went well, those with the generator of an earlier seed left out: they say nothing new."""
    good = rows[rows["status"] == "ok"]
    return good[~(good["content_hash"].duplicated() & (good["content_hash"] != ""))]


def latest(group: pd.DataFrame) -> pd.DataFrame:
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
    return -1 if rank_by in HIGHER else 1


def _group(rows: pd.DataFrame, rank_by: str) -> Group:
    return Group(_numbers(rows, rank_by), _numbers(rows, f"{rank_by}_se"))


def _place(board: pd.DataFrame, groups: Sequence[Group], rank_by: str) -> None:
    """Add the models' ranks as the first column; at the end what else is said of their places, and their best seed."""
    models = [i for i, role in enumerate(board["role"]) if role == "model"]
    seeds = [len(groups[i].values) for i in models]
    reasons = dict(zip(models, not_ranked(seeds, [int(board["failed"].iloc[i]) for i in models]), strict=True))
    ranked = [i for i in models if not reasons[i]]
    found = dict(zip(ranked, places(scaled([groups[i] for i in ranked], rank_by)), strict=True))
    names = [str(board["variant"].iloc[i]) for i in ranked]
    rows = [_placed(found.get(i), names) for i in range(len(board))]
    for column in ("rank", "behind", "rank_to", "p_best"):
        board.insert(0 if column == "rank" else len(board.columns), column, [row[column] for row in rows])
    board["best_seed"] = [_best_seed(group.values, rank_by) for group in groups]
    board["not_ranked"] = [reasons.get(i, "") for i in range(len(board))]


def _placed(place: Place | None, names: Sequence[str]) -> dict[str, Any]:
    if place is None:
        return {"rank": "", "behind": "", "rank_to": "", "p_best": np.nan}
    ahead = ", ".join(names[i] for i in place.behind)
    return {"rank": str(place.rank), "behind": ahead, "rank_to": str(place.rank_to), "p_best": round(place.p_best, 4)}


def _best_seed(values: Array, rank_by: str) -> float:
    if not len(values):
        return np.nan
    return float(values.max() if rank_by in HIGHER else values.min())
