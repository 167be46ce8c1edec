"""What a look at the generator of a checkpoint says and leaves."""

from __future__ import annotations

import dataclasses
import gc
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ganzoo.data.base import Split
from ganzoo.generator.contract import describe
from ganzoo.generator.engine import Generator
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.testing import toy_images, toy_points
from ganzoo.training import snapshot
from ganzoo.training.loop import Checkpoint
from ganzoo.training.snapshot import Snapshots
from ganzoo.types import LatentSpec

IMAGES, LATENT = toy_images(), LatentSpec(z_dim=4)


@pytest.fixture
def stepper(fake_zoo: Zoo) -> Plugin:
    """The plugin of many steps."""
    return fake_zoo.load("stepper")


def looking(plugin: Plugin, data: Split = IMAGES, device: str = "cpu") -> Snapshots:
    info = describe("stepper", data.spec, LATENT, backend="numpy", options={}, seed=0)
    return Snapshots(plugin, data, plugin.variant.options(), info, device)


def state(bias: float, step: int = 100) -> Checkpoint:
    """A state of the stepper: with a large bias, whatever it draws is white."""
    arrays = {"w": np.ones((4, 64), np.float32), "b": np.full(64, bias, np.float32), "m": np.zeros(64, np.float32)}
    return Checkpoint(step, 1.0, {**arrays, "t": np.array(step)})


def failing(plugin: Plugin, calls: list[Any]) -> Plugin:
    """It cannot train beside a training."""

    def called(hook: str, given: dict[str, Any]) -> Any:
        calls.append(given["run"])
        raise RuntimeError("one at a time")

    return dataclasses.replace(plugin, _call=called)


def test_what_is_wrong_with_a_generator_is_said_of_what_learns(stepper: Plugin) -> None:
    assert looking(stepper).fault(state(0.0)) == ""
    assert "every value of its samples" in looking(stepper).fault(state(1e9))
    floor = dataclasses.replace(stepper, variant=msgspec.structs.replace(stepper.variant, role="floor"))
    assert looking(floor).fault(state(1e9)) == ""


def test_nothing_is_said_where_the_plugin_cannot_show_it(stepper: Plugin) -> None:
    calls: list[Any] = []
    snapshots = looking(failing(stepper, calls))
    assert [snapshots.fault(state(1e9)), snapshots.fault(state(1e9))] == ["", ""]
    assert len(calls) == 1


@pytest.mark.parametrize(("device", "collected"), [("cpu", 0), ("cuda", 1)])
def test_a_look_gives_back_the_memory_of_a_gpu(
    device: str, collected: int, stepper: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plugin is asked to look where it trains."""
    calls: list[Any] = []
    collections: list[str] = []
    monkeypatch.setattr(gc, "collect", lambda: collections.append(device))
    looking(failing(stepper, calls), device=device).fault(state(0.0))
    assert (len(collections), [run.device for run in calls]) == (collected, [device])


def test_a_generator_is_drawn_on_the_cpu(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one needs no GPU, and a training that diverged may have filled it."""
    devices: list[str] = []

    def generator(path: Path, device: str = "auto") -> Generator:
        devices.append(device)
        return Generator(path, device="cpu")

    monkeypatch.setattr(snapshot, "Generator", generator)
    assert looking(stepper, device="cuda").draw(state(0.0), tmp_path / "drawn.png")
    assert devices == ["cpu"]
    assert (tmp_path / "drawn.png").is_file()


def test_what_cannot_be_drawn_is_not_said_to_be(stepper: Plugin, tmp_path: Path) -> None:
    assert not looking(failing(stepper, [])).draw(state(0.0), tmp_path / "drawn.png")
    assert not (tmp_path / "drawn.png").exists()


def test_images_from_all_over_the_data_and_all_points_are_what_samples_are_held_against() -> None:
    """Images in an order, the black ones first, say."""
    images, points = toy_images(n=600), toy_points(600, classes=2)
    thinned = snapshot._thinned(images)
    np.testing.assert_array_equal(thinned.x, images.x[::3])
    assert (thinned.spec, thinned.y) == (images.spec, None)
    np.testing.assert_array_equal(snapshot._thinned(toy_images(n=256)).x, toy_images(n=256).x)
    np.testing.assert_array_equal(snapshot._thinned(points).x, points.x)


@pytest.mark.parametrize("step", [0, 7])
def test_a_look_trains_no_step(step: int, stepper: Plugin) -> None:
    info = describe("stepper", IMAGES.spec, LATENT, backend="numpy", options={}, seed=0)
    still = snapshot._Still(IMAGES, stepper.variant.options(), info, "cpu", state(0.0, step))

    class State:
        def load_arrays(self, arrays: Any) -> None:
            assert arrays["t"] == step

        def state_arrays(self) -> dict[str, Any]:
            raise AssertionError("nothing is saved")

    assert list(still.chunks(9, state=State(), size=4)) == []
