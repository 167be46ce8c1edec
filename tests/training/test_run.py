from __future__ import annotations

import csv
import dataclasses
import itertools
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest
from helpers import FAKES
from PIL import Image

import ganzoo
from ganzoo.data.base import Dataset
from ganzoo.errors import (
    DeviceError,
    Diverged,
    Incompatible,
    Interrupted,
    OptionError,
    PluginError,
    StoreError,
    UsageError,
)
from ganzoo.files import sha256
from ganzoo.plugin.manager import Plugin, Zoo
from ganzoo.testing import toy_images, toy_points
from ganzoo.training import run, runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.loop import Checkpoint, ignore_events
from ganzoo.training.runs import RunFolder, RunStore
from ganzoo.training.snapshot import Snapshots


def toy(shape: tuple[int, int, int] = (1, 8, 8)) -> Dataset:
    """A labelled toy dataset of images."""
    images = toy_images(shape)
    return Dataset(images.spec, images, toy_images(shape, seed=1))


@pytest.fixture
def stepper(fake_zoo: Zoo) -> Plugin:
    """The plugin of many steps."""
    return fake_zoo.load("stepper")


def train(plugin: Plugin, root: Path, *options: dict[str, Any], **given: Any) -> RunFolder:
    return run.train(plugin, toy(), *options, store=RunStore(root), **given)


def the_run(root: Path) -> RunFolder:
    (folder,) = RunStore(root).all()
    return folder


DAMAGE = {
    "empty": b"",
    "no text": b"\xff\xfe\0\0",
    "cut": b"step,loss\n10,0.5\n2",
    "no steps": b"loss\n1\n",
    "quotes": b'"' * 300_000,
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_log_stops_no_resume(
    content: bytes, stepper: Plugin, straight: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of the log are in the checkpoint, so that log.csv is as if nothing had been."""
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "17")
        train(stepper, tmp_path / "stopped")
    the_run(tmp_path / "stopped").file(runs.LOG).write_bytes(content)
    resumed = train(stepper, tmp_path / "stopped")
    assert outcome(resumed) == outcome(straight)
    assert resumed.file(runs.LOG).read_bytes() == straight.file(runs.LOG).read_bytes()


def test_a_state_has_all_rows_up_to_it_and_log_csv_may_lack_some(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """log.csv is written every ten seconds: whoever is killed goes on from a checkpoint that may be newer."""
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "250")
        train(stepper, tmp_path, {"steps": 300})
    the_run(tmp_path).file(runs.LOG).unlink()
    assert log_steps(train(stepper, tmp_path, {"steps": 300})) == [100, 200, 300]


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_log_beside_a_state_of_version_0_1_costs_rows_alone(content: bytes, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.file(runs.LOG).write_bytes(content)
    log = run.LogFile(folder, ignore_events)
    log("resumed", {"step": 15, "total": 40})
    assert log.text() in ("", "step,loss\n10,0.5\n2,\n", "step,loss\n10,0.5\n")


LEFT_OVER = {
    "none": (None, ""),
    "zeros at its end": (b"step,loss\n10,0.5\n11,0.\0\0\0\n\0\0", "step,loss\n10,0.5\n11,0.\n"),
    "other ends of lines": (b"step,loss\r\n10,0.5\r\n", "step,loss\n10,0.5\n"),
}


@pytest.mark.parametrize("case", LEFT_OVER)
def test_what_is_taken_from_a_log_csv_beside_a_state_of_version_0_1(case: str, tmp_path: Path) -> None:
    content, text = LEFT_OVER[case]
    if content is not None:
        (tmp_path / runs.LOG).write_bytes(content)
    log = run.LogFile(RunFolder(tmp_path), ignore_events)
    log("resumed", {"step": 15, "total": 40})
    assert log.text() == text


def flip(path: Path, place: int) -> None:
    """Turn one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", [-1, -300, 60])
def test_a_flipped_bit_of_the_state_goes_back_to_the_checkpoint_before(
    place: int, stepper: Plugin, straight: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setenv("STEPPER_INTERRUPT", "17")
        train(stepper, tmp_path / "stopped", checkpoint_seconds=0)
    folder = the_run(tmp_path / "stopped")
    assert folder.file(runs.PREVIOUS).is_file()
    flip(folder.file(runs.STATE), place)
    told: list[tuple[str, Any]] = []
    resumed = train(stepper, tmp_path / "stopped", observer=lambda *event: told.append(event))
    assert told[1][1]["step"] == 17
    assert "state.safetensors is damaged" in told[2][1]["text"]
    assert outcome(resumed) == outcome(straight)
    assert not resumed.file(runs.PREVIOUS).exists()


def test_a_damaged_state_never_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    kept, folder = FileCheckpoints(RunFolder(tmp_path)), RunFolder(tmp_path)
    for step in (1, 2):
        kept.save(Checkpoint(step, 1.0, {"a": np.full(3, step)}))
    flip(folder.file(runs.STATE), -1)
    found = kept.load()
    assert found is not None
    assert (found.step, "damaged" in found.note) == (1, True)
    kept.save(Checkpoint(3, 1.0, {"a": np.full(3, 3)}))
    flip(folder.file(runs.STATE), -1)
    found = kept.load()
    assert found is not None
    assert found.step == 1


@pytest.mark.parametrize("name", [runs.MANIFEST, runs.ONNX])
def test_a_finished_run_that_was_damaged_is_mended_and_says_so(
    name: str, stepper: Plugin, straight: RunFolder, tmp_path: Path
) -> None:
    before = outcome(straight)
    flip(straight.file(name), 100)
    told: list[Any] = []
    again = train(stepper, tmp_path / "straight", observer=lambda event, fields: told.append(fields.get("text")))
    assert any(text and f"{name} is damaged" in text for text in told)
    assert outcome(again) == before
    assert again.is_finished()


def log_steps(folder: RunFolder) -> list[int]:
    with folder.file(runs.LOG).open(newline="") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def outcome(folder: RunFolder) -> tuple[str, str, str]:
    """What must be the same bit for bit: the generator, the tensors of the state, and the frames."""
    state = folder.file(runs.STATE).read_bytes()
    header = 8 + int.from_bytes(state[:8], "little")  # the header also holds how long it took
    return folder.manifest().onnx_sha256, state[header:].hex(), sha256(folder.file(runs.FRAMES))


@pytest.fixture
def straight(stepper: Plugin, tmp_path: Path) -> RunFolder:
    """A run that was never stopped."""
    return train(stepper, tmp_path / "straight")


def test_a_finished_run_has_all_its_files(straight: RunFolder) -> None:
    manifest = straight.manifest()
    assert {path.name for path in straight.path.iterdir()} - {".lock"} == {
        *("run.json", "log.csv", "state.safetensors", "generator.onnx", "samples.png", "frames.npz")
    }
    assert manifest.status == "finished"
    assert (manifest.steps, manifest.variant, manifest.distribution, manifest.version) == (
        40,
        "stepper",
        "fakes",
        "3.1",
    )
    assert manifest.options == {"steps": 40, "lr": 0.1, "z_dim": 4}
    assert manifest.files == straight.hashes()
    assert manifest.content_hash == ganzoo.load(straight.path, device="cpu").info.content_hash
    assert manifest.parity is not None
    assert manifest.parity <= 1e-4
    assert manifest.parameters == 4 * 64 + 64 + 4
    assert manifest.environment["numpy"]
    assert log_steps(straight) == [40]


def test_a_run_says_how_long_it_trained(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By two clocks: one goes on half a second with each look at it, that of this process's CPU half as fast.

    Without frames, which look at them too.
    """
    wall, cpu = itertools.count(0, 0.5), itertools.count(0, 0.25)
    clocks = SimpleNamespace(perf_counter=lambda: next(wall), process_time=lambda: next(cpu))
    monkeypatch.setattr("ganzoo.training.loop.time", clocks)
    manifest = train(stepper, tmp_path, framed=False).manifest()
    assert (manifest.train_seconds, manifest.train_cpu_seconds) == (20.0, 10.0)


def test_options_come_in_layers(stepper: Plugin, tmp_path: Path) -> None:
    folder = train(stepper, tmp_path, {"steps": 5, "lr": 0.2}, {"lr": "0.3"})
    assert folder.manifest().options == {"steps": 5, "lr": 0.3, "z_dim": 4}


def test_work_already_done_is_not_done_again(
    stepper: Plugin, straight: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPER_RAISE", "0")
    before = straight.file(runs.MANIFEST).read_bytes()
    assert train(stepper, tmp_path / "straight") == straight
    assert straight.file(runs.MANIFEST).read_bytes() == before


def test_a_run_whose_generator_was_lost_is_made_again(stepper: Plugin, straight: RunFolder, tmp_path: Path) -> None:
    before = outcome(straight)
    straight.file(runs.ONNX).unlink()
    assert outcome(train(stepper, tmp_path / "straight")) == before


def test_another_seed_is_another_run(stepper: Plugin, straight: RunFolder, tmp_path: Path) -> None:
    other = train(stepper, tmp_path / "straight", seed=1)
    assert other.path != straight.path
    assert other.manifest().onnx_sha256 != straight.manifest().onnx_sha256


def test_quick_runs_are_kept_apart(stepper: Plugin, straight: RunFolder, tmp_path: Path) -> None:
    """Even with the same options: a board shows quick runs or full ones."""
    quick = train(stepper, tmp_path / "straight", quick=True)
    assert quick.path != straight.path
    assert (quick.manifest().quick, straight.manifest().quick) == (True, False)


def test_a_failing_plugin_is_recorded(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPPER_RAISE", "7")
    with pytest.raises(PluginError, match="the ground shook"):
        train(stepper, tmp_path)
    manifest = the_run(tmp_path).manifest()
    assert (manifest.status, manifest.steps) == ("failed", 7)
    assert manifest.note == "Plugin stepper (fakes 3.1) failed in train: RuntimeError: the ground shook."
    assert not the_run(tmp_path).is_finished()


def test_a_listener_that_is_gone_is_no_fault_of_the_variant(stepper: Plugin, tmp_path: Path) -> None:
    def gone(event: str, fields: dict[str, Any]) -> None:
        if event == "step":
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(Interrupted, match="nobody reads the output"):
        train(stepper, tmp_path, observer=gone)
    assert (the_run(tmp_path).manifest().status, the_run(tmp_path).manifest().note) == (
        "interrupted",
        "Stopped, as nobody reads the output any more.",
    )
    assert train(stepper, tmp_path).manifest().status == "finished"


def test_a_failed_run_can_be_tried_again(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch, pytest.raises(PluginError):
        patch.setenv("STEPPER_RAISE", "7")
        train(stepper, tmp_path)
    manifest = train(stepper, tmp_path).manifest()
    assert (manifest.status, manifest.note) == ("finished", "")


def test_divergence_is_recorded(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPPER_NAN", "39")
    with pytest.raises(Diverged, match="loss became nan at step 40 of 40"):
        train(stepper, tmp_path)
    manifest = the_run(tmp_path).manifest()
    assert (manifest.status, manifest.steps) == ("diverged", 40)
    assert manifest.note == "loss became nan at step 40 of 40."


@pytest.mark.parametrize("step", ["0", "17", "39"])
def test_interrupted_and_resumed_is_the_same_bit_for_bit(
    step: str, stepper: Plugin, straight: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch, pytest.raises(Interrupted, match=f"SIGINT after step {int(step) + 1} of 40"):
        patch.setenv("STEPPER_INTERRUPT", step)
        train(stepper, tmp_path / "stopped")
    assert signal.getsignal(signal.SIGINT) is before
    assert the_run(tmp_path / "stopped").manifest().status == "interrupted"
    events: list[str] = []
    resumed = train(stepper, tmp_path / "stopped", observer=lambda event, fields: events.append(event))
    assert events[:2] == ["started", "resumed"]
    assert outcome(resumed) == outcome(straight)


def test_killed_in_the_middle_and_run_again_is_the_same_bit_for_bit(
    straight: RunFolder, stepper: Plugin, fakes_folder: Path, tmp_path: Path
) -> None:
    """SIGKILL leaves no time for anything: what counts is what is on the disk at that instant."""
    code = (
        "import sys; from pathlib import Path; from ganzoo.training import run; from ganzoo.plugin.manager import Zoo;"
        "from ganzoo.training.runs import RunStore; from ganzoo.data.base import Dataset;"
        "from ganzoo.testing import toy_images as toy; a, b = toy((1, 8, 8)), toy((1, 8, 8), seed=1);"
        "run.train(Zoo.discover().load('stepper'), Dataset(a.spec, a, b), store=RunStore(Path(sys.argv[1])),"
        " checkpoint_seconds=0)"
    )
    paths = os.pathsep.join(map(str, (fakes_folder, FAKES)))
    environment = {**os.environ, "PYTHONPATH": paths, "STEPPER_KILL": "23"}
    root = tmp_path / "killed"
    done = subprocess.run([sys.executable, "-c", code, str(root)], check=False, env=environment, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert the_run(root).manifest().status == "running"
    resumed: list[int] = []
    again = train(
        stepper, root, observer=lambda event, fields: resumed.append(fields["step"]) if event == "resumed" else None
    )
    assert resumed == [23]
    assert outcome(again) == outcome(straight)


def test_names_of_scalars_are_no_formulas(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    log = run.LogFile(folder, ignore_events)
    log("step", {"step": 100, "scalars": {"=cmd()": 1.0, "a,b": -2.0}})
    log.write()
    assert folder.file(runs.LOG).read_text() == 'step,\'=cmd(),"a,b"\n100,1,-2\n'
    log("resumed", {"step": 100, "total": 200})
    log("step", {"step": 200, "scalars": {"=cmd()": 3.0}})
    assert log.text() == 'step,\'=cmd(),"a,b"\n100,1,-2\n200,3,\n'


@pytest.mark.parametrize("kept", [True, False], ids=["in the state", "of version 0.1"])
def test_log_rows_after_the_checkpoint_are_cut_off(kept: bool, tmp_path: Path) -> None:
    """The log may be ahead of the state: what comes after the checkpoint is made, and logged, again."""
    folder = RunFolder(tmp_path)
    log = run.LogFile(folder, ignore_events)
    for step in (100, 200, 300):
        log("step", {"step": step, "scalars": {"loss": 1 / step}})
    log.write()
    text = log.text() if kept else None  # states of version 0.1 hold no log
    again = run.LogFile(folder, ignore_events)
    again.stored = text
    again("resumed", {"step": 200, "total": 400})
    again("step", {"step": 300, "scalars": {"loss": 5.0, "more": 1.0}})
    again.write()
    assert folder.file(runs.LOG).read_text() == "step,loss,more\n100,0.01,\n200,0.005,\n300,5,1\n"


def test_a_run_started_anew_starts_its_log_anew(stepper: Plugin, straight: RunFolder, tmp_path: Path) -> None:
    straight.file(runs.STATE).unlink()
    straight.file(runs.ONNX).unlink()
    assert log_steps(train(stepper, tmp_path / "straight")) == [40]


@pytest.mark.parametrize(
    ("data", "options", "error"),
    [
        ("points", {}, Incompatible),
        ("large", {}, Incompatible),
        ("toy", {"lr": 2}, OptionError),
        ("toy", {"lr": "fast"}, OptionError),
    ],
)
def test_a_wrong_request_writes_nothing(
    data: str, options: dict[str, Any], error: type[Exception], stepper: Plugin, tmp_path: Path
) -> None:
    points = toy_points()
    datasets = {"points": Dataset(points.spec, points, points), "large": toy((1, 32, 32)), "toy": toy()}
    with pytest.raises(error):
        run.train(stepper, datasets[data], options, store=RunStore(tmp_path / "runs"))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("options", [{"pace": "bold", "lr": 0.9}, {"pace": "mad"}])
def test_what_the_plugin_refuses_writes_nothing(options: dict[str, Any], fake_zoo: Zoo, tmp_path: Path) -> None:
    choosy = fake_zoo.load("choosy")
    with pytest.raises(UsageError, match=f"pace={options['pace']}"):
        train(choosy, tmp_path / "runs", options)
    assert not (tmp_path / "runs").exists()
    assert train(choosy, tmp_path / "runs", {"pace": "bold"}).is_finished()


def test_cuda_without_a_gpu_writes_nothing(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "cuda_device_count", lambda: 0)
    with pytest.raises(DeviceError, match="--device cuda"):
        train(stepper, tmp_path / "runs", device="cuda")
    assert not (tmp_path / "runs").exists()


def test_a_run_in_other_hands_is_left_alone(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPPER_RAISE", "3")
    with pytest.raises(PluginError):
        train(stepper, tmp_path)
    before = the_run(tmp_path).file(runs.MANIFEST).read_bytes()
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with the_run(tmp_path).lock():
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    try:
        with pytest.raises(StoreError, match="Another process is working on"):
            train(stepper, tmp_path)
    finally:
        release.set()
        thread.join()
    assert the_run(tmp_path).file(runs.MANIFEST).read_bytes() == before


def test_a_refused_export_leaves_no_generator(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(plugin: Plugin, model: object, raw: Path, target: Path, info: object) -> Any:
        plugin.export(model, raw)
        target.write_bytes(b"half")
        raise PluginError("refused")

    monkeypatch.setattr(run, "export_checked", refuses)
    with pytest.raises(PluginError, match="refused"):
        train(stepper, tmp_path)
    folder = the_run(tmp_path)
    assert folder.manifest().status == "failed"
    assert sorted(path.name for path in folder.path.glob("*.onnx")) == []


@pytest.fixture
def starting(fake_zoo: Zoo) -> Plugin:
    """The plugin of many steps, with an option that names a file."""
    plugin = fake_zoo.load("stepper")
    options: Any = msgspec.defstruct(
        "Starting",
        [("start", Annotated[str, ganzoo.option("weights to start from", file=True)], "")],
        bases=(plugin.variant.options,),
        frozen=True,
        kw_only=True,
    )
    return dataclasses.replace(plugin, variant=msgspec.structs.replace(plugin.variant, options=options))


def test_a_file_replaced_under_the_same_path_is_new_work(starting: Plugin, tmp_path: Path) -> None:
    first, second = tmp_path / "a.bin", tmp_path / "b.bin"
    first.write_bytes(b"one")
    second.write_bytes(b"one")
    old = train(starting, tmp_path / "runs", {"start": str(first), "steps": 2})
    assert train(starting, tmp_path / "runs", {"start": str(second), "steps": 2}) == old
    first.write_bytes(b"two")
    new = train(starting, tmp_path / "runs", {"start": str(first), "steps": 2})
    assert new != old
    assert new.manifest().options == old.manifest().options
    assert new.manifest().options_hash != old.manifest().options_hash
    assert new.manifest().option_files["start"] == runs.sha256(first)


def test_a_missing_file_is_refused_before_anything_is_written(starting: Plugin, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="start=nowhere of stepper cannot be read"):
        train(starting, tmp_path / "runs", {"start": "nowhere"})
    assert not (tmp_path / "runs").exists()


def test_without_a_file_key_and_hash_of_the_options_stay(stepper: Plugin, tmp_path: Path) -> None:
    manifest = train(stepper, tmp_path / "runs", {"steps": 2}).manifest()
    plain = runs.content_hash(manifest.options)
    work = {"variant": "stepper", "dataset_digest": manifest.dataset_digest, "options": manifest.options, "seed": 0}
    assert manifest.key == runs.run_key(version=f"{manifest.distribution} {manifest.version}", **work)  # type: ignore[arg-type]
    assert (manifest.options_hash, manifest.option_files) == (plain, {})


def steps_of(folder: RunFolder) -> int | None:
    """The step of the state that is kept."""
    checkpoint = FileCheckpoints(folder).load()
    return checkpoint.step if checkpoint else None


@pytest.fixture
def dead(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run whose generator died at step 130."""
    monkeypatch.setenv("STEPPER_DEAD", "130")
    cause = r"every value of its samples is -1 or 1, after step 200 and after step 300 of 900\."
    hint = r"The last finite state, after step 300, is drawn in .*diverged\.png"
    with pytest.raises(Diverged, match=f"{cause} Try a smaller learning rate, or another seed. {hint}"):
        train(stepper, tmp_path / "dead", {"steps": 900})
    return the_run(tmp_path / "dead")


@pytest.mark.parametrize(("role", "judged"), [("comparator", True), ("floor", False), ("ceiling", False)])
def test_a_generator_of_what_learns_may_not_be_dead(
    role: str, judged: bool, stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A baseline may be as plain as it likes."""
    plugin = dataclasses.replace(stepper, variant=msgspec.structs.replace(stepper.variant, role=role))
    monkeypatch.setenv("STEPPER_DEAD", "110")
    if not judged:
        assert train(plugin, tmp_path, {"steps": 120}).manifest().role == role
        return
    with pytest.raises(Diverged, match="The generator is"):
        train(plugin, tmp_path, {"steps": 120})


def test_a_dead_generator_ends_the_run_and_its_state_is_kept_and_drawn(dead: RunFolder) -> None:
    manifest = dead.manifest()
    assert (manifest.status, manifest.steps) == ("diverged", 300)
    assert manifest.note.endswith("after step 200 and after step 300 of 900.")
    assert steps_of(dead) == 300
    assert log_steps(dead) == [100, 200, 300]
    with Image.open(dead.file(runs.DIVERGED_PICTURE)) as picture:
        pixels = np.asarray(picture)
    assert (pixels == 255).mean() > 0.8, "white samples"
    assert not dead.is_finished()
    assert {path.name for path in dead.path.iterdir()} - {".lock"} == {
        *("run.json", "log.csv", "state.safetensors", "diverged.png", "frames.npz")
    }


def test_what_diverged_is_not_trained_again(
    dead: RunFolder, stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPER_RAISE", "0")
    before = {path: path.read_bytes() for path in dead.path.iterdir()}
    events: list[str] = []
    with pytest.raises(Diverged, match=r"diverged before.*after step 300 of 900.*remove .*dead") as caught:
        train(
            stepper,
            tmp_path / "dead",
            {"steps": 900},
            observer=lambda event, fields: events.append(f"{event} {fields['path']}"),
        )
    assert str(dead.path) in str(caught.value)
    assert events == [f"failed {dead.path}"]
    assert {path: path.read_bytes() for path in dead.path.iterdir()} == before
    monkeypatch.delenv("STEPPER_RAISE")
    monkeypatch.delenv("STEPPER_DEAD")
    shutil.rmtree(dead.path)
    assert train(stepper, tmp_path / "dead", {"steps": 900}).is_finished()


def test_a_generator_that_dies_late_is_seen_at_the_end(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPER_DEAD", "135")
    with pytest.raises(Diverged, match=r"-1 or 1, after the last step, 140\."):
        train(stepper, tmp_path, {"steps": 140})
    assert the_run(tmp_path).manifest().status == "diverged"
    assert (the_run(tmp_path).manifest().steps, steps_of(the_run(tmp_path))) == (140, 140)


def test_a_run_of_a_few_steps_is_not_judged(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPPER_DEAD", "0")
    assert train(stepper, tmp_path).is_finished()


def test_a_baseline_may_be_as_plain_as_it_likes(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPPER_DEAD", "0")
    floor = dataclasses.replace(stepper, variant=msgspec.structs.replace(stepper.variant, role="floor"))
    assert train(floor, tmp_path, {"steps": 900}).is_finished()


def test_looks_do_not_change_what_is_trained(stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a look at the generator after every step, and with none at all."""
    asked = []

    def look(self: Any, checkpoint: Any) -> str:
        asked.append(checkpoint.step)
        return faults(self, checkpoint)

    plain = train(stepper, tmp_path / "plain")
    faults = Snapshots.fault
    monkeypatch.setattr(Snapshots, "fault", look)
    monkeypatch.setattr("ganzoo.training.divergence._scheduled", lambda part: True)
    watched = train(stepper, tmp_path / "watched")
    assert asked == list(range(1, 40))
    assert outcome(watched) == outcome(plain)
    assert watched.file(runs.LOG).read_bytes() == plain.file(runs.LOG).read_bytes()


def test_a_look_that_the_plugin_cannot_take_ends_no_run(
    stepper: Plugin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not tried a second time, nor is the frame that was tried before it."""
    calls = []

    def called(hook: str, given: dict[str, Any]) -> Any:
        if hook == "train":
            calls.append(given["run"])
            if len(calls) > 1:
                raise RuntimeError("one at a time")
        return stepper._call(hook, given)

    monkeypatch.setattr("ganzoo.training.divergence._scheduled", lambda part: True)
    single = dataclasses.replace(stepper, _call=called)
    folder = train(single, tmp_path, rehearsed=False)
    assert folder.is_finished()
    assert not folder.file(runs.FRAMES).exists()
    assert len(calls) == 3
