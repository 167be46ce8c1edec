"""CSV files of one kind of row beside runs.csv: read strictly, written whole."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ganzoo.errors import StoreError
from ganzoo.escaping import csv_cell, csv_text
from ganzoo.files import write_text
from ganzoo.leaderboard.rows import FLOAT_FORMAT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
PUBLISHED_FILE = "published.csv"
"""Numbers in print and ours beside them, which ``ganzoo.published`` reads and writes."""


def header_of(path: Path) -> list[str]:
    """The names in a file's first line; none of a file that is empty or not UTF-8."""
    try:
        return next(csv.reader(path.read_text("utf-8").splitlines()), [])
    except (OSError, ValueError, csv.Error):
        return []


def read_rows(path: Path, names: Sequence[str], row: Callable[[Mapping[str, str]], T], remedy: str) -> list[T]:
    """The rows of a file whose header is ``names``, each made by ``row`` of its cells; none where there is no file.

    Raises StoreError, with ``remedy`` as its hint, for any other file and where ``row`` raises ValueError.
    """
    if not path.is_file():
        return []
    try:
        header, *rows = list(csv.reader(io.StringIO(path.read_text("utf-8")), strict=True)) or [[]]
        if tuple(header) != tuple(names):
            raise ValueError(f"its header is not {','.join(names)}")
        return [row(dict(zip(names, map(csv_text, cells), strict=True))) for cells in rows if cells]
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise StoreError(f"{path} cannot be read: {error}.", remedy) from error


def write_rows(path: Path, names: Sequence[str], rows: Iterable[DataclassInstance]) -> None:
    """Replace a file by these rows, whose fields are ``names``; NaN and None are empty cells."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    table.writerows([[_cell(value) for value in asdict(each).values()] for each in rows])
    write_text(path, text.getvalue())


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return FLOAT_FORMAT % value if isinstance(value, float) else csv_cell(str(value))
