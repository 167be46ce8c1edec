"""How a bench shows itself: a table that fills on a terminal, a line per run in a log."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.cli.output import echo
from ganzoo.escaping import one_line
from ganzoo.training.runs import SCORE, RunFolder

if TYPE_CHECKING:
    from rich.table import Table

    from ganzoo.leaderboard.bench import Notify, Outcome
    from ganzoo.leaderboard.jobs import Job


@contextmanager
def view(jobs: Sequence[Job], runs: Path) -> Iterator[Notify]:
    """Yield what takes each change of an outcome."""
    if sys.stderr.isatty():
        with _Live(jobs) as live:
            yield live
    else:
        yield _Lines(len(jobs))


class _Lines:
    def __init__(self, total: int) -> None:
        self._total = total
        self._ended = 0
        self._lock = threading.Lock()

    def __call__(self, outcome: Outcome) -> None:
        if outcome.state not in ("done", "failed", "stopped"):
            return
        with self._lock:
            self._ended += 1
            ended = f"[{self._ended}/{self._total}] {outcome.job.label}: {outcome.state} in {outcome.seconds:.0f} s"
            echo(f"{ended}  {result(outcome)}", err=True)


class _Live:
    """One row per variant, or cell of a grid, and dataset; one cell per seed."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._seeds = sorted({job.seed for job in jobs})
        self._cells = {(job.dataset, job.name): dict.fromkeys(self._seeds, ("", "")) for job in jobs}
        for job in jobs:
            self._cells[(job.dataset, job.name)][job.seed] = ("waiting", "")
        self._lock = threading.Lock()
        self._live = Live(self._table(), console=Console(stderr=True), refresh_per_second=4)

    def __enter__(self) -> _Live:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def __call__(self, outcome: Outcome) -> None:
        with self._lock:
            self._cells[(outcome.job.dataset, outcome.job.name)][outcome.job.seed] = _cell(outcome)
            self._live.update(self._table())

    def _table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        for name in ("dataset", "variant", *[f"seed {seed}" for seed in self._seeds]):
            table.add_column(name, min_width=10)
        for (dataset, name), seeds in self._cells.items():
            table.add_row(Text(one_line(dataset)), Text(one_line(name)), *(Text(*cell) for cell in seeds.values()))
        return table


def _cell(outcome: Outcome) -> tuple[str, str]:
    """What stands in a cell, and its style."""
    if outcome.state == "running" and outcome.total:
        return f"{outcome.step / outcome.total:.0%}", "cyan"
    colours = {"done": "green", "failed": "red", "stopped": "yellow"}
    text = result(outcome) if outcome.state == "done" else outcome.state
    return one_line(text or "done"), colours.get(outcome.state, "cyan")


def result(outcome: Outcome) -> str:
    """A finished job's FID, or why it failed."""
    if outcome.state != "done":
        return outcome.note
    if not outcome.path:
        return ""
    from ganzoo.extractors.base import column_label
    from ganzoo.scoring.protocol import Score
    from ganzoo.sealed import read_json

    file = RunFolder(Path(outcome.path)).file(SCORE)
    if not file.is_file():  # it was trained only
        return ""
    score = read_json(file, Score)
    fid = score.estimates["fid"]
    modes = score.estimates.get("modes")
    extractor = score.protocol.extractor
    found = f"{column_label('FID', extractor)} {fid.value:.3g}" + (f", {modes.value:.0f} modes" if modes else "")
    return f"{found} (extractor {extractor})"
