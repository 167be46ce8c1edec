"""log.csv: the scalars that a variant logs, kept while it trains."""

from __future__ import annotations

import csv
import io
import math
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ganzoo.errors import Interrupted
from ganzoo.escaping import csv_cell, csv_text
from ganzoo.files import write_text
from ganzoo.training import runs

if TYPE_CHECKING:
    from ganzoo.training.loop import Observer
    from ganzoo.training.runs import RunFolder

LOG_SECONDS = 10.0


class LogFile:
    """An observer that keeps log.csv and passes every event on."""

    def __init__(self, folder: RunFolder, then: Observer) -> None:
        self._path = folder.file(runs.LOG)
        self._then = then
        self._rows: list[dict[str, str]] = []
        self._written = time.monotonic()
        self.stored: str | None = None
        """The rows that came with the checkpoint loaded last, which count once the run goes on from it."""

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        if event == "resumed":
            self._restore(fields["step"])
        if event == "step":
            self._rows.append({"step": str(fields["step"]), **{k: f"{v:.6g}" for k, v in fields["scalars"].items()}})
            if time.monotonic() - self._written > LOG_SECONDS:
                self.write()
        self.notify(event, fields)

    def notify(self, event: str, fields: dict[str, Any]) -> None:
        """Pass an event on without recording it; each says which run it is of.

        Raises Interrupted where whoever listened through a pipe is gone: that is no fault of the variant.
        """
        try:
            self._then(event, {"path": str(self._path.parent), **fields})
        except BrokenPipeError as error:
            raise Interrupted(
                "Stopped, as nobody reads the output any more.", "The same command goes on from the last checkpoint."
            ) from error

    def write(self) -> None:
        """Replace log.csv with the rows so far."""
        self._written = time.monotonic()
        if self._rows:
            write_text(self._path, self.text())

    def text(self) -> str:
        """The rows so far as CSV; "" for none."""
        if not self._rows:
            return ""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(k for row in self._rows for k in row)), lineterminator="\n")
        writer.writerow({name: csv_cell(name) for name in writer.fieldnames})
        writer.writerows(self._rows)
        return text.getvalue()

    def _restore(self, step: int) -> None:
        """Go on after ``step`` with the rows that were stored with it; without any, with what is left of log.csv.

        States of version 0.1 hold no log; a file that is damaged costs rows of the log, and nothing else.
        """
        text = self.stored
        if text is None:
            text = self._path.read_text("utf-8", errors="replace") if self._path.is_file() else ""
        with suppress(csv.Error):
            rows = csv.DictReader(io.StringIO(text.replace("\0", "")))
            named = ({csv_text(name): cell for name, cell in row.items()} for row in rows if None not in row)
            self._rows = [row for row in named if _step(row) <= step]


def _step(row: dict[str, str]) -> float:
    """The step of a row of log.csv; infinity where it has none."""
    try:
        return int(row["step"])
    except (KeyError, TypeError, ValueError):
        return math.inf
