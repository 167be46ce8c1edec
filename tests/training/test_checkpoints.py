from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganzoo.errors import StoreError
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.loop import Checkpoint
from ganzoo.training.runs import RunFolder

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
    assert found.note == ""
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
    with pytest.raises(StoreError, match=r"is damaged: it is no state of a training .*start this run again"):
        FileCheckpoints(RunFolder(tmp_path)).load()


def test_a_state_of_version_0_1_has_no_digest(tmp_path: Path) -> None:
    from safetensors.numpy import save

    (tmp_path / "state.safetensors").write_bytes(save({"a": np.ones(2)}, {"step": "3", "seconds": "1.5"}))
    found = FileCheckpoints(RunFolder(tmp_path)).load()
    assert found is not None
    assert (found.step, found.seconds, found.cpu_seconds) == (3, 1.5, 1.5)
