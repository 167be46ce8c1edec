"""The rows of runs.csv: what the run store holds, one scored run, floor or failure a row, all cells as text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ganzoo.columns import COLUMNS, MEASURED, TOTALS
from ganzoo.diagnosis.case import case_of
from ganzoo.diagnosis.diagnose import judged
from ganzoo.errors import StoreError
from ganzoo.escaping import plain
from ganzoo.leaderboard.jobs import named
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json
from ganzoo.training import runs
from ganzoo.training.runs import Failure, Manifest, RunFolder

OLDEST_LAST = "note"
"""The last column of the first version's file."""
LONG = ("run", "column", "value", "se")
"""The columns of metrics.csv."""
METRICS_FILE = "metrics.csv"
FLOAT_FORMAT = "%.6g"
T = TypeVar("T")


@dataclass(frozen=True)
class Collected:
    """What a run store has for the tables; all cells are text, formatted once."""

    rows: list[dict[str, str]]
    """Of runs.csv: every scored run, floor and failure, one cell per column of ``COLUMNS``."""
    long: list[dict[str, str]]
    """Of metrics.csv: what metrics of extensions gave runs, and what runs reported of themselves, one value a row."""
    skipped: list[str]
    """A sentence for each file that is damaged, with its path: what it would have given is not there."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one run folder, or one file beside the runs, has for the tables; a run may stand for several cells."""

    quick: bool | None = None
    """Of quick runs, of full ones, or of both."""
    rows: tuple[tuple[str, ...], ...] = ()
    long: tuple[tuple[str, ...], ...] = ()
    damage: str = ""


def collected(entries: Iterable[Entry], quick: bool) -> Collected:
    """The entries of quick runs, or of full ones, in the order of runs.csv."""
    ours = [entry for entry in entries if entry.quick in (None, quick)]
    rows = [dict(zip(COLUMNS, cells, strict=True)) for entry in ours for cells in entry.rows]
    long = [dict(zip(LONG, cells, strict=True)) for entry in ours for cells in entry.long]
    return Collected(sorted(rows, key=_place), long, [entry.damage for entry in ours if entry.damage])


def read_entry(root: Path, path: str) -> Entry:
    """Read what one of ``training.stamps`` has, by its path below the root."""
    try:
        if path.endswith(runs.FAILED):
            return _of_failure(root / path)
        return _of_real(root / path) if path.endswith(runs.SCORE) else _of_run(RunFolder(root / path))
    except StoreError as error:
        return Entry(damage=f"{error.message} {error.hint}".rstrip())


def _place(row: dict[str, str]) -> tuple[str, str, int, int, int]:
    """By dataset and variant as text, then by seed, bench and attempt as numbers; 0 where there is none."""
    seed, bench, attempt = (int(row[name] or 0) for name in ("seed", "bench", "attempt"))
    return row["dataset"], row["variant"], seed, bench, attempt


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_cell(row.get(name)) for name in COLUMNS)


def _cell(value: Any) -> str:
    """A value as runs.csv has it; control characters, which a failure's note may hold, are shown, not written."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return FLOAT_FORMAT % value if isinstance(value, float) else plain(str(value))


def _of_run(folder: RunFolder) -> Entry:
    manifest, path = folder.manifest(), folder.file(runs.SCORE)
    if not path.is_file():
        return Entry()
    score = _read(path, Score)
    if score.sampled_sha256 != manifest.onnx_sha256:
        return Entry()
    new = {name: estimate for name, estimate in score.estimates.items() if name not in MEASURED}
    long = tuple((manifest.key, name, _cell(e.value), _cell(e.se)) for name, e in new.items())
    long += tuple((manifest.key, each.column, _cell(each.value), _cell(each.se)) for each in score.reported)
    row, turns = _run_row(manifest, score), score.turns.items()
    row["note"] = _joined(row["note"], judged(case_of(folder, manifest, score, [])).note)
    rows = tuple(_cells(row | {"variant": named(manifest.variant, cell)} | _turn(*turn)) for cell, turn in turns)
    return Entry(quick=manifest.quick, rows=rows, long=long)


def _turn(bench: int, attempt: int) -> dict[str, int | None]:
    """Their cells, empty where they are not known."""
    return {"bench": bench or None, "attempt": attempt or None}


def _run_row(manifest: Manifest, score: Score) -> dict[str, Any]:
    of_run = {name: getattr(manifest, name) for name in ("backend", "distribution", "version", "seed", "role")}
    known = ("parameters",) if manifest.imported else ("parameters", "steps", "train_seconds", "train_cpu_seconds")
    cost = {name: getattr(manifest, name) for name in known}
    return {
        **of_run,
        **cost,
        **_scored(score),
        "status": "ok",
        "samples_per_second": score.samples_per_second,
        "provider": score.provider,
        "parity": manifest.parity,
        "onnx_sha256": manifest.onnx_sha256,
        "content_hash": manifest.content_hash,
        "run": manifest.key,
        "options_hash": manifest.options_hash,
        "ganzoo_version": manifest.ganzoo_version,
        "date_utc": score.scored_utc or manifest.finished_utc,
        "note": _note(manifest, score),
    }


def _note(manifest: Manifest, score: Score) -> str:
    return _joined("quick" if manifest.quick else "", manifest.note, *score.notes)


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _scored(score: Score) -> dict[str, Any]:
    protocol = score.protocol
    # A column of an extension's metric may have any name, that of a cell of ours too: it belongs to the long table.
    row: dict[str, Any] = {name: e.value for name, e in score.estimates.items() if name in MEASURED}
    row |= {f"{name}_se": score.estimates[name].se for name in MEASURED if name in score.estimates}
    row |= {f"{name}_total": score.estimates[name].total for name in TOTALS if name in score.estimates}
    return row | {
        "dataset": protocol.dataset,
        "protocol": score.protocol_hash,
        "extractor": f"{protocol.extractor}@{protocol.extractor_sha256[:12]}",
        "n_real": protocol.n_real,
        "n_fake": protocol.n_fake,
    }


def _of_real(path: Path) -> Entry:
    score = _read(path, Score)
    # It belongs to the protocol of the models' rows, although fewer real samples may be there to be scored.
    real = {"variant": runs.REAL, "seed": 0, "status": "ok", "role": runs.REAL, "note": "; ".join(score.notes)}
    row = _scored(score) | {"protocol": path.parent.name} | real | _turn(score.bench, score.attempt)
    return Entry(rows=(_cells(row),))


def _of_failure(path: Path) -> Entry:
    failure = _read(path, Failure)
    names = ("version", "dataset", "seed", "date_utc", "note", "run", "options_hash", "status", "role")
    row = {name: getattr(failure, name) for name in names} | _turn(failure.bench, failure.attempt)
    row |= {"variant": named(failure.variant, failure.cell)}
    return Entry(quick=failure.quick, rows=(_cells(row),))


def _read(path: Path, kind: type[T]) -> T:
    """Read one file of the store. Raises StoreError."""
    try:
        return read_json(path, kind)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}.") from error
