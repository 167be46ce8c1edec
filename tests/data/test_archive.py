"""Files of arrays that cannot be read, and what there is in those that can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ganzoo.data.archive import Archive
from ganzoo.errors import DataError


def test_what_is_no_npz(tmp_path: Path) -> None:
    np.save(tmp_path / "single.npy", np.eye(3))
    (tmp_path / "single.npy").rename(tmp_path / "single.npz")
    (tmp_path / "text.npz").write_text("mu sigma")
    for name, words in (("single.npz", "a single array"), ("text.npz", "cannot be read"), ("none.npz", "no file")):
        with pytest.raises(DataError, match=words):
            Archive(tmp_path / name)


def test_what_an_npz_holds(tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", x=np.zeros((3, 2)))
    with Archive(tmp_path / "images.npz") as archive:
        assert archive.keys == {"x"}
        np.testing.assert_array_equal(archive.read("x"), np.zeros((3, 2)))
        with pytest.raises(DataError, match=r"images.npz has no 'mu'; its keys: x"):
            archive.read("mu")
