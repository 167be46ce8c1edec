from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ganzoo import api
from ganzoo.errors import StoreError
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.sealed import write_json
from ganzoo.training import runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.loop import Checkpoint
from ganzoo.training.runs import REAL, SCORE, Failure, RunFolder, RunStore
from ganzoo.verify import Verified, command_of, verify_parity, verify_run, verify_store


@pytest.fixture
def store(gaussian: RunFolder, tmp_path: Path) -> RunStore:
    """A store with one finished run that has a score, a real score and a note of a failure."""
    store = RunStore(tmp_path / "runs")
    folder = store.folder("digits", "gaussian", gaussian.path.name)
    shutil.copytree(gaussian.path, folder.path)
    score = api.score(folder.path, "digits", n=100, metrics=("fid",))
    for path in (folder.file(SCORE), store.folder("digits", REAL, "p").file(SCORE)):
        write_json(path, score)
    failure = Failure(variant="a", dataset="digits", seed=0, quick=False, note="", date_utc="")
    write_json(store.failure_file("digits", "a", 0, False), failure)
    return store


def the_run(store: RunStore) -> RunFolder:
    (folder,) = store.all()
    return folder


def damage(store: RunStore) -> list[tuple[str, str]]:
    return [(f.path.name, f.what) for each in verify_store(store) for f in each.findings]


def test_a_sound_store_has_no_damage(store: RunStore) -> None:
    found = list(verify_store(store))
    assert [each.status for each in found] == ["finished", "", ""]
    assert not any(each.findings or each.unsealed for each in found)


@pytest.mark.parametrize(
    "name", [*("run.json", "log.csv", "state.safetensors", "generator.onnx", "samples.png"), SCORE]
)
def test_a_flipped_bit_of_any_file_is_named_with_the_way_to_mend_it(name: str, store: RunStore) -> None:
    path = the_run(store).file(name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 2
    path.write_bytes(content)
    (finding,) = verify_run(the_run(store)).findings
    assert finding.path == path
    assert finding.what
    assert finding.mend


@pytest.mark.parametrize("name", ["log.csv", "generator.onnx", "samples.png"])
def test_the_way_to_mend_a_finished_run_mends_it(name: str, store: RunStore, zoo: Zoo, catalogue: Registry) -> None:
    folder = the_run(store)
    before = folder.hashes()
    folder.file(name).write_bytes(b"x")
    (finding,) = verify_run(folder).findings
    assert command_of(folder.manifest()) in finding.mend
    if "Remove run.json" in finding.mend:
        folder.file("run.json").unlink()
    api.train("gaussian", "digits", runs=store.root, registry=catalogue, zoo=zoo)
    assert not verify_run(folder).findings
    assert folder.hashes() == before


def test_frames_are_mended_by_training_again(
    stepped: RunFolder, tmp_path: Path, fake_zoo: Zoo, catalogue: Registry
) -> None:
    store = RunStore(tmp_path / "runs")
    folder = store.folder("digits", "stepper", stepped.path.name)
    shutil.copytree(stepped.path, folder.path)
    assert not verify_run(folder).findings
    folder.file(runs.FRAMES).write_bytes(b"x")
    (finding,) = verify_run(folder).findings
    assert (finding.path, "remove the folder" in finding.mend) == (folder.file(runs.FRAMES), True)
    shutil.rmtree(folder.path)
    api.train("stepper", "digits", runs=store.root, registry=catalogue, zoo=fake_zoo)
    assert folder.file(runs.FRAMES).read_bytes() == stepped.file(runs.FRAMES).read_bytes()


def test_files_beside_the_runs_are_looked_at_too(store: RunStore) -> None:
    (failure,) = store.failure_files()
    failure.write_bytes(b"\xff")
    real = store.folder("digits", REAL, "p").file(SCORE)
    real.write_text(real.read_text().replace("digits", "digitz", 1))
    assert [name for name, _ in damage(store)] == [SCORE, failure.name]


def test_a_manifest_without_seal_still_has_the_key_of_its_work(store: RunStore) -> None:
    path = the_run(store).file("run.json")
    content = msgspec.json.decode(path.read_bytes())
    del content["seal"]
    path.write_bytes(msgspec.json.encode(content))
    (run, *_) = verify_store(store)
    assert (run.findings, run.unsealed) == ((), True)
    path.write_bytes(msgspec.json.encode({**content, "seed": 1}))
    assert "speaks of the work" in damage(store)[0][1]


def test_a_run_under_another_name_is_said(store: RunStore) -> None:
    folder = the_run(store)
    folder.path.rename(folder.path.with_name("0123456789ab"))
    assert "in the folder 0123456789ab" in damage(store)[0][1]


def test_both_states_of_a_run_are_looked_at(store: RunStore) -> None:
    folder = the_run(store)
    shutil.copy(folder.file(runs.STATE), folder.file(runs.PREVIOUS))
    folder.file(runs.STATE).write_bytes(b"x")
    (finding,) = verify_run(folder).findings
    assert finding.mend == "Training goes on from the other state."
    folder.file(runs.PREVIOUS).unlink()
    (finding,) = verify_run(folder).findings
    assert finding.mend.startswith("Remove the folder and run again: ganzoo train gaussian --data digits --seed 0")


def test_what_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no run folder: it has no run\.json"):
        verify_run(RunFolder(tmp_path))


def test_parity_is_that_of_the_model_in_the_state(store: RunStore, zoo: Zoo) -> None:
    folder = the_run(store)
    plugin, dataset = zoo.load("gaussian"), api.dataset("digits", zoo=zoo)
    assert verify_parity(folder, plugin, dataset) == Verified(folder.path, "finished", ())
    kept = FileCheckpoints(folder)
    last = kept.load()
    assert last is not None
    other = {name: value + np.asarray(1, value.dtype) for name, value in last.arrays.items()}
    kept.save(Checkpoint(last.step, last.seconds, other))
    (finding,) = verify_parity(folder, plugin, dataset).findings
    assert finding.path == folder.file(runs.ONNX)
    assert "differs from the framework" in finding.what
