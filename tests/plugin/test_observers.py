"""Observers by name: which are switched on, what they hear, and what happens where one fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ganzoo import api
from ganzoo.errors import UnknownName, UsageError
from ganzoo.plugin import observers
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry

ABOUT = {"variant": "v", "dataset": "d", "seed": 3, "status": "running", "note": "", "steps": 0, "train_seconds": 0.0}


@pytest.fixture(autouse=True)
def none_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with all of them off; what it switches on goes with it."""
    monkeypatch.setenv("GANZOO_OBSERVE", "")


@pytest.fixture
def observed() -> Zoo:
    return Zoo(extensions=[Origin("observing", "observing", "fakes", "1")])


def tell(zoo: Zoo, folder: Path, steps: tuple[int, ...] = (100,), end: str = "finished") -> list[str]:
    """The events of a short run; the failures that were returned."""
    run: dict[str, Any] = {"path": str(folder)}
    failures = zoo.emit("started", {**run, **ABOUT})
    for step in steps:
        failures += zoo.emit("step", {**run, "step": step, "total": 200, "seconds": 0.5, "scalars": {"loss": 1.5}})
    return failures + zoo.emit(end, {**run, **ABOUT, "status": end})


def heard(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "heard.jsonl").read_text().splitlines()]


def test_nothing_is_written_until_it_is_requested(observed: Zoo, tmp_path: Path) -> None:
    assert tell(observed, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_run_has_an_observer_of_its_own(observed: Zoo, tmp_path: Path) -> None:
    observers.switch_on(["lines"], observed.observers)
    for name in "ab":
        (tmp_path / name).mkdir()
        observed.emit("started", {"path": str(tmp_path / name), **ABOUT})
    observed.emit("step", {"path": str(tmp_path / "b"), "step": 1, "total": 1, "seconds": 0.0, "scalars": {}})
    observed.emit("failed", {"path": str(tmp_path / "b"), **ABOUT})
    observed.emit("finished", {"path": str(tmp_path / "a"), **ABOUT})
    assert heard(tmp_path / "a") == ["started", "finished", "closed"]
    assert heard(tmp_path / "b") == ["started", "step", "failed", "closed"]


def test_a_run_that_starts_again_is_observed_again(observed: Zoo, tmp_path: Path) -> None:
    observers.switch_on(["lines"], observed.observers)
    for _ in range(2):
        tell(observed, tmp_path)
    assert heard(tmp_path) == ["started", "step", "finished", "closed"] * 2


def test_a_failure_is_told_once_and_names_its_owner(observed: Zoo, tmp_path: Path) -> None:
    observers.switch_on(["lines", "full"], observed.observers)
    first, second = tell(observed, tmp_path, steps=(12, 13, 13, 14))
    assert first == "Plugin observing (fakes 1) failed to open 'full': OSError: no space left."
    assert second == "Plugin observing (fakes 1) failed in the observer 'lines': ValueError: thirteen."
    assert heard(tmp_path) == ["started", "step", "step", "finished", "closed"]


def test_an_unknown_name_in_the_environment(observed: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_OBSERVE", "line,lines")
    (failure,) = tell(observed, tmp_path)
    assert "Unknown observer 'line'. Did you mean 'lines'?" in failure
    assert heard(tmp_path)[-1] == "closed"


def test_names_are_checked_before_any_work(observed: Zoo) -> None:
    with pytest.raises(UnknownName, match=r"Unknown observer 'line'\. Did you mean 'lines'\?"):
        observers.switch_on(["line"], observed.observers)
    with pytest.raises(UsageError, match=r"needs the package no_such_library, .*\. Run: pip install more"):
        observers.switch_on(["elsewhere"], observed.observers)
    assert observers.chosen() == []


def test_the_environment_and_the_option_add_up(observed: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_OBSERVE", "full, ")
    observers.switch_on(["lines", "full"], observed.observers)
    assert observers.chosen() == ["full", "lines"]


def test_without_any_no_extension_is_loaded() -> None:
    observers.switch_on([], lambda: pytest.fail("they were looked up"))


def test_a_run_goes_on_past_an_observer_that_fails(
    tmp_path: Path, catalogue: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_OBSERVE", "full,lines")
    zoo = Zoo.discover(catalogue)
    extensions = [origin for kind, origin in zoo.everything() if kind == "extension"]
    everything = Zoo([zoo.the_one("gaussian")], [*extensions, Origin("observing", "observing", "fakes", "1")])
    warnings: list[str] = []
    run = api.train(
        "gaussian",
        runs=tmp_path,
        seed=5,
        registry=catalogue,
        zoo=everything,
        observer=lambda event, fields: warnings.append(fields["text"]) if event == "warning" else None,
    )
    assert run.is_finished()
    assert ["failed to open 'full': OSError: no space left" in warning for warning in warnings] == [True]
    assert heard(run.path)[0] == "started"
    assert heard(run.path)[-2:] == ["finished", "closed"]
