"""A leaderboard as people read it: its header and cells, and the Markdown page that says what they mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.escaping import markdown, markdown_code
from ganzoo.extractors.base import PIXELS, caution_of
from ganzoo.leaderboard import human
from ganzoo.training import runs
from ganzoo.types import IMPORTED

if TYPE_CHECKING:
    import pandas as pd


COPIED = "†"
"""Behind the name of a column in which nobody is ahead of who repeats training samples."""
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


_FIRST = {"rank": "rank", "variant": "variant", "backend": "backend", "seeds": "seeds"}
_LAST = {
    "best_seed": "best seed",
    "p_best": "P(best)",
    "collapse_rate": "collapsed",
    "train_cpu_seconds": "train CPU s",
}


def shown_columns(board: pd.DataFrame) -> list[str]:
    """The columns of a board that people are shown, in the order of ``shown_table``."""
    return [*_FIRST, *_metrics(board), *human.present(board), *_LAST]


def _metrics(board: pd.DataFrame) -> list[str]:
    return [name for name in SHOWN if board[name].notna().any()]


def less_is_better(column: str) -> bool:
    """Whether a column is read so; columns that are no metrics are neither better nor worse."""
    return (SHOWN | human.SHOWN).get(column, "↓")[-1] != "↑"


def shown_table(board: pd.DataFrame) -> tuple[list[str], list[list[str]]]:
    """The board as people read it: header and cells, "value ± half-width", columns without any value left out."""
    metrics = _metrics(board)
    aside = f" ({PIXELS})" if _name(extractor_of(board)) == PIXELS else ""
    marked = [f"{SHOWN[name]}{aside}{f' {COPIED}' * won_by_copying(board, name)}" for name in metrics]
    header = [*_FIRST.values(), *marked, *(human.SHOWN[name] for name in human.present(board)), *_LAST.values()]
    n = next((str(row["n_fake"]) for _, row in board.iterrows() if row["role"] != runs.REAL), "")
    return header, [_shown_row(row, metrics, n) for _, row in board.iterrows()]


def won_by_copying(board: pd.DataFrame, name: str) -> bool:
    """Whether a row of the role ceiling, which repeats training samples, is ahead of every model in a column."""
    arrow = SHOWN[name][-1]
    copied, models = (board.loc[board["role"] == role, name].dropna() for role in ("ceiling", "model"))
    if arrow not in "↓↑" or not len(copied) or not len(models):
        return False
    return bool(copied.min() < models.min() if arrow == "↓" else copied.max() > models.max())


def extractor_of(board: pd.DataFrame) -> str:
    """What the numbers of a board were taken through: name and hash as ``digits@2c4d9b60aac2``; "" where none was."""
    return next((str(value) for value in board["extractor"] if value), "")


def remarks(board: pd.DataFrame, left: str = "") -> list[str]:
    """What must be known before a board is believed: an extractor that is none, and rows that it leaves out."""
    caution = caution_of(_name(extractor_of(board)))
    return [f"{text[0].upper()}{text[1:]}." for text in (caution, left) if text] + human.remarks(board)


def _name(extractor: str) -> str:
    return extractor.partition("@")[0]


def _shown_row(row: pd.Series[Any], metrics: list[str], n: str) -> list[str]:
    """The cells of a row; ``n`` is how many samples the models were scored on."""
    aside = f", n = {row['n_fake']}" if row["variant"] == runs.REAL and row["n_fake"] != n else ""
    aside = ", comparator" if row["role"] == "comparator" else aside
    name = str(row["variant"]) if row["role"] == "model" else f"({row['variant']}{aside})"
    name += " (imported)" if row.get("distribution") == IMPORTED else ""
    cells = [plus_minus(row[metric], row[f"{metric}_ci"]) for metric in metrics]
    people = [human.columns_of(column)[:3] for column in human.SHOWN if column in row]
    cells += [human.as_read(*(row[part] for part in parts)) for parts in people]
    seconds = "" if math.isnan(row["train_cpu_seconds"]) else f"{row['train_cpu_seconds']:.0f}"
    real = row["variant"] == runs.REAL
    collapsed = "" if real else f"{row['collapse_rate']:.0%}"
    seeds = "" if real else str(row["seeds"]) + _aside(row["failed"], row["copies"])
    place = [*_best(row), collapsed, seconds]
    return [_ranks(str(row["rank"]), str(row["rank_to"])), name, str(row["backend"]), seeds, *cells, *place]


def _ranks(first: str, last: str) -> str:
    """``2–5`` for a rank that may be any of these; ``–`` for none."""
    return first if first == last and first else f"{first}–{last}"


def _best(row: pd.Series[Any]) -> list[str]:
    """The best seed, of rows that have several, and the probability that the row's mean is the best."""
    seed = f"{row['best_seed']:.3g}" if row["seeds"] > 1 else ""
    p = row["p_best"]
    return [seed, "" if math.isnan(p) else "<1%" if p < 0.01 else ">99%" if p > 0.99 else f"{p:.0%}"]


def _aside(failed: int, copies: int) -> str:
    """What became of the other seeds, in brackets."""
    remarks = [f"{failed} failed"] * bool(failed) + [f"{copies} the same again"] * bool(copies)
    return f" ({', '.join(remarks)})" if remarks else ""


def plus_minus(value: float, half: float) -> str:
    """A value with as many decimals as its half-width's two leading digits need; three digits where that is nil."""
    if math.isnan(value):
        return ""
    if math.isnan(half) or half <= 1e-4 * abs(value):
        return f"{value:.3g}"
    decimals = min(6, max(0, 1 - math.floor(math.log10(half))))
    return f"{value:.{decimals}f} ± {half:.{decimals}f}"


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    cells = ["| " + " | ".join(map(markdown, row)) + " |" for row in rows]
    return ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header), *cells]


_LEGEND = (
    "Rows stand in the order of their means. *rank*: all places that a model may have; the ranges of all models hold",
    "at once with 95 % probability. They are what a t test of each pair leaves, with variances over seeds that are",
    "drawn towards what the models have in common, with the sampling of scores, and with Holm's correction over all",
    "pairs. *P(best)*: the probability that its mean is the best. *best seed*: the best value of one seed in the",
    "column that ranks; nothing is compared by it. Every score is of the last state of a training, not of a chosen",
    "one. Seeds that gave the same generator count as one. A model of one seed, or of fewer than half of the models",
    "have, or with a seed that failed has no rank; rows in brackets have none. Neither has a part in the tests.",
    f"{COPIED}: repeating training samples is ahead of every model in this column, so it says nothing of novelty.",
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
        "Means over seeds ± half of the 95 % interval, over seeds and for the samples that they share.",
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
