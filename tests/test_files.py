from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganzoo import files
from ganzoo.errors import StoreError


@pytest.fixture
def umask() -> Iterator[Any]:
    """Sets the umask, and puts it back."""
    before = os.umask(0)
    yield os.umask
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("mask", "file", "folder"), [(0o077, 0o600, 0o700), (0o022, 0o644, 0o755), (0o002, 0o664, 0o775)]
)
def test_a_new_file_has_the_mode_of_the_umask(mask: int, file: int, folder: int, umask: Any, tmp_path: Path) -> None:
    umask(mask)
    files.write_text(tmp_path / "below" / "a.txt", "a")
    with files.new_folder(tmp_path / "whole") as made:
        (made / "b.txt").write_text("b")
    assert (mode(tmp_path / "below" / "a.txt"), mode(tmp_path / "below")) == (file, folder)
    assert (mode(tmp_path / "whole" / "b.txt"), mode(tmp_path / "whole")) == (file, folder)


def test_a_file_that_is_there_keeps_its_mode(umask: Any, tmp_path: Path) -> None:
    umask(0o022)
    files.write_text(tmp_path / "a.txt", "a")
    (tmp_path / "a.txt").chmod(0o660)
    files.write_text(tmp_path / "a.txt", "b")
    assert mode(tmp_path / "a.txt") == 0o660


def test_a_file_of_another_program_is_given_that_mode(umask: Any, tmp_path: Path) -> None:
    (tmp_path / "a").touch(0o600)
    umask(0o027)
    files.as_new(tmp_path / "a")
    assert mode(tmp_path / "a") == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_no_space_leaves_the_old_file_and_no_other(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "run.json"
    files.write_text(target, "old")
    monkeypatch.setattr(*((files.os, "fsync") if call == "fsync" else (Path, "replace")), no_space)
    with pytest.raises(StoreError, match=r"Cannot write .*run\.json: No space left on device\. Nothing already there"):
        files.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_the_file_that_is_replaced_can_be_kept(tmp_path: Path) -> None:
    path, before = tmp_path / "a", tmp_path / "b"
    for text in ("1", "2", "3"):
        files.write_bytes(path, text.encode(), before=before)
    assert (path.read_text(), before.read_text()) == ("3", "2")


KILLED = """
import os, signal, sys
from pathlib import Path
from ganzoo import files

os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
with files.locked(Path(sys.argv[1]), "folder"):
    files.write_text(Path(sys.argv[1]) / "a.txt", "new")
"""


def test_a_lock_and_files_whose_owner_died_are_taken_over(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.txt", "old")
    (tmp_path / ".a.txt.tmp").touch()  # somebody else's
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    (left,) = tmp_path.glob(".a.txt.????????.tmp")
    files.sweep(tmp_path, name="a.txt", before=left.stat().st_mtime)
    assert left.exists()
    with files.locked(tmp_path, "folder"):
        assert not left.exists()
    assert (tmp_path / ".a.txt.tmp").exists()
    assert (tmp_path / "a.txt").read_text() == "old"


def test_old_files_of_dead_writers_go_with_the_next_write_of_the_same_name(tmp_path: Path) -> None:
    names = [".a.txt.01234567.tmp", ".b.txt.01234567.tmp", ".a.txt.89abcdef.tmp"]
    for name in names:
        (tmp_path / name).touch()
    for name in names[:2]:
        os.utime(tmp_path / name, (0, 0))
    files.write_text(tmp_path / "a.txt", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.txt", *names[1:]])
