"""What each observer writes: CSV, TensorBoard's files read back by TensorBoard, and MLflow's calls."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from ganzoo_observers import register_observers

from ganzoo.cli import main
from ganzoo.processes import ONE_THREAD

ABOUT = {"variant": "v", "dataset": "d", "seed": 3, "status": "running", "note": "", "steps": 0, "train_seconds": 0.0}
SOURCES = {source.name: source for source in register_observers()}


def tell(name: str, folder: Path, end: str = "finished") -> None:
    """The events of a short run."""
    observer, run = SOURCES[name].open(folder), {"path": str(folder)}
    observer.write("started", {**run, **ABOUT})
    step = {**run, "total": 200, "seconds": 0.5}
    observer.write("step", {**step, "step": 100, "scalars": {"d_loss": 1.5, "g_loss": 0.25}})
    observer.write("resumed", {**run, "step": 100, "total": 200})
    observer.write("step", {**step, "step": 200, "scalars": {"d_loss": 1.25, "g_loss": 0.5}})
    observer.write(end, {**run, **ABOUT, "status": end, "steps": 200, "train_seconds": 1.0, "note": "why"})
    observer.close()


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_a_line_per_number(tmp_path: Path) -> None:
    tell("csv", tmp_path)
    found = rows(tmp_path / "events.csv")
    assert list(found[0]) == ["time", "event", "step", "name", "value"]
    steps = [(row["step"], row["name"], row["value"]) for row in found if row["event"] == "step"]
    assert steps == [
        ("100", "d_loss", "1.5"),
        ("100", "g_loss", "0.25"),
        ("200", "d_loss", "1.25"),
        ("200", "g_loss", "0.5"),
    ]
    ended = {row["name"]: row["value"] for row in found if row["event"] == "finished"}
    assert ended["status"] == "finished"
    assert [row["step"] for row in found if row["event"] == "resumed"] == ["100"]


def test_csv_adds_to_what_an_earlier_attempt_wrote(tmp_path: Path) -> None:
    tell("csv", tmp_path, "failed")
    first = rows(tmp_path / "events.csv")
    tell("csv", tmp_path)
    assert rows(tmp_path / "events.csv")[: len(first)] == first
    assert len(rows(tmp_path / "events.csv")) == 2 * len(first)


def test_tensorboard_reads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(sys.modules)
    tell("tensorboard", tmp_path)
    assert "tensorflow" not in set(sys.modules) - before
    # TensorBoard's reader, too, without TensorFlow.
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", ModuleType("notf"))
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert read.Tags()["scalars"] == ["d_loss", "g_loss"]
    assert [(event.step, event.value) for event in read.Scalars("g_loss")] == [(100, 0.25), (200, 0.5)]


def test_mlflow_is_told_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a stand-in with the five calls that are used: the real one and what it needs take over 100 MB."""
    calls: list[tuple[Any, ...]] = []

    class Client:
        def get_experiment_by_name(self, name: str) -> None:
            return None

        def create_experiment(self, name: str) -> str:
            calls.append(("experiment", name))
            return "7"

        def create_run(self, experiment: str, run_name: str) -> Any:
            calls.append(("run", experiment, run_name))
            return SimpleNamespace(info=SimpleNamespace(run_id="r"))

        def __getattr__(self, name: str) -> Any:
            return lambda *given, **named: calls.append((name, *given, *named.values()))

    package, tracking = ModuleType("mlflow"), ModuleType("mlflow.tracking")
    tracking.MlflowClient = Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", package)
    monkeypatch.setitem(sys.modules, "mlflow.tracking", tracking)
    tell("mlflow", tmp_path / "key", "failed")
    assert calls[:2] == [("experiment", "ganzoo"), ("run", "7", "key")]
    assert ("log_param", "r", "seed", 3) in calls
    assert ("log_metric", "r", "g_loss", 0.5, 200) in calls
    assert calls[-2:] == [("set_tag", "r", "note", "why"), ("set_terminated", "r", "FAILED")]


@pytest.mark.parametrize(
    "words", [["train", "gaussian", "--no-score"], ["bench", "gaussian", "--data", "digits", "--seeds", "0"]]
)
def test_the_option_of_train_and_bench(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANZOO_OBSERVE", "")
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, [*words, "--observe", "csv"])
    assert done.exit_code == 0, done.output
    (found,) = tmp_path.glob("runs/digits/gaussian/*/events.csv")
    assert {"started", "step", "finished"} <= {row["event"] for row in rows(found)}
