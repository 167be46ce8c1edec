from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import flipped

from ganzoo.errors import Damaged
from ganzoo.tensors import digest, read_tensors, write_tensors


@pytest.mark.parametrize(
    "other",
    [
        {"b": np.zeros(2)},
        {"a": np.zeros((1, 2))},
        {"a": np.zeros(2, np.float32)},
        {"a": np.array([0.0, -0.0])},
    ],
)
def test_a_digest_knows_names_shapes_types_and_bits(other: dict[str, Any]) -> None:
    assert digest(other, {}) != digest({"a": np.zeros(2)}, {})
    assert digest(other, {"step": "1"}) != digest(other, {"step": "2"})


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    arrays = {"a": np.arange(5, dtype=np.float32), "b": np.array([[True], [False]])}
    write_tensors(path, arrays, {"said": "x"})
    found, about = read_tensors(path)
    assert about["said"] == "x"
    np.testing.assert_array_equal(found["a"], arrays["a"])
    for content in flipped(path.read_bytes()):
        path.write_bytes(content)
        try:
            found, again = read_tensors(path)
        except Damaged:
            continue
        assert again["said"] == "x"  # the name of the hash was hit: as in a file without one
        assert digest(found, {}) == digest(arrays, {})
