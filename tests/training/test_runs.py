from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ganzoo import files
from ganzoo.errors import StoreError
from ganzoo.training.loop import Checkpoint
from ganzoo.training.runs import Failure, FileCheckpoints, Manifest, RunFolder, RunStore, run_key, slug, write_json
from ganzoo.types import DataSpec, LatentSpec

WORK: dict[str, Any] = {
    "variant": "toy",
    "version": "toy-dist 1.0",
    "dataset_digest": "abc",
    "options": {"steps": 3, "lr": 0.1},
    "seed": 0,
}
MANIFEST = Manifest(
    key="k",
    variant="toy",
    backend="numpy",
    role="model",
    distribution="toy-dist",
    version="1.0",
    dataset="digits",
    dataset_digest="abc",
    data_reference="digits",
    data=DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10),
    latent=LatentSpec(z_dim=3),
    options={"steps": 3, "lr": 0.1},
    seed=0,
    device="cpu",
)


def test_the_same_work_has_the_same_key() -> None:
    assert run_key(**WORK) == run_key(**{**WORK, "options": {"lr": 0.1, "steps": 3}})
    assert run_key(**WORK) == "68c17e110bd1"  # keys name folders that users keep


@pytest.mark.parametrize(
    "change",
    [
        {"variant": "other"},
        {"version": "toy-dist 1.1"},
        {"dataset_digest": "abd"},
        {"options": {"steps": 4, "lr": 0.1}},
        {"options": {"steps": 3, "lr": 0.1, "ema": 0.0}},
        {"seed": 1},
        {"quick": True},
    ],
)
def test_any_difference_in_the_work_changes_the_key(change: dict[str, Any]) -> None:
    assert run_key(**WORK) != run_key(**{**WORK, **change})


def test_a_manifest_survives_the_disk(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.write_manifest(MANIFEST)
    assert folder.manifest() == MANIFEST
    assert [path.name for path in folder.path.iterdir()] == ["run.json"]


def test_no_space_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "run.json"
    files.write_text(target, "old")
    real = files.os.fdopen

    monkeypatch.setattr(files.os, "fdopen", lambda handle, mode: Full(real(handle, mode)))
    with pytest.raises(StoreError, match=r"Cannot write .*run\.json: No space left on device\. Nothing already there"):
        files.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


class Full:
    """A file on a full disk."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __enter__(self) -> Full:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        self._file.write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    folder = RunStore(tmp_path / "runs").folder("digits", "toy", "k")
    with pytest.raises(StoreError, match="Cannot use the run folder"), folder.lock():
        pass
    with pytest.raises(StoreError, match="Cannot write"):
        folder.write_manifest(MANIFEST)


@pytest.mark.parametrize("content", [b"", b"{", b'{"key": 3}', b"\xff\xfe"])
def test_a_damaged_manifest(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"run\.json is damaged"):
        RunFolder(tmp_path).manifest()


def test_a_folder_without_manifest(tmp_path: Path) -> None:
    assert not RunFolder(tmp_path).is_finished()
    with pytest.raises(StoreError, match="is no run folder"):
        RunFolder(tmp_path).manifest()


def test_finished_means_that_the_generator_is_still_the_same(tmp_path: Path) -> None:
    folder, onnx = RunFolder(tmp_path), tmp_path / "generator.onnx"
    onnx.write_bytes(b"weights")
    done = msgspec.structs.replace(MANIFEST, status="finished", onnx_sha256=files.sha256(onnx))
    folder.write_manifest(done)
    assert folder.is_finished()
    onnx.write_bytes(b"other")
    assert not folder.is_finished()
    onnx.write_bytes(b"weights")
    folder.write_manifest(msgspec.structs.replace(done, status="running"))
    assert not folder.is_finished()


def test_hashes_cover_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("step\n")
    (tmp_path / "generator.onnx").write_bytes(b"x")
    folder = RunFolder(tmp_path)
    assert folder.hashes() == {name: files.sha256(tmp_path / name) for name in ("log.csv", "generator.onnx")}


STATE = {
    "scalar": np.array(3, np.int64),
    "half": np.float32(0.5) * np.ones((), np.float32),
    "transposed": np.arange(6, dtype=np.float64).reshape(2, 3).T,
    "empty": np.zeros((0, 4), np.float32),
    "flags": np.array([True, False]),
}


def test_checkpoints_survive_the_disk(tmp_path: Path) -> None:
    kept = FileCheckpoints(RunFolder(tmp_path))
    assert kept.load() is None
    kept.save(Checkpoint(7, 0.1 + 0.2, STATE, 0.7))
    found = kept.load()
    assert found is not None
    assert (found.step, found.seconds, found.cpu_seconds) == (7, 0.1 + 0.2, 0.7)
    assert set(found.arrays) == set(STATE)
    for name, value in STATE.items():
        assert found.arrays[name].dtype == value.dtype
        assert found.arrays[name].shape == value.shape
        np.testing.assert_array_equal(found.arrays[name], value)


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"", lambda content: b"not tensors"])
def test_a_damaged_state_is_one_sentence(tmp_path: Path, damage: Any) -> None:
    kept, file = FileCheckpoints(RunFolder(tmp_path)), tmp_path / "state.safetensors"
    kept.save(Checkpoint(7, 1.0, STATE))
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(StoreError, match=r"state\.safetensors is damaged.*start this run again"):
        kept.load()


def test_a_state_of_another_program(tmp_path: Path) -> None:
    from safetensors.numpy import save

    (tmp_path / "state.safetensors").write_bytes(save({"a": np.zeros(2)}))
    with pytest.raises(StoreError, match="damaged"):
        FileCheckpoints(RunFolder(tmp_path)).load()


def test_a_run_is_locked_against_other_threads(tmp_path: Path) -> None:
    folder, caught = RunFolder(tmp_path), []

    def other() -> None:
        try:
            with folder.lock():
                caught.append("entered")
        except StoreError as error:
            caught.append(str(error))

    with folder.lock():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert "Another process is working on" in caught[0]
    assert caught[1] == "entered"


def test_a_run_is_locked_against_other_processes(tmp_path: Path) -> None:
    code = (
        "import sys, filelock\n"
        "with filelock.FileLock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    lock = str(tmp_path / ".lock")
    with subprocess.Popen([sys.executable, "-c", code, lock], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="Another process"), RunFolder(tmp_path).lock():
            pass
        holder.communicate("")
    with RunFolder(tmp_path).lock():
        pass


def test_the_store_lists_runs_and_failures(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert store.all() == []
    assert store.failures() == []
    for key in ("b", "a"):
        store.folder("digits", "toy", key).write_manifest(MANIFEST)
    failure = Failure(
        variant="toy", dataset="digits", seed=1, quick=False, note="crashed", date_utc="2026-01-01T00:00:00Z"
    )
    write_json(store.failure_file("digits", "toy", 1, False), failure)
    assert [folder.path.name for folder in store.all()] == ["a", "b"]
    assert store.failures() == [failure]


def test_a_damaged_failure_note_is_one_sentence(tmp_path: Path) -> None:
    file = RunStore(tmp_path).failure_file("digits", "toy", 1, True)
    file.parent.mkdir(parents=True)
    file.write_text("{")
    with pytest.raises(StoreError, match=r"seed1-quick\.failed\.json is damaged"):
        RunStore(tmp_path).failures()


@pytest.mark.parametrize(
    ("name", "folder"), [("digits", "digits"), ("npz:/home/a b.npz", "npz-home-a-b.npz"), ("..", "data"), ("é", "data")]
)
def test_dataset_names_become_safe_folders(name: str, folder: str) -> None:
    assert slug(name) == folder


def test_json_is_sorted_and_ends_with_a_line(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [2]})
    assert (tmp_path / "a.json").read_text() == '{\n  "a": [\n    2\n  ],\n  "b": 1\n}\n'


def test_an_empty_store_has_had_no_bench(tmp_path: Path) -> None:
    assert RunStore(tmp_path).last_bench() == 0
