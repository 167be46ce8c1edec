"""events.csv: one line per number."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any


class CsvObserver:
    """``events.csv`` in the run's folder: one line per number, with the time; lines are only ever added.

    Unlike ``log.csv``, which after a resume holds each step once, it has every attempt.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "events.csv"
        new = not path.is_file()
        self._file = path.open("a", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file, lineterminator="\n")
        if new:
            self._writer.writerow(["time", "event", "step", "name", "value"])

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Add the event's scalars, or what it says of the run."""
        named = run["scalars"] if event == "step" else {k: v for k, v in run.items() if k not in ("path", "step")}
        step = run.get("step", run.get("steps", 0))
        self._writer.writerows([f"{time.time():.3f}", event, step, name, value] for name, value in named.items())
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
