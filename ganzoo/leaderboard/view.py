"""A part of a board, as somebody asked for it: rows that meet conditions, in another order, of chosen columns.

Ranks, intervals and marks are those of the whole board, whatever is left out of it.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ganzoo.errors import UnknownName, UsageError
from ganzoo.escaping import csv_cell, html
from ganzoo.leaderboard import datapackage
from ganzoo.leaderboard.page import grid, less_is_better, plus_minus
from ganzoo.leaderboard.shown import Shown

LEADING = ("rank", "variant")
"""Columns that stand first, whichever are asked for."""
ROLES = ("model", "comparator", "real", "floor", "ceiling")
_CONDITION = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=|<|>)\s*(.*?)\s*", re.ASCII | re.DOTALL)
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class Condition:
    """``backend=torch,jax``, ``role!=floor`` or ``fid<2``."""

    column: str
    sign: str
    value: str

    def holds(self, cell: str) -> bool:
        """Whether a row whose column has this cell meets it; nothing is less or more than an empty cell."""
        if self.sign in _ORDERS:
            return _ORDERS[self.sign](_number(cell), _number(self.value))
        equal = any(_same(cell, each.strip()) for each in self.value.split(","))
        return equal == (self.sign == "=")


def condition(text: str) -> Condition:
    """Read one. Raises UsageError for what is none."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(f"'{text}' is no condition.", "Write for example backend=torch,jax or role!=floor or 'fid<2'.")
    column, sign, value = found.groups()
    if sign in _ORDERS and math.isnan(_number(value)):
        raise UsageError(f"'{text}' compares with '{value}', which is no number.")
    return Condition(column, sign, value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _same(cell: str, value: str) -> bool:
    return cell == value or _number(cell) == _number(value)


def selected(board: Shown, sort: str = "", columns: Sequence[str] = (), where: Sequence[Condition] = ()) -> Shown:
    """The board with the rows that meet all conditions, by ``sort`` and with ``columns`` (see ``LEADING``).

    ``sort`` is a column, best first, or smallest first where none is better; ``-`` before it turns the order. Rows of
    one role stay together, and rows without a value come last. Raises UnknownName for a column that is none.
    """
    for name in (sort.removeprefix("-"), *columns, *(each.column for each in where)):
        if name and name not in board.names:
            raise UnknownName("column", name, board.names)
    chosen = [
        i for i, cells in enumerate(board.cells) if all(each.holds(_cell(board, cells, each.column)) for each in where)
    ]
    if sort:
        chosen.sort(key=_key(board, sort))
    return _with_columns(_with_rows(board, chosen), columns) if columns else _with_rows(board, chosen)


def _cell(board: Shown, cells: Sequence[str], column: str) -> str:
    return cells[board.names.index(column)]


def _key(board: Shown, sort: str) -> Callable[[int], Any]:
    column = sort.removeprefix("-")
    turned = sort.startswith("-") == less_is_better(column)
    texts = [_cell(board, cells, column) for cells in board.cells]
    plain = any(text and math.isnan(_number(text)) for text in texts)
    order = {text: i for i, text in enumerate(sorted(set(texts), key=str.casefold))}

    def key(i: int) -> tuple[int, bool, float]:
        value = float(order[texts[i]]) if plain else _number(texts[i])
        role = ROLES.index(_cell(board, board.cells[i], "role"))
        return role, not texts[i], 0.0 if not texts[i] else -value if turned else value

    return key


def _with_rows(board: Shown, chosen: Sequence[int]) -> Shown:
    left = len(board.rows) - len(chosen)
    remark = [f"{left} of {len(board.rows)} rows are not shown; ranks are those among all."] if left else []
    return msgspec.structs.replace(
        board,
        rows=[board.rows[i] for i in chosen],
        cells=[board.cells[i] for i in chosen],
        remarks=[*board.remarks, *remark],
        own=[] if left else board.own,
    )


def _with_columns(board: Shown, columns: Sequence[str]) -> Shown:
    names = list(dict.fromkeys([*LEADING, *columns]))
    pairs = list(zip(board.rows, board.cells, strict=True))
    return msgspec.structs.replace(
        board,
        header=[board.header[board.columns.index(name)] if name in board.columns else name for name in names],
        rows=[[_as_read(board, row, cells, name) for name in names] for row, cells in pairs],
        columns=names,
        names=names,
        cells=[[_cell(board, cells, name) for name in names] for cells in board.cells],
        own=[],
    )


def _as_read(board: Shown, row: Sequence[str], cells: Sequence[str], name: str) -> str:
    """A cell as people read it: as the whole board has it, or from the file, with its interval where it has one."""
    if name in board.columns:
        return row[board.columns.index(name)]
    text = _cell(board, cells, name)
    half = _cell(board, cells, f"{name}_ci") if f"{name}_ci" in board.names else ""
    return plus_minus(_number(text), _number(half)) if half else text


def to_csv(board: Shown) -> str:
    """Its cells for programs, with LF line ends; no text is a formula of a spreadsheet."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [board.names, *([csv_cell(cell) for cell in row] for row in board.cells)]
    )
    return text.getvalue()


def to_json(board: Shown, dataset: str) -> dict[str, Any]:
    """Its cells for programs: numbers as numbers, nothing as null."""
    kinds = [datapackage.field(name)["type"] for name in board.names]
    rows = [
        {name: _value(cell, kind) for name, cell, kind in zip(board.names, cells, kinds, strict=True)}
        for cells in board.cells
    ]
    return {"dataset": dataset, "extractor": board.extractor, "remarks": board.remarks, "rows": rows}


def json_bytes(board: Shown, dataset: str) -> bytes:
    """The same as a file, with a line end."""
    return msgspec.json.format(msgspec.json.encode(to_json(board, dataset)), indent=1) + b"\n"


def _value(cell: str, kind: str) -> Any:
    if kind == "string":
        return cell
    number = _number(cell)
    if math.isnan(number):
        return cell or None
    return int(number) if kind == "integer" and number.is_integer() else number


def to_markdown(board: Shown) -> str:
    """Its table in Markdown."""
    return "\n".join(grid(board.header, board.rows)) + "\n"


def to_html(board: Shown, dataset: str) -> str:
    """Its table in HTML, with nothing around it: for a page of one's own."""
    caption = html(f"{dataset}, extractor {board.extractor}" if board.extractor else dataset)
    head = "".join(f'<th scope="col">{html(cell)}</th>' for cell in board.header)
    rows = ["<tr>" + "".join(f"<td>{html(cell)}</td>" for cell in row) + "</tr>" for row in board.rows]
    return "\n".join(
        [
            f"<table>\n<caption>{caption}</caption>",
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *rows,
            "</tbody>",
            "</table>\n",
        ]
    )
