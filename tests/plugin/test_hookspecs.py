"""One test per hook, by the hook's name: what ganzoo hands in, and what it makes of the answer.

tests/meta/test_hooks.py fails for a hook without one.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from helpers import FAKES

from ganzoo.data import load
from ganzoo.errors import UnknownName
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.scoring.scorer import score
from ganzoo.scoring.setup import Terms, source_setup
from ganzoo.scoring.stored import ArraySource
from ganzoo.testing import measure_run, memory_run, toy_images


@pytest.fixture
def zoo(monkeypatch: pytest.MonkeyPatch) -> Zoo:
    """The pinned package, which has every hook, beside ganzoo's own extension."""
    monkeypatch.syspath_prepend(str(FAKES / "pinned_v1"))
    extensions = [Origin("builtin", "ganzoo.builtin", "ganzoo", "0"), Origin("x", "pinned_extras", "pinned", "1")]
    return Zoo([Origin("pinned", "pinned_gan", "pinned", "1")], extensions)


@pytest.fixture
def plugin(zoo: Zoo) -> Plugin:
    return zoo.load("pinned")


def model_of(plugin: Plugin) -> Any:
    return plugin.train(memory_run(plugin.variant, toy_images(), {"steps": 8}))


def test_hook_describe(plugin: Plugin) -> None:
    assert (plugin.variant.name, plugin.variant.inputs.labels) == ("pinned", True)


def test_hook_train(plugin: Plugin) -> None:
    run = memory_run(plugin.variant, toy_images(), {"steps": 8})
    assert plugin.train(run).w.shape == (6, 64)
    assert run.steps_done == 8


def test_hook_sample(plugin: Plugin) -> None:
    x = plugin.sample(model_of(plugin), {"z": np.zeros((5, 6), np.float32), "y": np.arange(5) % 3})
    assert (x.shape, x.dtype) == ((5, 1, 8, 8), np.float32)


def test_hook_export(plugin: Plugin, tmp_path: Path) -> None:
    plugin.export(model_of(plugin), tmp_path / "x.onnx")
    assert [each.name for each in onnx.load(tmp_path / "x.onnx").graph.input] == ["z", "y"]


def test_hook_measure(plugin: Plugin) -> None:
    """The pinned package is older than this hook; tests/training/test_reports.py has one that uses it."""
    assert plugin.measure(model_of(plugin), None) == {}  # type: ignore[arg-type]
    reporter = Zoo([Origin("reporter", "reporter", "fakes", "1")]).load("reporter")
    run = memory_run(reporter.variant, toy_images(), {"steps": 8})
    model = reporter.train(run)
    (number,) = reporter.measure(model, measure_run(run, toy_images(seed=1))).items()
    assert number[0] == "gap" and 0 < number[1] < 2


def test_hook_register_datasets(zoo: Zoo) -> None:
    sources = zoo.datasets()
    assert {"digits", "pinned-bars"} <= set(sources)
    assert load("pinned-bars", sources).class_names == ("left", "right")


def test_hook_register_extractors(zoo: Zoo) -> None:
    extractors = zoo.extractors()
    assert {"pixels", "pinned-halves"} <= set(extractors)
    extracted = extractors["pinned-halves"].open("cpu", 1).extract(np.zeros((4, 1, 8, 8), np.float32))
    assert extracted.features.shape == (4, 3)


def test_hook_register_metrics(zoo: Zoo) -> None:
    metrics = zoo.metrics()
    assert {"fid", "pinned_gap"} <= set(metrics)
    assert list(metrics)[-1] == "pinned_gap", "those of others come last"


@pytest.fixture
def observing() -> Zoo:
    """A package with the hooks that are newer than the pinned one, beside ganzoo's own extension."""
    return Zoo([], [Origin("builtin", "ganzoo.builtin", "ganzoo", "0"), Origin("observing", "observing", "fakes", "1")])


def test_hook_register_profiles(observing: Zoo) -> None:
    assert list(observing.profiles()) == [
        *("pytorch-fid", "torch-fidelity", "clean-fid", "torchmetrics", "stylegan", "adm"),
        "two-tool",
    ]
    x = np.random.default_rng(0).normal(size=(60, 1, 8, 8)).astype(np.float32)
    side = ArraySource("x", "image", x)
    terms = Terms(profile="two-tool")
    setup = source_setup(side, side, observing.extractors(), {}, terms, profiles=observing.profiles())
    assert setup.protocol.extractor == "pixels"
    assert setup.protocol.metrics == {"two": 1, "broken": 1}
    assert {name: each.value for name, each in score(setup, side).estimates.items()} == {"two": 2.0}
    assert [note for note in observing.notes if "ZeroDivisionError" in note] == [
        "Plugin observing (fakes 1) failed in the metric 'broken': ZeroDivisionError: in a profile."
    ]
    with pytest.raises(UnknownName, match=r"Unknown profile 'two'\. Did you mean 'two-tool'"):
        source_setup(side, side, {}, {}, Terms(profile="two"), profiles=observing.profiles())


def test_hook_register_observers(observing: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(observing.observers()) == ["lines", "full", "elsewhere"]
    monkeypatch.setenv("GANZOO_OBSERVE", "lines")
    for event in ("started", "finished"):
        assert observing.emit(event, {"path": str(tmp_path)}) == []
    lines = (tmp_path / "heard.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["started", "finished", "closed"]


def test_hook_run_event(zoo: Zoo, tmp_path: Path) -> None:
    run = {"path": str(tmp_path), "variant": "v", "note": ""}
    assert zoo.emit("started", run) == []
    assert zoo.emit("finished", run) == []
    assert [path.name for path in tmp_path.iterdir()] == ["pinned-events.jsonl"]


def test_an_observer_cannot_change_what_the_next_one_hears(tmp_path: Path, zoo: Zoo) -> None:
    extras = importlib.import_module("pinned_extras") if zoo.metrics() else None
    assert extras is not None
    run = {"path": str(tmp_path), "scalars": {"loss": 1.0}}
    original, extras.json = extras.json, _Greedy()  # what its observer calls with its own copy
    try:
        zoo.emit("step", run)
    finally:
        extras.json = original
    assert run == {"path": str(tmp_path), "scalars": {"loss": 1.0}}


class _Greedy:
    """Stands for ``json`` in the observer, and empties all it is given."""

    def dumps(self, line: dict[str, Any]) -> str:
        line["scalars"].clear()
        return ""
