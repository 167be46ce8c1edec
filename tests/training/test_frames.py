"""What is kept of a generator over the time of its training, and that nothing else changes by it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import ganzoo
from ganzoo.data.base import Dataset, quantise
from ganzoo.errors import Damaged, Interrupted, StoreError
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.testing import toy_images, toy_points
from ganzoo.training import run, runs
from ganzoo.training.frames import BEHIND, COUNT, SEED, FrameFile, inputs, is_due, read_frames
from ganzoo.training.runs import RunFolder, RunStore
from ganzoo.types import LatentSpec

LADDER = (1, 3, 10, 30, 40)
"""Steps of the frames of a run of 40."""


@pytest.fixture
def stepper(fake_zoo: Zoo) -> Plugin:
    """The plugin of many steps."""
    return fake_zoo.load("stepper")


def train(plugin: Plugin, root: Path, *options: dict[str, Any], **given: Any) -> RunFolder:
    images = toy_images()
    dataset = Dataset(images.spec, images, toy_images(seed=1))
    return run.train(plugin, dataset, *options, store=RunStore(root), **given)


def the_run(root: Path) -> RunFolder:
    (folder,) = RunStore(root).all()
    return folder


def kept(folder: RunFolder) -> tuple[int, ...]:
    """The steps whose frames a run has."""
    found = read_frames(folder.file(runs.FRAMES))
    return found.steps if found else ()


def with_hook(plugin: Plugin, name: str, changed: Callable[..., Any]) -> Plugin:
    """The plugin with one hook exchanged."""

    def called(hook: str, given: dict[str, Any]) -> Any:
        return changed(**given) if hook == name else plugin._call(hook, given)

    return dataclasses.replace(plugin, _call=called)


def is_frame(given: dict[str, Any]) -> bool:
    """Whether ``sample`` is called for a frame: nobody else asks for as many."""
    return len(given["z"]) == COUNT["image"]


@pytest.mark.parametrize(
    ("size", "images", "points"),
    [
        (1, [1, 3, 10, 30, 100, 300, 1000, 3000], [1, 10, 100, 1000]),
        (20, [20, 40, 100, 300, 1000, 3000], [20, 100, 1000]),
        (1500, [1500, 3000], [1500]),
    ],
)
def test_frames_are_taken_after_the_chunks_that_reach_their_steps(
    size: int, images: list[int], points: list[int]
) -> None:
    parts = [range(first, first + size) for first in range(0, 6000, size)]
    assert [part.stop for part in parts if is_due(part, "image")] == images
    assert [part.stop for part in parts if is_due(part, "points")] == points


def test_a_frame_has_what_a_run_of_so_many_steps_draws_first(stepper: Plugin, tmp_path: Path) -> None:
    """From the same latents, whatever seed it is trained with."""
    found = read_frames(train(stepper, tmp_path / "long", seed=1).file(runs.FRAMES))
    assert found is not None
    assert (found.steps, found.x.shape, found.x.dtype, found.behind) == (LADDER, (5, 16, 1, 8, 8), np.uint8, None)
    for step, x in zip(found.steps, found.x, strict=True):
        short = train(stepper, tmp_path / str(step), {"steps": step}, seed=1)
        drawn = quantise(ganzoo.sample(short.path, COUNT["image"], seed=SEED, device="cpu"))
        assert np.abs(x.astype(int) - drawn).max() <= 1, "but for rounding, which differs between NumPy and ONNX"
    assert not np.array_equal(found.x[0], found.x[1])


def test_the_latents_are_those_of_every_run(tmp_path: Path) -> None:
    latent = LatentSpec(z_dim=3, classes=4)
    drawn = inputs(latent, "image")
    assert {name: len(value) for name, value in drawn.items()} == {"z": 16, "y": 16}
    np.testing.assert_array_equal(drawn["z"], ganzoo.latents.samples(latent, seed=0, start=0, count=16)["z"])
    assert len(inputs(latent, "points")["z"]) == 500


@pytest.mark.parametrize(("step", "before"), [("0", (1,)), ("2", (1, 3)), ("12", (1, 3, 10)), ("30", (1, 3, 10, 30))])
def test_a_run_that_was_stopped_ends_with_the_same_frames(
    step: str, before: tuple[int, ...], stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = train(stepper, tmp_path / "straight")
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", step)
        train(stepper, tmp_path / "stopped")
    assert kept(the_run(tmp_path / "stopped")) == before
    resumed = train(stepper, tmp_path / "stopped")
    assert resumed.file(runs.FRAMES).read_bytes() == straight.file(runs.FRAMES).read_bytes()


def test_frames_after_the_state_that_a_run_goes_on_from_are_taken_away(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed has frames of steps that no checkpoint knows."""
    straight = train(stepper, tmp_path / "straight")
    for number, before in (("12", (1, 3, 10)), ("15", (1, 3, 10))):
        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            patch.setenv("STEPPER_INTERRUPT", number)
            train(stepper, tmp_path / "killed")
        folder = the_run(tmp_path / "killed")
        assert kept(folder) == before
        folder.file(runs.FRAMES).write_bytes(straight.file(runs.FRAMES).read_bytes())
    folder.file(runs.STATE).unlink()
    folder.file(runs.PREVIOUS).unlink()
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "1")
        train(stepper, tmp_path / "killed")
    assert kept(folder) == (1,), "without a checkpoint it begins"
    resumed = train(stepper, tmp_path / "killed")
    assert resumed.file(runs.FRAMES).read_bytes() == straight.file(runs.FRAMES).read_bytes()


def test_a_training_that_begins_again_has_none_of_the_frames_before(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where it cannot take any of its own."""
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "12")
        train(stepper, tmp_path)
    the_run(tmp_path).file(runs.STATE).unlink()

    def sample(model: Any, inputs: dict[str, Any]) -> Any:
        return raises(inputs) if is_frame(inputs) else stepper.sample(model, inputs)

    assert kept(train(with_hook(stepper, "sample", sample), tmp_path)) == ()


def test_frames_do_not_change_what_is_trained(stepper: Plugin, tmp_path: Path) -> None:
    """Not even where a plugin draws from global random states, against its contract."""

    def sample(model: Any, inputs: dict[str, Any]) -> Any:
        random.random(), np.random.random()
        return stepper.sample(model, inputs)

    drawn: list[list[float]] = []

    def draws(event: str, fields: dict[str, Any]) -> None:
        if event == "step":
            drawn[-1] += [random.random(), np.random.random()]

    states = []
    for framed in (True, False):
        random.seed(3), np.random.seed(3)
        drawn.append([])
        plugin = with_hook(stepper, "sample", sample)
        folder = train(plugin, tmp_path / str(framed), {"steps": 200}, framed=framed, observer=draws, rehearsed=False)
        state = folder.file(runs.STATE).read_bytes()
        states.append((folder.manifest().onnx_sha256, state[8 + int.from_bytes(state[:8], "little") :]))
        assert folder.file(runs.FRAMES).is_file() == framed
    assert states[0] == states[1]
    assert drawn[0] == drawn[1]


def raises(inputs: dict[str, Any]) -> Any:
    raise RuntimeError("not now")


def too_few(inputs: dict[str, Any]) -> Any:
    return np.zeros((3, 1, 8, 8), np.float32)


def no_array(inputs: dict[str, Any]) -> Any:
    return [["x"]]


@pytest.mark.parametrize("answer", [raises, too_few, no_array])
def test_a_plugin_that_cannot_sample_meanwhile_costs_its_frames(
    answer: Callable[..., Any], stepper: Plugin, tmp_path: Path
) -> None:
    """From then on; it is not tried again."""
    asked: list[int] = []

    def sample(model: Any, inputs: dict[str, Any]) -> Any:
        if not is_frame(inputs):
            return stepper.sample(model, inputs)
        asked.append(len(asked))
        return answer(inputs) if len(asked) > 2 else stepper.sample(model, inputs)

    folder = train(with_hook(stepper, "sample", sample), tmp_path)
    assert folder.is_finished()
    assert kept(folder) == (1, 3)
    assert len(asked) == 3


def test_samples_that_are_not_finite_are_no_frame(stepper: Plugin, tmp_path: Path) -> None:
    def sample(model: Any, inputs: dict[str, Any]) -> Any:
        x = stepper.sample(model, inputs)
        return np.where(model.t == 3, np.float32(np.nan), x) if is_frame(inputs) else x

    assert kept(train(with_hook(stepper, "sample", sample), tmp_path)) == (1, 10, 30, 40)


def test_a_baseline_keeps_none(stepper: Plugin, tmp_path: Path) -> None:
    floor = dataclasses.replace(stepper, variant=msgspec.structs.replace(stepper.variant, role="floor"))
    folder = train(floor, tmp_path)
    assert not folder.file(runs.FRAMES).exists()
    assert runs.FRAMES not in folder.manifest().files


def test_a_generator_that_is_looked_at_is_built_once(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def trained(run: Any) -> Any:
        calls.append(run)
        return stepper.train(run)

    monkeypatch.setattr("ganzoo.training.divergence._scheduled", lambda part: True)
    assert kept(train(with_hook(stepper, "train", trained), tmp_path, {"steps": 12}, rehearsed=False)) == (1, 3, 10, 12)
    assert len(calls) == 1 + 11


def test_damaged_frames_are_lost_and_stop_no_resume(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "12")
        train(stepper, tmp_path)
    the_run(tmp_path).file(runs.FRAMES).write_bytes(b"PK")
    told: list[str] = []
    folder = train(stepper, tmp_path, observer=lambda event, fields: told.append(fields.get("text", "")))
    assert kept(folder) == (30, 40)
    assert any("frames.npz is damaged" in text and "Its frames are lost." in text for text in told)


def test_points_are_kept_with_some_that_were_trained_on(tmp_path: Path) -> None:
    data = toy_points(2 * BEHIND)
    file = FrameFile(tmp_path / "f.npz", data)
    x = np.linspace(-1, 1, 1000, dtype=np.float32).reshape(500, 2)
    file.add(10, x)
    file.add(1, x / 2)
    found = read_frames(tmp_path / "f.npz")
    assert found is not None
    assert found.behind is not None
    assert (found.steps, found.x.dtype, found.behind.shape) == ((1, 10), np.float32, (BEHIND, 2))
    np.testing.assert_array_equal(found.x, [x / 2, x])
    rows = {row.tobytes() for row in data.x}
    assert all(row.tobytes() in rows for row in found.behind)
    assert len({row.tobytes() for row in found.behind}) == BEHIND
    assert not np.array_equal(found.behind, data.x[:BEHIND])


def test_values_out_of_range_are_at_its_ends(tmp_path: Path) -> None:
    file = FrameFile(tmp_path / "f.npz", toy_images())
    file.add(1, np.full((16, 1, 8, 8), 3e38, np.float32))
    found = read_frames(tmp_path / "f.npz")
    assert found is not None
    assert (found.x == 255).all()


STEPS, IMAGES, POINTS = np.array([1, 3]), np.zeros((2, 4, 1, 8, 8), np.uint8), np.zeros((2, 4, 2), np.float32)


@pytest.mark.parametrize(
    "arrays",
    [
        {"x": IMAGES},
        {"steps": STEPS},
        {"steps": STEPS[::-1], "x": IMAGES},
        {"steps": STEPS - 1, "x": IMAGES},
        {"steps": STEPS[:1], "x": IMAGES},
        {"steps": STEPS[:0], "x": IMAGES[:0]},
        {"steps": STEPS.astype(np.float64), "x": IMAGES},
        {"steps": STEPS, "x": IMAGES[:, :, 0]},
        {"steps": STEPS, "x": IMAGES[:, :0]},
        {"steps": STEPS, "x": IMAGES.astype(np.float32)},
        {"steps": STEPS, "x": IMAGES, "behind": POINTS[0]},
        {"steps": STEPS, "x": POINTS.astype(np.float64)},
        {"steps": STEPS, "x": POINTS * np.float32(np.nan)},
        {"steps": STEPS, "x": POINTS, "behind": POINTS},
        {"steps": STEPS, "x": POINTS, "behind": POINTS[0, :, :1]},
        {"steps": STEPS, "x": POINTS, "behind": np.array([["a", "b"]])},
        {"steps": np.array(1), "x": np.array(1)},
    ],
)
def test_a_file_that_ganzoo_did_not_write_is_refused(arrays: dict[str, Any], tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", **arrays)
    with pytest.raises(Damaged, match=r"f\.npz is damaged"):
        read_frames(tmp_path / "f.npz")


def test_where_there_is_no_file_there_are_no_frames(tmp_path: Path) -> None:
    assert read_frames(tmp_path / "f.npz") is None
    assert issubclass(Damaged, StoreError)
