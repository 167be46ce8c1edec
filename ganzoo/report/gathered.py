"""What a report is made of: each board with its rows, the rows of runs.csv behind them, and the runs of the store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import StoreError, UnknownName, UsageError
from ganzoo.leaderboard import aggregate, board
from ganzoo.leaderboard.jobs import variant_of
from ganzoo.leaderboard.runs_table import RUNS_FILE
from ganzoo.leaderboard.shown import Shown, shown
from ganzoo.training.runs import Manifest, RunFolder, RunStore

if TYPE_CHECKING:
    from ganzoo.registry import Registry

OF_A_FILE = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True)
class Seed:
    """One seed of a variant, or the seed that failed."""

    cells: dict[str, str]
    """Its row of runs.csv, by column."""
    folder: RunFolder | None
    """Of its run, where the store still has the generator that was scored."""
    manifest: Manifest | None


@dataclass(frozen=True)
class Row:
    """One variant on a board."""

    variant: str
    slug: str
    """Its name as part of a file's name, unlike that of any other row."""
    read: list[str]
    """Its cells as people read them, by ``Shown.header``."""
    cells: dict[str, str]
    """Its row of ``<dataset>.csv``, by column."""
    seeds: list[Seed]

    @property
    def made(self) -> list[Seed]:
        """The seeds whose generator is there."""
        return [seed for seed in self.seeds if seed.folder is not None]


@dataclass(frozen=True)
class Board:
    """One dataset."""

    dataset: str
    slug: str
    rank_by: str
    shown: Shown
    rows: list[Row]


def gather(out: Path, store: RunStore, registry: Registry, datasets: Sequence[str] = ()) -> list[Board]:
    """The boards of a folder of leaderboards, all or those named, in the order of their names.

    Raises UsageError where there is none, UnknownName for one that is not there, StoreError where runs.csv is no table.
    """
    if not (out / RUNS_FILE).is_file():
        raise UsageError(f"{out} has no leaderboards: there is no {RUNS_FILE}.", "Run 'ganzoo bench' first.")
    table = board.read_runs(out)
    known = sorted(set(table["dataset"]))
    if not known:
        raise UsageError(f"{out / RUNS_FILE} has no row yet.", "Run 'ganzoo bench' first.")
    for name in datasets:
        if name not in known:
            raise UnknownName(f"leaderboard in {out}", name, known)
    return [_board(out, store, registry, name) for name in known if not datasets or name in datasets]


def _board(out: Path, store: RunStore, registry: Registry, dataset: str) -> Board:
    found = shown(out, dataset, registry)
    behind = aggregate.rows_behind(board.read_runs(out), dataset)
    rows = []
    for read, values in zip(found.rows, found.cells, strict=True):
        cells = dict(zip(found.names, values, strict=True))
        variant = cells["variant"]
        seeds = [_seed(store, dataset, variant, row) for row in behind.get(variant, [])]
        rows.append(Row(variant, slug(variant), read, cells, seeds))
    return Board(dataset, slug(dataset), registry.rank_by(dataset), found, rows)


def _seed(store: RunStore, dataset: str, variant: str, cells: dict[str, str]) -> Seed:
    if cells["status"] != "ok" or not cells["run"]:
        return Seed(cells, None, None)
    folder = store.folder(dataset, variant_of(variant), cells["run"])
    try:
        manifest = folder.finished()
    except StoreError:
        manifest = None
    if manifest is None or manifest.onnx_sha256 != cells["onnx_sha256"]:
        return Seed(cells, None, None)
    return Seed(cells, folder, manifest)


def slug(name: str) -> str:
    """A name as part of a file's name: what is no letter, digit or one of ``._+-`` gives way to a hash of the whole."""
    kept = OF_A_FILE.sub("-", name)
    return name if kept == name else f"{kept[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
