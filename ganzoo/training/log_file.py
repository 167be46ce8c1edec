"""log.csv: the scalars that a variant logs, kept while it trains."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import Interrupted
from ganzoo.files import write_text
from ganzoo.training import runs

if TYPE_CHECKING:
    from ganzoo.training.loop import Checkpoint, Checkpoints, Observer
    from ganzoo.training.runs import RunFolder

LOG_SECONDS = 10.0


class LogFile:
    """An observer that keeps log.csv and passes every event on."""

    def __init__(self, folder: RunFolder, then: Observer) -> None:
        self._path = folder.file(runs.LOG)
        self._then = then
        self._rows: list[dict[str, str]] = []
        self._written = time.monotonic()

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        if event == "resumed":
            self._rows = [row for row in _read_log(self._path) if int(row["step"]) <= fields["step"]]
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
        if not self._rows:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(k for row in self._rows for k in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())


class LoggedCheckpoints:
    """Checkpoints that log.csv is never behind: a killed run that goes on from one has all rows up to it."""

    def __init__(self, log: LogFile, then: Checkpoints) -> None:
        self._log = log
        self._then = then

    def load(self) -> Checkpoint | None:
        """The last state saved."""
        return self._then.load()

    def save(self, checkpoint: Checkpoint) -> None:
        """Write log.csv, then replace the state; rows after a state are cut off when a run goes on from it."""
        self._log.write()
        self._then.save(checkpoint)


def _read_log(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
