"""A leaderboard as people read it: its header and cells, and the Markdown page that says what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.escaping import markdown, markdown_code
from ganzoo.extractors.base import PIXELS, caution_of
from ganzoo.training import runs

if TYPE_CHECKING:
    import pandas as pd


SHOWN = {
    "fid": "FID ↓",
    "fid_unbiased": "unbiased FID ↓",
    "kid": "KID ↓",
    "is": "IS ↑",
    "precision": "precision ↑",
    "recall": "recall ↑",
    "coverage": "coverage ↑",
    "modes": "modes ↑",
    "mode_kl": "mode KL ↓",
    "vendi": "Vendi ↑",
    "memorised": "memorised",
    "hq": "HQ ↑",
    "label_accuracy": "label acc. ↑",
    "code_error": "code error ↓",
}
"""What boards call the columns that they show, and where better is."""


def shown_table(board: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """The board as people read it: header and cells, "value ± half-width", columns without any value left out."""
    metrics = [name for name in SHOWN if board[name].notna().any()]
    aside = f" ({PIXELS})" if _name(extractor_of(board)) == PIXELS else ""
    header = [
        "rank",
        "variant",
        "backend",
        "seeds",
        *[f"{SHOWN[name]}{aside}" for name in metrics],
        "collapsed",
        "train CPU s",
        "behind",
    ]
    n = next((str(row["n_fake"]) for _, row in board.iterrows() if row["role"] != runs.REAL), "")
    return header, [_shown_row(row, metrics, n) for _, row in board.iterrows()]


def extractor_of(board: pd.DataFrame) -> str:
    """What the numbers of a board were taken through: name and hash as ``digits@2c4d9b60aac2``; "" where none was."""
    return next((str(value) for value in board["extractor"] if value), "")


def remarks(board: pd.DataFrame, left: str = "") -> list[str]:
    """What must be known before a board is believed: an extractor that is none, and rows that it leaves out."""
    caution = caution_of(_name(extractor_of(board)))
    return [f"{text[0].upper()}{text[1:]}." for text in (caution, left) if text]


def _name(extractor: str) -> str:
    return extractor.partition("@")[0]


def _shown_row(row: pd.Series[Any], metrics: list[str], n: str) -> list[str]:
    """The cells of a row; ``n`` is how many samples the models were scored on."""
    aside = f", n = {row['n_fake']}" if row["variant"] == runs.REAL and row["n_fake"] != n else ""
    aside = ", comparator" if row["role"] == "comparator" else aside
    name = str(row["variant"]) if row["role"] == "model" else f"({row['variant']}{aside})"
    cells = [plus_minus(row[metric], row[f"{metric}_ci"]) for metric in metrics]
    seconds = "" if math.isnan(row["train_cpu_seconds"]) else f"{row['train_cpu_seconds']:.0f}"
    real = row["variant"] == runs.REAL
    collapsed = "" if real else f"{row['collapse_rate']:.0%}"
    seeds = "" if real else str(row["seeds"]) + _aside(row["failed"], row["copies"])
    return [str(row["rank"]) or "–", name, str(row["backend"]), seeds, *cells, collapsed, seconds, str(row["behind"])]


def _aside(failed: int, copies: int) -> str:
    """What became of the other seeds, in brackets."""
    remarks = [f"{failed} failed"] * bool(failed) + [f"{copies} the same again"] * bool(copies)
    return f" ({', '.join(remarks)})" if remarks else ""


def plus_minus(value: float, half: float) -> str:
    """A value with as many decimals as its half-width's two leading digits need; three digits where there is none."""
    if math.isnan(value):
        return ""
    if math.isnan(half) or half <= 1e-9 * abs(value):
        return f"{value:.3g}"
    decimals = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{value:.{decimals}f} ± {half:.{decimals}f}"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    cells = ["| " + " | ".join(map(markdown, row)) + " |" for row in rows]
    return ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *cells]


_LEGEND = (
    "Rows stand in the order of their means. A model's rank is one more than the number of models named in *behind*:",
    "those that are significantly better (Welch's t test over seeds for each pair, Holm's correction over all pairs,",
    "5 %). Seeds that gave the same generator count as one. Rows in brackets have no rank and no part in these tests.",
    "A *comparator* is no GAN, but trained and scored like one. The others are floors and ceilings:",
    "`real` are held-out real samples; where they are fewer than those of models, the row says how many (n): then its",
    "FID is biased up, its precision, recall and coverage are of fewer, and the unbiased FID alone compares.",
    "`gaussian` is a Gaussian fitted to the data, `memoriser` repeats its training set. Precision may rise as images",
    "get worse, since balls around rare real samples are large: read it with coverage. *memorised*: share of samples",
    "nearer to a training sample than that one's own nearest neighbour is; `real` tells what is usual. *collapsed*:",
    "share of seeds that failed or found less than half of the modes. *train CPU s*: CPU time of the training",
    "process, which a busy machine does not stretch as it does wall time (`train_seconds` in the CSV files).",
)


OWN = "Self-reported, not ranked"
OWN_HEADER = ("variant", "number", "mean", "seeds")
OWN_REMARK = (
    "Each variant measured these itself, on data and in a way of its own: 'ganzoo info VARIANT' says what they are."
)


def to_markdown(
    board: pd.DataFrame,
    dataset: str,
    rank_by: str,
    quick: bool,
    picture: str = "",
    left: str = "",
    own: Sequence[Sequence[str]] = (),
) -> str:
    """The board as a Markdown page that says what its columns mean, then the variants' ``own`` numbers, if any."""
    header, rows = shown_table(board)
    lines = [f"# {markdown(dataset)}{' (quick recipes: not comparable with full ones)' if quick else ''}", ""]
    lines += grid(header, rows)
    protocol = next((value for value in board["protocol"] if value), "none")
    extractor = markdown_code(extractor_of(board) or "none")
    lines += [
        "",
        f"Extractor {extractor}, protocol {markdown_code(protocol)}, ranked by {rank_by}.",
        "Means over seeds ± half of the 95 % interval (Student's t).",
        *_LEGEND,
        *map(markdown, remarks(board, left)),
    ]
    if own:
        lines += ["", f"## {OWN}", "", *grid(OWN_HEADER, own), "", OWN_REMARK]
    if picture:
        lines += ["", f"![Samples 0, 1, 2 … of each variant's first seed]({picture})"]
    failed = [(row["variant"], row["note"]) for _, row in board.iterrows() if row["failed"]]
    failures = [f"- {markdown(variant)}: {markdown(note)}" for variant, note in failed]
    return "\n".join([*lines, *(["", "Failures:", *failures] if failures else [])]) + "\n"
