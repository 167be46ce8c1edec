"""Files of arrays that cannot be read, and what there is in those that can."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data.archive import Archive
from ganzoo.errors import DataError
from ganzoo.limits import VARIABLE


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


def bomb(path: Path, shape: tuple[int, ...], numbers: int, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """An .npz file whose ``x`` declares a shape of bytes and holds so many zeros."""
    with zipfile.ZipFile(path, "w", compression) as archive, archive.open("x.npy", "w") as member:
        np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": shape})
        member.write(bytes(numbers))
    return path


def test_an_array_is_measured_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1MB")
    path = bomb(tmp_path / "a.npz", (1025, 1000), 1_025_000)
    assert path.stat().st_size < 5000
    tracemalloc.start()
    with Archive(path) as archive, pytest.raises(DataError, match=r"'x' of .*a.npz, uint8 \[1025, 1000\], .*1.02 MB"):
        archive.read("x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000
    monkeypatch.setenv(VARIABLE, "2MB")
    with Archive(path) as archive:
        assert archive.read("x").shape == (1025, 1000)


def test_arrays_of_one_file_count_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "1MB")
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(90_000), b=np.zeros(90_000))
    with Archive(tmp_path / "a.npz") as archive:
        archive.read("a")
        with pytest.raises(DataError, match=r"'b' of .*one file may take 1 MB"):
            archive.read("b")


def test_an_npy_file_is_measured_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "a.npy", np.zeros((300, 1000)))
    monkeypatch.setenv(VARIABLE, "1MB")
    with pytest.raises(DataError, match=r"a.npy, float64 \[300, 1000\], would take 2.4 MB"):
        Archive(tmp_path / "a.npy")


def test_a_header_that_declares_another_size_than_there_is(tmp_path: Path) -> None:
    for shape in ((7, 100), (3, 100)):
        words = rf"declares {shape[0] * 100} bytes, and it has 500"
        with Archive(bomb(tmp_path / "a.npz", shape, 500)) as archive, pytest.raises(DataError, match=words):
            archive.read("x")
    np.save(tmp_path / "a.npy", np.zeros(50))
    (tmp_path / "a.npy").write_bytes((tmp_path / "a.npy").read_bytes()[:-8])
    with pytest.raises(DataError, match=r"declares 400 bytes, and it has 392"):
        Archive(tmp_path / "a.npy")


def test_what_an_archive_of_numpy_does_not_have(tmp_path: Path) -> None:
    packed = bomb(tmp_path / "a.npz", (500,), 500, zipfile.ZIP_LZMA)
    with Archive(packed) as archive, pytest.raises(DataError, match="compressed in a way that NumPy does not write"):
        archive.read("x")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as made:
        made.writestr("x.npy", np.lib.format.magic(2, 0) + (1 << 31).to_bytes(4, "little"))
        made.writestr("text", "no array")
    with Archive(tmp_path / "b.npz") as archive:
        with pytest.raises(DataError, match="its header is too long"):
            archive.read("x")
        with pytest.raises(DataError, match=r"'text' of .* holds no array"):
            archive.read("text")
