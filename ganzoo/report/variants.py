"""What the page of one variant on one dataset shows: its seeds, its training, what it declared, where it comes from."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from ganzoo.cards.body import provenance
from ganzoo.diagnosis.diagnose import diagnose
from ganzoo.errors import StoreError
from ganzoo.leaderboard.page import SHOWN, plus_minus
from ganzoo.report.boards import number
from ganzoo.report.charts import Line, lines
from ganzoo.report.gathered import Board, Row, Seed
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json
from ganzoo.training.runs import LOG, REAL, SCORE, Manifest, RunFolder
from ganzoo.types import Estimate
from ganzoo.verify import command_of

POINTS = 240
"""Of a curve at most."""


def variant_view(board: Board, row: Row, pictures: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The template's words for one row of a board."""
    made = row.made
    manifest = made[0].manifest if made else None
    folder = made[0].folder if made else None
    curves = _curves(folder) if folder else []
    score = _score(folder) if folder else None
    return {
        "variant": row.variant,
        "dataset": board.dataset,
        "summary": _summary(manifest),
        "place": _place_of(board, row),
        "pictures": pictures,
        "seeds": [seed.cells["seed"] for seed in row.seeds],
        "scores": _scores(row),
        "classes": _classes(score),
        "own": [(f"{name} {value}", f"{mean} ({seeds} seeds)") for name, value, mean, seeds in _own(board, row)],
        "curves": lines(curves, "step", "value") if curves else "",
        "first": manifest.seed if manifest else "",
        "failures": [
            f"seed {seed.cells['seed']}: {seed.cells['note']}" for seed in row.seeds if seed.cells["status"] != "ok"
        ],
        "verdicts": list(_verdicts(row)),
        "facts": _facts(manifest),
        "options": [(name, str(value)) for name, value in sorted(manifest.options.items())] if manifest else [],
        "origin": _origin(board, row, manifest),
        "command": command_of(manifest) if manifest else "",
    }


def _verdicts(row: Row) -> Iterator[dict[str, Any]]:
    """What ``ganzoo diagnose`` says of each seed that is there."""
    for seed in row.made:
        with suppress(StoreError):
            found = diagnose(seed.folder.path) if seed.folder else None
            for verdict in found.verdicts if found else ():
                words = f"seed {seed.cells['seed']}: {verdict.failure} ({verdict.sure})"
                yield {"name": words, "evidence": verdict.evidence, "advice": verdict.advice.text}


def _summary(manifest: Manifest | None) -> str:
    about = manifest.about if manifest else None
    return f"{about.summary}. {about.paper}".rstrip() if about else ""


def _place_of(board: Board, row: Row) -> str:
    """One sentence: its rank, or why it has none."""
    ranked = sum(bool(each.cells["rank"]) for each in board.rows)
    role, why = row.cells["role"], row.cells["not_ranked"]
    if row.cells["rank"]:
        first, last = row.cells["rank"], row.cells["rank_to"]
        span = first if first == last else f"{first} to {last}"
        best = row.read[board.shown.columns.index("p_best")]
        return f"Rank {span} of {ranked} by {board.rank_by}; the probability of being best is {best}."
    if role == REAL:
        return "Held-out real samples, scored like a model: what real data score."
    return f"Not ranked: {why}." if why else f"Not ranked: its role is {role}."


def _scores(row: Row) -> list[dict[str, Any]]:
    """A row for each metric that has a value."""
    found = []
    for column, label in SHOWN.items():
        values = [_value(seed, column) for seed in row.seeds]
        if any(values):
            mean = plus_minus(number(row, column), number(row, f"{column}_ci"))
            found.append({"name": label, "mean": mean, "seeds": values})
    return found


def _value(seed: Seed, column: str) -> str:
    value, error = seed.cells[column], seed.cells.get(f"{column}_se", "")
    return f"{float(value):.4g}{f' ± {float(error):.1g}' if error else ''}" if value else ""


def _score(folder: RunFolder) -> Score | None:
    """What a bench left; None where it cannot be read, as the tables have its row all the same."""
    with suppress(OSError, StoreError):
        return read_json(folder.file(SCORE), Score)
    return None


def _classes(score: Score | None) -> list[list[str]]:
    """A row for each class of the first seed: its name and its scores, or why it has none."""
    return [
        [each.name, str(each.n_fake), *(_estimate(e) for e in (each.fid, each.precision, each.recall)), each.reason]
        for each in (score.classes if score else ())
    ]


def _estimate(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    return f"{estimate.value:.4g}{'' if estimate.se is None else f' ± {estimate.se:.1g}'}"


def _own(board: Board, row: Row) -> list[list[str]]:
    return [["", *each[1:]] for each in board.shown.own if each[0] == row.variant]


def _curves(folder: RunFolder) -> list[Line]:
    """The columns of log.csv over its steps, thinned out evenly; nothing where it cannot be read."""
    try:
        with folder.file(LOG).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        rows = rows[:: max(1, -(-len(rows) // POINTS))]
        steps = [float(row["step"]) for row in rows]
        names = [name for name in (rows[0] if rows else ()) if name != "step"]
        curves = [Line(name, steps, [_finite(row[name]) for row in rows]) for name in names]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [each for each in curves if any(map(math.isfinite, each.y))] if len(steps) > 1 else []


def _finite(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return math.nan


def _facts(manifest: Manifest | None) -> list[tuple[str, str]]:
    about = manifest.about if manifest else None
    facts = msgspec.structs.asdict(about.facts) if about else {}
    return [(name.replace("_", " "), str(value)) for name, value in facts.items() if value != ""]


def _origin(board: Board, row: Row, manifest: Manifest | None) -> list[tuple[str, str]]:
    cells = row.seeds[0].cells if row.seeds else {}
    if row.cells["role"] == REAL or not cells:
        return []
    if manifest and manifest.imported:
        made = [("framework", cells["backend"]), *((name, value) for name, value in provenance(manifest.imported))]
    else:
        made = [
            ("package", f"{cells['distribution']} {cells['version']}"),
            ("framework", cells["backend"]),
            ("trained by", f"ganzoo {cells['ganzoo_version']}"),
        ]
    found = [
        *made,
        (
            "protocol",
            f"{cells['protocol']}, extractor {cells['extractor']}, {cells['n_fake']} samples against {cells['n_real']}",
        ),
        ("parameters", f"{number(row, 'parameters'):,.0f}" if row.cells["parameters"] else ""),
        *((f"generator.onnx of seed {seed.cells['seed']}, sha256", seed.cells["onnx_sha256"]) for seed in row.seeds),
    ]
    if manifest:
        installed = ", ".join(f"{name} {version}" for name, version in sorted(manifest.environment.items()))
        found += [("digest of the data", manifest.dataset_digest), ("installed", installed)]
    return [(name, value) for name, value in found if value.strip()]
