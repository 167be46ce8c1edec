"""Observers that come with ganzoo: every event of a run as CSV, as TensorBoard's event files, or to MLflow.

They hang on the hook ``run_event`` like anybody's (see ``ganzoo.builtin``), and do nothing until ``--observe NAME`` or
$GANZOO_OBSERVE names them. The libraries of the latter two are optional: pip install 'ganzoo[tensorboard]' or
'ganzoo[mlflow]'.
"""

from __future__ import annotations

import csv
import importlib.util
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from ganzoo.errors import UnknownName, UsageError

VARIABLE = "GANZOO_OBSERVE"


class RunObserver(Protocol):
    """Writes the events of one run somewhere."""

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Take one event, with the fields that the hook ``run_event`` documents."""

    def close(self) -> None:
        """Finish what was written."""


class CsvObserver:
    """``events.csv`` in the run's folder: one line per number, with the time; lines are only ever added.

    Unlike ``log.csv``, which after a resume holds each step once, it keeps every attempt.
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


class TensorBoardObserver:
    """``tensorboard/`` in the run's folder: scalars as TensorBoard's event files. See it: tensorboard --logdir runs.

    Of the library only the message types and the record format are used: its own event writer would import
    TensorFlow wherever that is installed.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        target = folder / "tensorboard"
        target.mkdir(exist_ok=True)
        name = f"events.out.tfevents.{time.time():.6f}.{os.getpid()}"  # one file per attempt, sorted by time
        self._records = RecordWriter((target / name).open("wb"))
        self._add(file_version="brain.Event:2")

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Add the scalars of a step."""
        if event != "step":
            return
        from tensorboard.compat.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=name, simple_value=value) for name, value in run["scalars"].items()]
        self._add(step=run["step"], summary=Summary(value=values))

    def close(self) -> None:
        """Close the file."""
        self._records.close()

    def _add(self, **fields: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **fields).SerializeToString())
        self._records.flush()


class MlflowObserver:
    """A run in MLflow, in the experiment ``ganzoo``, wherever $MLFLOW_TRACKING_URI says."""

    def __init__(self, folder: Path) -> None:
        from mlflow.tracking import MlflowClient

        self._client = MlflowClient()
        known = self._client.get_experiment_by_name("ganzoo")
        experiment = known.experiment_id if known else self._client.create_experiment("ganzoo")
        self._run = self._client.create_run(experiment, run_name=folder.name).info.run_id

    def write(self, event: str, run: dict[str, Any]) -> None:
        """Log the scalars of a step; what the run is, at its start; how it went, at its end."""
        if event == "step":
            for name, value in run["scalars"].items():
                self._client.log_metric(self._run, name, value, step=run["step"])
        elif event == "started":
            for name in ("path", "variant", "dataset", "seed"):
                self._client.log_param(self._run, name, run[name])
        elif event in ("finished", "failed"):
            self._client.log_metric(self._run, "train_seconds", run["train_seconds"])
            self._client.set_tag(self._run, "note", run["note"])
            self._client.set_terminated(self._run, "FINISHED" if event == "finished" else "FAILED")

    def close(self) -> None:
        """Nothing is left to do: the end of the run was logged as an event."""


OBSERVERS: dict[str, Callable[[Path], RunObserver]] = {
    "csv": CsvObserver,
    "tensorboard": TensorBoardObserver,
    "mlflow": MlflowObserver,
}
_NEEDS = {"tensorboard": "tensorboard", "mlflow": "mlflow"}


def chosen() -> list[str]:
    """The names in $GANZOO_OBSERVE."""
    return [word.strip() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()]


def switch_on(names: Iterable[str]) -> None:
    """Have these observers write from now on, here and in the processes started from here.

    Raises UnknownName, and UsageError where an observer's library is not installed.
    """
    wanted = list(dict.fromkeys([*chosen(), *names]))
    for name in wanted:
        if name not in OBSERVERS:
            raise UnknownName("observer", name, OBSERVERS)
        if name in _NEEDS and importlib.util.find_spec(_NEEDS[name]) is None:
            raise UsageError(
                f"The observer '{name}' needs the package {_NEEDS[name]}, which is not installed.",
                f"Run: pip install 'ganzoo[{name}]'",
            )
    if wanted:
        os.environ[VARIABLE] = ",".join(wanted)


class Observers:
    """Hands the events of each run to an observer of its own, opened at the run's start and closed at its end."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], RunObserver] = {}

    def __call__(self, event: str, run: dict[str, Any]) -> None:
        """Tell all that are switched on; one that fails keeps no other from hearing, and its error is raised last."""
        failure: Exception | None = None
        for name in chosen():
            try:
                self._tell(name, event, run)
            except Exception as error:  # noqa: BLE001 - of whatever library; raised again below
                failure = error
        if failure is not None:
            raise failure

    def _tell(self, name: str, event: str, run: dict[str, Any]) -> None:
        if name not in OBSERVERS:
            raise UnknownName("observer", name, OBSERVERS)
        key = (name, run["path"])
        if event == "started" and key not in self._open:
            self._open[key] = OBSERVERS[name](Path(run["path"]))
        observer = self._open.get(key)
        if observer is None:
            return  # it could not be opened, which was said then
        if event in ("finished", "failed"):
            del self._open[key]
        try:
            observer.write(event, run)
        finally:
            if event in ("finished", "failed"):
                observer.close()
