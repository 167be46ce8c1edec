"""How a score is printed: a table, JSON or CSV, and the remarks that go with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block, echo_csv, echo_json
from ganzoo.escaping import csv_cell
from ganzoo.files import readable

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import DatasetEntry
    from ganzoo.scoring.compare import Comparison
    from ganzoo.scoring.protocol import Protocol, Score
    from ganzoo.types import ClassScore, Estimate, SelfReported

CSV_HEADER = ("source", "reference", "metric", "value", "se", "n", "extractor", "protocol")


def show(score: Score, classes: Sequence[ClassScore], form: str, source: str, total: bool = False) -> None:
    """Print a score, and the scores of its classes where there are any; in a table total errors where asked for."""
    if form == "json":
        import msgspec

        content = msgspec.to_builtins(score) | ({"classes": msgspec.to_builtins(classes)} if classes else {})
        echo_json(content)
    elif form == "csv":
        echo_csv(_csv(score, classes, source))
    else:
        header = ["metric", "value", "standard error", *(["total error"] if total else []), "n"]
        echo_block(common.table(header, _rows(score, total)))
        if classes:
            echo_block("\n" + _class_table(classes))
        if score.reported:
            echo("\nself-reported, measured by the variant and not here")
            echo_block(_own_table(score.reported))
        echo("\n" + described(score.protocol))
        echo(f"protocol {score.protocol_hash}")


def described(protocol: Protocol) -> str:
    """What was compared with what, on one line."""
    given = f"{protocol.n_fake} samples" if protocol.n_fake else "statistics"
    real = str(protocol.n_real) if protocol.n_real else "statistics"
    rules = "" if protocol.profile == "ganzoo-1" else f", as {protocol.profile} does"
    return f"{given} against {real} of {protocol.dataset} ({protocol.split}), extractor {protocol.extractor}{rules}"


def _rows(score: Score, total: bool) -> list[list[str]]:
    from ganzoo.extractors.base import column_label

    rows = []
    for name, e in score.estimates.items():
        errors = [e.se, e.total] if total else [e.se]
        shown = ["" if error is None else f"{error:.2g}" for error in errors]
        rows.append([column_label(name, score.protocol.extractor), f"{e.value:.6g}", *shown, str(e.n)])
    return rows


def _own_table(reported: Sequence[SelfReported]) -> str:
    rows = [
        [r.name, r.direction, f"{r.value:.6g}", "" if r.se is None else f"{r.se:.2g}", str(r.n or ""), r.help]
        for r in reported
    ]
    return common.table(["number", "better", "value", "standard error", "n", "what it is"], rows)


def _class_table(classes: Sequence[ClassScore]) -> str:
    def cell(estimate: Estimate | None) -> str:
        if estimate is None:
            return "–"
        return f"{estimate.value:.4g}" + ("" if estimate.se is None else f" ± {estimate.se:.1g}")

    rows = [
        [c.name, str(c.n_fake), str(c.n_real), cell(c.fid), cell(c.precision), cell(c.recall), c.reason]
        for c in classes
    ]
    return common.table(["class", "n", "n real", "fid", "precision", "recall", ""], rows)


def _csv(score: Score, classes: Sequence[ClassScore], source: str) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    p = score.protocol
    estimates = dict(score.estimates)
    for each in classes:
        for name in ("fid", "precision", "recall"):
            if (estimate := getattr(each, name)) is not None:
                estimates[f"{name}[{each.name}]"] = estimate
    for name, e in estimates.items():
        se = "" if e.se is None else repr(e.se)
        texts = [csv_cell(text) for text in (readable(source), p.dataset, name)]
        writer.writerow([*texts, repr(e.value), se, e.n, csv_cell(p.extractor), score.protocol_hash])
    for r in score.reported:
        error = "" if r.se is None else repr(r.se)
        writer.writerow([csv_cell(readable(source)), "", r.column, repr(r.value), error, r.n, "", ""])
    return buffer.getvalue()


def remarks(score: Score, comparison: Comparison, zoo: Zoo, entry: DatasetEntry | None) -> None:
    """Say on stderr what a reader must know: inferred readings, cautions, broken extensions, another protocol."""
    for sentence in comparison.notes:
        echo(sentence, err=True)
    common.show_notes(score.notes)
    for broken in zoo.broken_extensions.values():
        echo(f"{broken} What it registers was left out.", err=True)
    if entry and comparison.setup.side.source is None and entry.n_fake != score.protocol.n_fake:
        echo(f"The leaderboard's protocol takes {entry.n_fake} samples: not comparable with its rows.", err=True)
