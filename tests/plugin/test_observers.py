"""The observers that come with ganzoo: CSV, TensorBoard's files read back by TensorBoard, and MLflow's calls."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ganzoo import api
from ganzoo.cli import main
from ganzoo.errors import UnknownName, UsageError
from ganzoo.plugin import observers
from ganzoo.plugin.manager import Zoo
from ganzoo.plugin.observers import Observers
from ganzoo.processes import ONE_THREAD
from ganzoo.registry import Registry

ABOUT = {"variant": "v", "dataset": "d", "seed": 3, "status": "running", "note": "", "steps": 0, "train_seconds": 0.0}


@pytest.fixture(autouse=True)
def none_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with all of them off; what it switches on goes with it."""
    monkeypatch.setenv("GANZOO_OBSERVE", "")


def tell(observer: Observers, folder: Path, end: str = "finished") -> None:
    """The events of a short run."""
    run = {"path": str(folder)}
    observer("started", {**run, **ABOUT})
    observer("step", {**run, "step": 100, "total": 200, "seconds": 0.5, "scalars": {"d_loss": 1.5, "g_loss": 0.25}})
    observer("resumed", {**run, "step": 100, "total": 200})
    observer("step", {**run, "step": 200, "total": 200, "seconds": 1.0, "scalars": {"d_loss": 1.25, "g_loss": 0.5}})
    observer(end, {**run, **ABOUT, "status": end, "steps": 200, "train_seconds": 1.0, "note": "why"})


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_nothing_is_written_until_asked_for(tmp_path: Path) -> None:
    tell(Observers(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_csv_has_a_line_per_number(tmp_path: Path) -> None:
    observers.switch_on(["csv"])
    tell(Observers(), tmp_path)
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
    observers.switch_on(["csv"])
    tell(Observers(), tmp_path, "failed")
    first = rows(tmp_path / "events.csv")
    tell(Observers(), tmp_path)
    assert rows(tmp_path / "events.csv")[: len(first)] == first
    assert len(rows(tmp_path / "events.csv")) == 2 * len(first)


def test_two_runs_at_once_are_kept_apart(tmp_path: Path) -> None:
    observers.switch_on(["csv"])
    both = Observers()
    for name in "ab":
        (tmp_path / name).mkdir()
        both("started", {"path": str(tmp_path / name), **ABOUT})
    both("step", {"path": str(tmp_path / "b"), "step": 1, "total": 1, "seconds": 0.0, "scalars": {"x": 1.0}})
    assert [sum(row["event"] == "step" for row in rows(tmp_path / name / "events.csv")) for name in "ab"] == [0, 1]


def test_tensorboard_reads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard", reason="the extra ganzoo[tensorboard] is not installed")
    observers.switch_on(["tensorboard"])
    before = set(sys.modules)
    tell(Observers(), tmp_path)
    assert not {"tensorflow", "torch"} & (set(sys.modules) - before), "writing loads no framework"
    monkeypatch.setitem(
        sys.modules, "tensorboard.compat.notf", ModuleType("notf")
    )  # its reader, too, without TensorFlow
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
    package.__spec__ = SimpleNamespace()  # type: ignore[assignment]
    tracking.MlflowClient = Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mlflow", package)
    monkeypatch.setitem(sys.modules, "mlflow.tracking", tracking)
    observers.switch_on(["mlflow"])
    tell(Observers(), tmp_path / "key", "failed")
    assert calls[:2] == [("experiment", "ganzoo"), ("run", "7", "key")]
    assert ("log_param", "r", "seed", 3) in calls
    assert ("log_metric", "r", "g_loss", 0.5, 200) in calls
    assert calls[-2:] == [("set_tag", "r", "note", "why"), ("set_terminated", "r", "FAILED")]


def test_names_are_checked_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match=r"Unknown observer 'cvs'\. Did you mean 'csv'\?"):
        observers.switch_on(["cvs"])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs the package mlflow, .* pip install 'ganzoo\[mlflow\]'"):
        observers.switch_on(["mlflow"])
    assert observers.chosen() == []


def test_the_environment_and_the_option_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_OBSERVE", "csv, ")
    observers.switch_on(["csv"])
    assert observers.chosen() == ["csv"]


@pytest.mark.parametrize(
    "words", [["train", "gaussian", "--no-score"], ["bench", "gaussian", "--data", "digits", "--seeds", "0"]]
)
def test_the_option_of_train_and_bench(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(main, [*words, "--observe", "csv"])
    assert done.exit_code == 0, done.output
    (found,) = tmp_path.glob("runs/digits/gaussian/*/events.csv")
    assert {"started", "step", "finished"} <= {row["event"] for row in rows(found)}


def test_a_run_goes_on_past_an_observer_that_fails(
    tmp_path: Path, zoo: Zoo, catalogue: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, folder: Path) -> None:
            raise OSError("no space left")

    monkeypatch.setitem(observers.OBSERVERS, "tensorboard", Full)
    monkeypatch.setenv("GANZOO_OBSERVE", "tensorboard,csv")
    said: list[str] = []
    run = api.train(
        "gaussian",
        runs=tmp_path,
        seed=5,
        registry=catalogue,
        zoo=zoo,
        observer=lambda event, fields: said.append(fields["text"]) if event == "warning" else None,
    )
    assert run.is_finished()
    assert len(said) == 1
    assert "failed in run_event: OSError: no space left" in said[0]
    events = [row["event"] for row in rows(run.path / "events.csv")]
    assert events[0] == "started"
    assert events[-1] == "finished"
