"""human.csv: what people said of samples (``ganzoo rate``), and the columns that boards have of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.files import sha256
from ganzoo.leaderboard.small_csv import read_rows, write_rows

if TYPE_CHECKING:
    import pandas as pd

HUMAN_FILE = "human.csv"
SHOWN = {"human_error": "human error ↑", "human_ms": "human ms ↑"}
"""What boards call the columns of the two ways to ask, without and with a limit of time."""
COLUMNS_OF = {"untimed": "human_error", "timed": "human_ms"}
_REMARKS = {
    "human_error": "Human error: the share of images that people took for the other kind, generated and real ones "
    "weighing alike; 0.5 is chance.",
    "human_ms": "Human ms: for how many milliseconds people must see an image to tell three of four right.",
}
_ALL = "People judged one generator of each model; their columns have 95 % bootstrap intervals and no tests."


@dataclass(frozen=True)
class Judged:
    """What raters made of one generator in one way of asking: a row of human.csv."""

    dataset: str
    variant: str
    onnx_sha256: str
    mode: str
    """untimed or timed."""
    raters: int
    judgements: int
    """Of images that it generated."""
    value: float
    """The share of errors, in 0..1, or milliseconds."""
    low: float
    """Ends of the 95 % interval; NaN where it is not known."""
    high: float
    fake_error: float
    """The share of its images that were taken for real; NaN of timed ones."""
    real_error: float
    """The share of real images that were taken for generated."""


NAMES = tuple(each.name for each in fields(Judged))
_NUMBERS = ("value", "low", "high", "fake_error", "real_error")


def read(folder: Path) -> list[Judged]:
    """The rows of a leaderboards folder's human.csv; none where there is no such file. Raises StoreError."""
    remedy = "Move it away; 'ganzoo rate DATASET --results' writes it anew."
    return read_rows(folder / HUMAN_FILE, NAMES, _judged, remedy)


def _judged(cells: Mapping[str, str]) -> Judged:
    if cells["mode"] not in COLUMNS_OF:
        raise ValueError(f"there is no mode '{cells['mode']}'")
    numbers = {name: float(cells[name] or "nan") for name in _NUMBERS}
    return Judged(
        cells["dataset"],
        cells["variant"],
        cells["onnx_sha256"],
        cells["mode"],
        int(cells["raters"]),
        int(cells["judgements"]),
        **numbers,
    )


def put(folder: Path, dataset: str, mode: str, results: Sequence[Judged]) -> Path:
    """Replace the rows of one dataset and mode; the caller holds the folder."""
    kept = [each for each in read(folder) if (each.dataset, each.mode) != (dataset, mode)]
    rows = sorted([*kept, *results], key=lambda each: (each.dataset, each.mode, each.variant))
    path = folder / HUMAN_FILE
    write_rows(path, NAMES, rows)
    return path


def stamp(folder: Path) -> str:
    """What changes with the file; "" for none."""
    try:
        return sha256(folder / HUMAN_FILE)
    except OSError:
        return ""


def columns_of(name: str) -> tuple[str, str, str, str]:
    """The columns of a board that one way of asking fills: the value, its interval, and how many raters there were."""
    return name, f"{name}_low", f"{name}_high", f"{name}_raters"


def add_columns(board: pd.DataFrame, folder: Path, dataset: str, generators: Mapping[str, Set[str]]) -> None:
    """Put what people said behind the columns of a board; nothing where they said nothing.

    ``generators`` are the sha256 of the generators behind each variant's row: of others nothing counts.
    """
    judged = [each for each in read(folder) if each.dataset == dataset]
    known = [each for each in judged if each.onnx_sha256 in generators.get(each.variant, ())]
    for mode, column in COLUMNS_OF.items():
        found = {each.variant: each for each in known if each.mode == mode}
        if not found:
            continue
        rows = [found.get(str(variant)) for variant in board["variant"]]
        cells = [(each.value, each.low, each.high, float(each.raters)) if each else (math.nan,) * 4 for each in rows]
        for name, values in zip(columns_of(column), zip(*cells, strict=True), strict=True):
            board[name] = values


def present(board: pd.DataFrame) -> list[str]:
    """Those columns that a board has."""
    return [name for name in SHOWN if name in board.columns]


def remarks(board: pd.DataFrame) -> list[str]:
    """What must be known of the columns that a board has of people."""
    found = [_REMARKS[name] for name in present(board)]
    return [*found, _ALL] if found else []


def as_read(value: float, low: float, high: float) -> str:
    """``0.31 (0.22–0.41)``, or ``240 (210–300)``; empty for none."""
    if math.isnan(value):
        return ""
    digits = 0 if value > 1 else 2
    ends = "" if math.isnan(low) or math.isnan(high) else f" ({low:.{digits}f}–{high:.{digits}f})"
    return f"{value:.{digits}f}{ends}"
