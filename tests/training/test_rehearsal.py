"""A generator that breaks the contract is refused before the first step, and a good one's training is not touched."""

from __future__ import annotations

import dataclasses
import gc
import random
import signal
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.data.base import Dataset
from ganzoo.errors import GanzooError, Interrupted, ModelError, PluginError
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.testing import toy_images
from ganzoo.training import rehearsal, run, runs
from ganzoo.training.loop import Loop
from ganzoo.training.runs import RunFolder, RunStore
from ganzoo.types import LatentSpec

STEPS = 12


def toy(n: int = 192) -> Dataset:
    images = toy_images(n=n)
    return Dataset(images.spec, images, toy_images(seed=1))


class Watched:
    """The plugin of many steps with hooks exchanged: ``taken`` has the steps of every call of ``train``."""

    def __init__(self, plugin: Plugin, **hooks: Callable[..., Any]) -> None:
        self.taken: list[int] = []
        self.rows: list[int] = []
        self._hooks = hooks
        self._call = plugin._call
        self.plugin = dataclasses.replace(plugin, _call=self._called)

    def _called(self, hook: str, given: dict[str, Any]) -> Any:
        if hook == "train":
            return self._trained(given["run"])
        changed = self._hooks.get(hook)
        return changed(**given) if changed else self._call(hook, given)

    def _trained(self, run: Any) -> Any:
        self.taken.append(0)
        self.rows.append(len(run.data.x))
        chunks = run.chunks

        def counted(*args: Any, **given: Any) -> Any:
            for part in chunks(*args, **given):
                self.taken[-1] += len(part)
                yield part

        run.chunks = counted
        train = self._hooks.get("train")
        return train(run) if train else self._call("train", {"run": run})


@pytest.fixture
def stepper(fake_zoo: Zoo) -> Plugin:
    return fake_zoo.load("stepper")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, watched."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def train(watched: Watched, root: Path, **given: Any) -> RunFolder:
    """Train without frames, which have the plugin called once more each."""
    data = given.pop("data", toy())
    return run.train(watched.plugin, data, {"steps": STEPS}, store=RunStore(root), framed=False, **given)


def the_run(root: Path) -> RunFolder:
    (folder,) = RunStore(root).all()
    return folder


def outcome(folder: RunFolder) -> tuple[str, bytes]:
    state = folder.file(runs.STATE).read_bytes()
    return folder.manifest().onnx_sha256, state[8 + int.from_bytes(state[:8], "little") :]


def exporting(**graph: Any) -> Callable[..., Any]:
    """An export hook that writes such a graph whatever was trained."""

    def export(model: Any, path: Path) -> bool:
        graphs.linear(path, LatentSpec(z_dim=4), (1, 8, 8), **graph)
        return True

    return export


def noise() -> dict[str, Any]:
    drawn = helper.make_node("RandomNormalLike", ["flat"], ["noise"], scale=0.1)
    return {"extra": [drawn, helper.make_node("Mul", ["noise", "flat"], ["noisy"])], "source": "noisy"}


def batch_norm() -> dict[str, Any]:
    axes = helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.array([0], np.int64)))
    mean = helper.make_node("ReduceMean", ["flat", "axes"], ["mean"], keepdims=1)
    off = helper.make_node("Sub", ["flat", "mean"], ["off"])
    return {"extra": [axes, mean, off, helper.make_node("Tanh", ["off"], ["squashed"])], "source": "squashed"}


def custom() -> dict[str, Any]:
    node = helper.make_node("Sharpen", ["flat"], ["sharp"], domain="com.example")
    return {"extra": [node], "source": "sharp", "opsets": [("", 20), ("com.example", 1)]}


def fixed_inside() -> dict[str, Any]:
    shape = numpy_helper.from_array(np.array([1, 64], np.int64))
    one = helper.make_node("Constant", [], ["one"], value=shape)
    return {"extra": [one, helper.make_node("Reshape", ["flat", "one"], ["row"])], "source": "row"}


BREACHES: dict[str, tuple[dict[str, Any], str]] = {
    "fixed batch": ({"batch": 16}, "the batch axis of z is fixed"),
    "fixed batch inside": (fixed_inside(), "failed to run"),
    "foreign operator": (custom(), "operators of the domain com.example"),
    "range": ({"squash": None, "gain": 2.0}, r"values outside \[-1, 1\]"),
    "noise": (noise(), "randomness in the file"),
    "batch": (batch_norm(), "depends on the rest of its batch"),
    "not finite": ({"extra": [helper.make_node("Log", ["flat"], ["log"])], "source": "log"}, "not finite"),
    "type": ({"z_type": TensorProto.DOUBLE}, "z has the wrong element type"),
    "other samples": ({}, "differs from the framework"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_found_before_the_first_step(breach: str, stepper: Plugin, tmp_path: Path, temporary: Path) -> None:
    graph, words = BREACHES[breach]
    watched, events = Watched(stepper, export=exporting(**graph)), []
    with pytest.raises(ModelError, match=words):
        train(watched, tmp_path / "runs", observer=lambda event, fields: events.append(event))
    assert watched.taken == [0, 1]  # rehearsals both: one step in memory shows that more training does not mend it
    folder = the_run(tmp_path / "runs")
    assert (folder.manifest().status, folder.manifest().steps) == ("failed", 0)
    assert {path.name for path in folder.path.iterdir()} - {".lock"} == {"run.json"}
    assert events == ["started", "failed"]
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("hook", ["export", "sample"])
def test_a_hook_that_always_fails_is_found_too(hook: str, stepper: Plugin, tmp_path: Path) -> None:
    def fails(**given: Any) -> Any:
        raise PluginError("no such operator")

    watched = Watched(stepper, **{hook: fails})
    with pytest.raises(PluginError, match="no such operator"):
        train(watched, tmp_path)
    assert watched.taken == [0, 1]


def test_a_good_training_stays_as_it_was_bit_for_bit(
    stepper: Plugin, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, events = Watched(stepper), []
    rehearsed = train(watched, tmp_path / "a", observer=lambda event, fields: events.append(event))
    assert watched.taken == [0, STEPS]
    assert events == ["started", "step", "finished"]
    assert not list(temporary.iterdir())
    monkeypatch.setattr(run, "rehearse", lambda *_: None)
    assert outcome(rehearsed) == outcome(train(Watched(stepper), tmp_path / "b"))


def test_global_random_states_are_as_before(stepper: Plugin, tmp_path: Path) -> None:
    """For a plugin that draws from them, against its contract, nothing changes."""
    drawn: list[tuple[float, float]] = []

    def draws(run: Any) -> Any:
        drawn.append((random.random(), float(np.random.random())))
        return stepper.train(run)

    train(Watched(stepper, train=draws), tmp_path)
    assert len(drawn) == 2
    assert drawn[0] == drawn[1]


def test_what_is_fitted_in_a_step_may_be_nothing_before_it(stepper: Plugin, tmp_path: Path) -> None:
    """Such a generator is exported after one step of its rehearsal, and trained."""

    class Fit:
        model: Any = None

        def state_arrays(self) -> dict[str, Any]:
            return dict(self.model.state_arrays())

        def load_arrays(self, arrays: Any) -> None:
            raise AssertionError

    def fits(run: Any) -> Any:
        fit = Fit()
        for _ in run.steps(1, state=fit):
            fit.model = stepper.train(Loop(data=run.data, options=run.options, seed=0, latent=run.latent))
        return fit.model

    watched = Watched(stepper, train=fits)
    assert train(watched, tmp_path).manifest().status == "finished"
    assert watched.taken == [0, 1, 1]


def test_a_training_that_needs_a_step_is_not_rehearsed(stepper: Plugin, tmp_path: Path) -> None:
    def needy(run: Any) -> Any:
        model, losses = stepper.train(run), [0.0] * run._part.stop
        run.log(mean=sum(losses) / len(losses))
        return model

    watched = Watched(stepper, train=needy)
    assert train(watched, tmp_path).manifest().steps == STEPS
    assert watched.taken == [0, STEPS]


def test_an_error_of_the_training_is_reported_by_the_training(stepper: Plugin, tmp_path: Path) -> None:
    def fails(run: Any) -> Any:
        raise GanzooError("jax2onnx is not installed")

    watched = Watched(stepper, train=fails)
    with pytest.raises(GanzooError, match="jax2onnx is not installed"):
        train(watched, tmp_path)
    assert watched.taken == [0, 0]


@pytest.mark.parametrize("fails_once", [False, True])
def test_the_training_has_the_memory_to_itself(fails_once: bool, stepper: Plugin, tmp_path: Path) -> None:
    """Also where a model refers to itself, and where the traceback of a first fault held it."""
    seen: list[weakref.ref[Any]] = []
    left: list[bool] = []

    def trains(run: Any) -> Any:
        left.append(any(each() is not None for each in seen))
        model = stepper.train(run)
        model.itself = model
        seen.append(weakref.ref(model))
        return model

    def export(model: Any, path: Path) -> bool:
        if fails_once and len(seen) == 1:
            raise PluginError("nothing is fitted")
        stepper.export(model, path)
        return True

    watched = Watched(stepper, train=trains, export=export)
    gc.disable()
    try:
        train(watched, tmp_path)
    finally:
        gc.enable()
    assert len(seen) == 2 + fails_once
    assert left[-1] is False


def test_a_resumed_run_is_not_rehearsed(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(stepper)
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "4")
        train(watched, tmp_path)
    train(watched, tmp_path)
    assert watched.taken == [0, 5, STEPS - 5]


def test_a_stop_during_the_rehearsal_is_obeyed(stepper: Plugin, tmp_path: Path) -> None:
    export = stepper.export

    def interrupted(model: Any, path: Path) -> bool:
        signal.raise_signal(signal.SIGINT)
        export(model, path)
        return True

    with pytest.raises(Interrupted, match="SIGINT after step 1 of 12"):
        train(Watched(stepper, export=interrupted), tmp_path)
    assert the_run(tmp_path).manifest().status == "interrupted"


def test_a_rehearsal_sees_few_of_many_samples(stepper: Plugin, tmp_path: Path) -> None:
    watched = Watched(stepper)
    train(watched, tmp_path, data=toy(3 * rehearsal.ROWS))
    assert watched.rows == [rehearsal.ROWS, 3 * rehearsal.ROWS]
