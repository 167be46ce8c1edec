"""How a training run shows itself: a bar with losses on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ganzoo.cli.output import echo
from ganzoo.escaping import one_line

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_SECONDS = 10.0


class TrainProgress:
    """An observer for one run, on stderr."""

    def __init__(self, title: str) -> None:
        self._title = one_line(title)
        self._bar: Progress | None = None
        self._task: Any = None
        self._last = time.monotonic()

    def __enter__(self) -> TrainProgress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[losses]}", markup=False),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=None, losses="starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        """Take one event of the run."""
        if event == "started" and self._bar is None:
            self._say("starting")
        elif event == "step":
            self._step(fields)
        elif event == "resumed":
            self._say(f"resumed after step {fields['step']}")
        elif event == "warning":
            self._say(fields["text"])

    def _step(self, fields: dict[str, Any]) -> None:
        losses = one_line("  ".join(f"{name} {value:.3f}" for name, value in fields["scalars"].items()))
        if self._bar is not None:
            self._bar.update(self._task, completed=fields["step"], total=fields["total"], losses=losses)
            return
        now = time.monotonic()
        if now - self._last >= PLAIN_SECONDS or fields["step"] == fields["total"]:
            self._last = now
            rate = fields["step"] / fields["seconds"] if fields["seconds"] else 0.0
            left = f", {(fields['total'] - fields['step']) / rate:.0f} s left" if rate else ""
            echo(
                f"{self._title}: step {fields['step']}/{fields['total']}  {losses}  ({rate:.0f} steps/s{left})",
                err=True,
            )

    def _say(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(one_line(text), markup=False)
        else:
            echo(f"{self._title}: {text}", err=True)


class WorkProgress:
    """Progress of work that comes in parts (sampling, reading, a reference), on stderr; quiet while it is quick."""

    def __init__(self, title: str) -> None:
        self._title = one_line(title)
        self._bar: Progress | None = None
        self._tasks: dict[str, Any] = {}
        self._last = time.monotonic()

    def __enter__(self) -> WorkProgress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

            words = TextColumn("{task.description}", markup=False)
            columns = (words, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Take the state of one part."""
        if self._bar is not None:
            if what not in self._tasks:
                self._tasks[what] = self._bar.add_task(one_line(what), total=total)
            self._bar.update(self._tasks[what], completed=done, total=total)
        elif time.monotonic() - self._last >= PLAIN_SECONDS:
            self._last = time.monotonic()
            echo(f"{self._title}: {what} {done}{'' if total is None else f'/{total}'}", err=True)
