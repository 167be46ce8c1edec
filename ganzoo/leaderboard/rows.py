"""The rows of runs.csv: what the run store holds, one scored run, floor or failure a row, all cells as text."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from ganzoo.errors import StoreError
from ganzoo.scoring.protocol import Score
from ganzoo.training import runs
from ganzoo.training.runs import Failure, Manifest, RunFolder, RunStore

MEASURED = (
    "fid",
    "is",
    "kid",
    "precision",
    "recall",
    "density",
    "coverage",
    "modes",
    "mode_kl",
    "vendi",
    "memorised",
    "fid_unbiased",
    "memorised_heldout",
    "ct",
    "hq",
    "spread",
    "label_accuracy",
    "code_error",
    "duplicates",
    "repeats",
)
"""Those that a metric gives; boards have their means over seeds."""
TOTALS = ("fid", "fid_unbiased", "precision", "recall", "density", "coverage", "mode_kl", "repeats")
"""Those whose total error, with the reference drawn anew, is another than the standard error."""
COLUMNS = (
    "variant",
    "backend",
    "distribution",
    "version",
    "dataset",
    "protocol",
    "extractor",
    "n_real",
    "n_fake",
    "seed",
    "status",
    "fid",
    "fid_se",
    "is",
    "is_se",
    "kid",
    "kid_se",
    "precision",
    "recall",
    "density",
    "coverage",
    "modes",
    "mode_kl",
    "vendi",
    "memorised",
    "parameters",
    "steps",
    "train_seconds",
    "samples_per_second",
    "provider",
    "parity",
    "onnx_sha256",
    "options_hash",
    "ganzoo_version",
    "date_utc",
    "note",
    "fid_unbiased",
    "memorised_heldout",
    "ct",
    "hq",
    "spread",
    "label_accuracy",
    "code_error",
    "role",
    "run",
    "duplicates",
    "content_hash",
    "train_cpu_seconds",
    "bench",
    "attempt",
    "repeats",
    "precision_se",
    "recall_se",
    "density_se",
    "coverage_se",
    "modes_se",
    "mode_kl_se",
    "vendi_se",
    "memorised_se",
    "fid_unbiased_se",
    "memorised_heldout_se",
    "ct_se",
    "hq_se",
    "spread_se",
    "label_accuracy_se",
    "code_error_se",
    "duplicates_se",
    "repeats_se",
    "fid_total",
    "fid_unbiased_total",
    "precision_total",
    "recall_total",
    "density_total",
    "coverage_total",
    "mode_kl_total",
    "repeats_total",
)
"""The columns of runs.csv. People read it with their own scripts: a new one goes to the end, and nothing else moves."""
OLDEST_LAST = "note"
"""The last column of the first version's file."""
FLOAT_FORMAT = "%.6g"


def collect(store: RunStore, quick: bool = False) -> list[dict[str, str]]:
    """Every scored run, floor and failure of the store, one cell per column; all are text, formatted once."""
    rows = [row for folder in store.all() if (row := _run_row(folder, quick))]
    rows += [_real_row(path) for path in sorted(store.root.glob(f"*/{runs.REAL}/*/{runs.SCORE}"))]
    rows += [_failure_row(failure) for failure in store.failures() if failure.quick == quick]
    order = ("dataset", "variant", "seed", "bench", "attempt")
    rows.sort(key=lambda row: tuple(row.get(name) or 0 for name in order))
    return [{name: _cell(row.get(name)) for name in COLUMNS} for row in rows]


LONG = ("run", "column", "value", "se")
"""The columns of metrics.csv."""


def collect_long(store: RunStore, quick: bool = False) -> list[dict[str, str]]:
    """What the runs of the store were given by metrics of extensions, one value a row; all cells are text."""
    rows = []
    for folder in store.all():
        if _run_row(folder, quick) is None or (score := _read_score(folder.file(runs.SCORE))) is None:
            continue
        new = {name: estimate for name, estimate in score.estimates.items() if name not in MEASURED}
        rows += [(folder.manifest().key, name, _cell(e.value), _cell(e.se)) for name, e in new.items()]
    return [dict(zip(LONG, row, strict=True)) for row in rows]


def _cell(value: Any) -> str:
    """A value as runs.csv has it; NUL, which a failure's note may hold, has no place in a text file."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return FLOAT_FORMAT % value if isinstance(value, float) else str(value).replace("\0", "\ufffd")


def _run_row(folder: RunFolder, quick: bool) -> dict[str, Any] | None:
    manifest = folder.manifest()
    score = _read_score(folder.file(runs.SCORE))
    if score is None or manifest.quick != quick or score.sampled_sha256 != manifest.onnx_sha256:
        return None
    of_run = {
        name: getattr(manifest, name) for name in ("variant", "backend", "distribution", "version", "seed", "role")
    }
    cost = {name: getattr(manifest, name) for name in ("parameters", "steps", "train_seconds", "train_cpu_seconds")}
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
    return "; ".join(part for part in ("quick" if manifest.quick else "", manifest.note, *score.notes) if part)


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
        "bench": score.bench or None,
        "attempt": score.attempt or None,
    }


def _real_row(path: Path) -> dict[str, Any]:
    score = _read_score(path)
    if score is None:
        raise StoreError(f"{path} is damaged.", "Remove it and run the bench again.")
    # It belongs to the protocol of the models' rows, although fewer real samples may be there to be scored.
    return _scored(score) | {
        "protocol": path.parent.name,
        "variant": runs.REAL,
        "seed": 0,
        "status": "ok",
        "role": runs.REAL,
        "note": "; ".join(score.notes),
    }


def _failure_row(failure: Failure) -> dict[str, Any]:
    names = ("variant", "version", "dataset", "seed", "date_utc", "note", "run", "options_hash", "status")
    turn = {"bench": failure.bench or None, "attempt": failure.attempt or None}
    return {name: getattr(failure, name) for name in names} | turn | {"role": "model"}


def _read_score(path: Path) -> Score | None:
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Score)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged: {error}.", "Remove it and run the bench again.") from error
