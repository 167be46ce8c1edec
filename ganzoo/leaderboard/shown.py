"""A board as it was shown before, so that to look at it again costs no work on the table behind it.

The cache is in the user's cache folder and can be removed at any time. Its keys are hashes of all that a board follows
from: the bytes of runs.csv and metrics.csv, the dataset, what it is ranked by, and the code.
"""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo.errors import StoreError
from ganzoo.escaping import csv_text
from ganzoo.files import cache_root, sha256
from ganzoo.leaderboard import human
from ganzoo.leaderboard.index import code_stamp
from ganzoo.leaderboard.rows import METRICS_FILE
from ganzoo.leaderboard.runs_table import RUNS_FILE
from ganzoo.options import content_hash
from ganzoo.sealed import read_json, write_json

if TYPE_CHECKING:
    from ganzoo.registry import Registry

KEPT = 64
"""Boards that stay in the cache."""


class Shown(msgspec.Struct, frozen=True):
    """A board as people read it."""

    extractor: str
    header: list[str]
    rows: list[list[str]]
    remarks: list[str]
    columns: list[str] = []
    """The column of ``<dataset>.csv`` behind each of the header."""
    names: list[str] = []
    """All columns of ``<dataset>.csv``."""
    cells: list[list[str]] = []
    """Its rows, as text, in the order of ``rows``."""
    own: list[list[str]] = []
    """What variants report of themselves, by the header of ``page.OWN_HEADER``."""


def shown(out: Path, dataset: str, registry: Registry, total: bool = False) -> Shown:
    """The board of a dataset in a folder of leaderboards.

    Raises UnknownName where it has none, StoreError where runs.csv is no such table.
    """
    rank_by = registry.rank_by(dataset)
    path = _place(out, dataset, rank_by, total)
    if path is not None:
        with suppress(OSError, StoreError):
            return read_json(path, Shown)
    from ganzoo.leaderboard import aggregate, board, page

    table = board.require_dataset(out, dataset)
    found = board.with_people(aggregate.aggregate(table, dataset, rank_by, total), out, table, dataset)
    header, rows = page.shown_table(found)
    own = board.own_rows(out, table, dataset, found)
    names, *cells = csv.reader(io.StringIO(board.to_csv(found)))
    made = Shown(
        extractor=page.extractor_of(found),
        header=header,
        rows=rows,
        remarks=page.remarks(found, aggregate.left_out(table, dataset)),
        columns=page.shown_columns(found),
        names=names,
        cells=[[csv_text(cell) for cell in row] for row in cells],
        own=own,
    )
    if path is not None:
        _keep(path, made)
    return made


def _place(out: Path, dataset: str, rank_by: str, total: bool) -> Path | None:
    """Where the board is cached; None where there is no table, which ``shown`` then says."""
    try:
        files = [sha256(out / RUNS_FILE)]
        if (out / METRICS_FILE).is_file():
            files.append(sha256(out / METRICS_FILE))
        files.append(human.stamp(out))
    except OSError:
        return None
    return cache_root() / "boards" / f"{content_hash([code_stamp(), files, dataset, rank_by, total])}.json"


def _keep(path: Path, made: Shown) -> None:
    """Cache a board, and forget the oldest; a full or read-only disk costs time, not the board."""
    with suppress(OSError, StoreError):
        write_json(path, made)
        cached = sorted(path.parent.glob("*.json"), key=lambda each: each.stat().st_mtime_ns)
        for old in cached[:-KEPT]:
            old.unlink()
