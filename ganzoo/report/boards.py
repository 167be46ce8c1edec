"""What the page of all boards shows of each: a table with drawn intervals, charts, files to take away, failures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ganzoo.leaderboard.page import SHOWN, less_is_better
from ganzoo.leaderboard.ranking import LOGARITHMIC
from ganzoo.report.charts import Point, interval, scatter, strip_axis
from ganzoo.report.gathered import Board, Row

TRAINED = ("model", "comparator")
"""The roles of what costs training; floors are there at once."""
INTERVAL = "interval"
"""The column that draws what ranks."""


def number(row: Row, column: str) -> float:
    """A cell as a number; NaN where it is empty."""
    return float(row.cells.get(column) or "nan")


def board_view(
    board: Board, link: Callable[[Row], str], files: Sequence[dict[str, str]], picture: str
) -> dict[str, Any]:
    """The template's words for one board; ``link`` is where a row's page is."""
    return {
        "dataset": board.dataset,
        "slug": board.slug,
        "extractor": board.shown.extractor,
        "protocol": next((row.cells["protocol"] for row in board.rows if row.cells["protocol"]), ""),
        "rank_by": board.rank_by,
        "remarks": board.shown.remarks,
        "best": _best(board),
        "header": _header(board),
        "rows": _rows(board, link),
        "files": files,
        "picture": picture,
        "charts": _charts(board, link),
        "failures": [f"{row.variant}: {row.cells['note']}" for row in board.rows if row.cells["failed"] != "0"],
    }


def _best(board: Board) -> str:
    """One sentence on who is first, and how sure that is."""
    ranked = [row for row in board.rows if row.cells["rank"]]
    if not ranked:
        return ""
    first = [row.variant for row in ranked if row.cells["rank"] == "1"]
    p = max(ranked, key=lambda row: number(row, "p_best"))
    if len(first) == 1:
        return f"{first[0]} is first of {len(ranked)} models, and significantly so."
    chance = p.read[board.shown.columns.index("p_best")]
    return f"{len(first)} of {len(ranked)} models may be the first, most likely {p.variant}: P(best) is {chance}."


def _columns(board: Board) -> list[str]:
    """Those of the table, with what ranks, and its drawing, beside the names."""
    columns = [column for column in board.shown.columns if column != board.rank_by]
    columns[2:2] = [*([board.rank_by] if board.rank_by in board.shown.columns else []), INTERVAL]
    return columns


def _header(board: Board) -> list[dict[str, str]]:
    texts = dict(zip(board.shown.columns, board.shown.header, strict=True)) | {INTERVAL: f"{board.rank_by} drawn"}
    return [{"column": column, "text": texts[column]} for column in _columns(board)]


def _rows(board: Board, link: Callable[[Row], str]) -> list[dict[str, Any]]:
    values = [(number(row, board.rank_by), number(row, f"{board.rank_by}_ci")) for row in board.rows]
    ends = [value + sign * (half if math.isfinite(half) else 0) for value, half in values for sign in (-1, 1)]
    log = board.rank_by in LOGARITHMIC
    axis = strip_axis([end for end in ends if not log or end > 0], log)
    found = []
    for row, (value, half) in zip(board.rows, values, strict=True):
        texts: dict[str, str] = dict(zip(board.shown.columns, row.read, strict=True))
        texts[INTERVAL] = interval(value, half, axis)
        sorted_by = row.cells | {INTERVAL: row.cells[board.rank_by]}
        cells = [{"column": c, "text": texts[c], "value": sorted_by.get(c, "")} for c in _columns(board)]
        about = {"role": row.cells["role"], "backend": row.cells["backend"], "variant": row.variant}
        found.append({**about, "link": link(row), "cells": cells})
    return found


def _charts(board: Board, link: Callable[[Row], str]) -> list[dict[str, Any]]:
    """Quality against cost, and precision against recall; each where there are two rows to compare."""
    log, better = board.rank_by in LOGARITHMIC, "lower" if less_is_better(board.rank_by) else "higher"
    groups = sorted({_group(row) for row in board.rows})
    trained = [row for row in board.rows if row.cells["role"] in TRAINED]
    cost = _points(trained, "train_cpu_seconds", board.rank_by, link)
    both = _points(board.rows, "recall", "precision", link)
    found = []
    if len(cost) > 1:
        names = "CPU seconds of training", SHOWN[board.rank_by]
        text = f"Quality against cost: {better} is better, and left is cheaper."
        found.append({"svg": scatter(cost, *names, groups, x_log=True, y_log=log), "text": text})
    if len(both) > 1:
        names = SHOWN["recall"], SHOWN["precision"]
        text = "Precision against recall: up is more real, right is more varied."
        found.append({"svg": scatter(both, *names, groups), "text": text})
    return found


def _points(rows: Sequence[Row], x: str, y: str, link: Callable[[Row], str]) -> list[Point]:
    """A mark for each row that has both values."""
    found = []
    for row in rows:
        values, halves = ([number(row, f"{name}{end}") for name in (x, y)] for end in ("", "_ci"))
        if all(map(math.isfinite, values)):
            x_half, y_half = (half if math.isfinite(half) else 0.0 for half in halves)
            at, up = values
            found.append(Point(row.variant, _group(row), at, up, x_half, y_half, link(row)))
    return found


def _group(row: Row) -> str:
    """What a mark's colour and shape say: the framework; the role of what none has trained."""
    return row.cells["backend"] or row.cells["role"]
