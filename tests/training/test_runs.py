from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ganzoo import files
from ganzoo.errors import StoreError
from ganzoo.sealed import read_json, write_json
from ganzoo.training.runs import Failure, Manifest, RunFolder, RunStore, Turn, run_key, slug
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


def test_manifests_of_versions_that_knew_no_noise_are_read_and_keep_their_keys() -> None:
    older = msgspec.to_builtins(MANIFEST)
    del older["latent"]["noise"]
    read = msgspec.convert(older, Manifest)
    assert read == MANIFEST
    assert read.latent.noise == ()
    noisy = msgspec.structs.replace(MANIFEST, latent=LatentSpec(z_dim=3, noise=(2, 8, 8)))
    assert msgspec.convert(msgspec.to_builtins(noisy), Manifest) == noisy
    assert read.work_key == noisy.work_key == "68c17e110bd1"


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
    assert store.failure_files() == []
    for key in ("b", "a"):
        store.folder("digits", "toy", key).write_manifest(MANIFEST)
    failure = Failure(
        variant="toy", dataset="digits", seed=1, quick=False, note="crashed", date_utc="2026-01-01T00:00:00Z"
    )
    write_json(store.failure_file("digits", "toy", 1, False), failure)
    assert [folder.path.name for folder in store.all()] == ["a", "b"]
    assert [read_json(path, Failure) for path in store.failure_files()] == [failure]


@pytest.mark.parametrize(
    ("name", "folder"), [("digits", "digits"), ("npz:/home/a b.npz", "npz-home-a-b.npz"), ("..", "data"), ("é", "data")]
)
def test_dataset_names_become_safe_folders(name: str, folder: str) -> None:
    assert slug(name) == folder


def test_an_empty_store_has_had_no_bench(tmp_path: Path) -> None:
    assert RunStore(tmp_path).last_bench() == 0


def test_turns_by_cell() -> None:
    """A score of an older version is that of the recipe as it is."""
    old = Turn(bench=3, attempt=2)
    assert (old.turns, old.of(""), old.of("a=1")) == ({"": (3, 2)}, Turn(3, 2), Turn())
    new = Turn(bench=9, attempt=9, cells={"a=1": (4, 5)})
    assert (new.turns, new.of(""), new.of("a=1")) == ({"a=1": (4, 5)}, Turn(), Turn(4, 5))


def test_each_cell_has_a_note_of_its_own(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    cells = ["", "a=1", "a=2", 'a="../../x"']
    notes = [store.failure_file("d", "v", 0, quick, cell) for cell in cells for quick in (False, True)]
    assert len(set(notes)) == len(notes)
    assert {path.parent for path in notes} == {tmp_path / "d" / "v"}
    assert [path.name for path in notes[:2]] == ["seed0.failed.json", "seed0-quick.failed.json"]
    for path in notes:
        write_json(path, {})
    assert store.failure_files() == sorted(notes)
