"""A disk whose power can be cut: what would be left of a folder if only that was written which was synced.

While it watches, every sync, rename, removal and new folder is a moment at which the power may go. Of each moment it
keeps two trees. ``lost`` is what a careful reading of POSIX promises: the entries of a folder as they were when the
folder was last synced, and of each file the content at its own last sync. ``early`` is what file systems do that write
names before contents: all names are there, and of a file that was never synced half of its bytes, all of them zero.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

Tree = tuple[tuple[str, bytes | None], ...]
"""Paths below the root in order, each with a file's content; None for a folder."""


@dataclass(frozen=True)
class Cut:
    """A moment: what had just been done, what had been promised by then, and the trees that may be left."""

    after: str
    promised: int
    lost: Tree
    early: Tree


class Disk:
    """Watches one folder, which is taken to be on the disk when it begins."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._contents: dict[int, bytes] = {}
        self._entries: dict[int, dict[str, int]] = {}
        self._alive: list[int] = []  # handles: an inode that is held open is not given to another file
        self.cuts: list[Cut] = []
        self.promised = 0
        for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
            self._entries[folder.stat().st_ino] = _listed(folder)
        for path in root.rglob("*"):
            if path.is_file():
                self._keep(os.open(path, os.O_RDONLY))

    @contextmanager
    def watched(self) -> Iterator[Disk]:
        """See every call that changes what is on the disk."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "fsync", self._synced(os.fsync))
            for name in ("replace", "rename", "unlink", "mkdir", "rmdir"):
                patch.setattr(os, name, self._changed(name, getattr(os, name)))
            yield self
        for handle in self._alive:
            os.close(handle)

    def _synced(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def fsync(handle: int) -> None:
            self._cut("before a sync")
            real(handle)
            about = os.fstat(handle)
            if stat.S_ISDIR(about.st_mode):
                self._entries[about.st_ino] = _listed(Path(f"/proc/self/fd/{handle}"))
            else:
                self._keep(os.open(f"/proc/self/fd/{handle}", os.O_RDONLY))
            self._cut("a sync")

        return fsync

    def _changed(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def change(*given: Any, **more: Any) -> Any:
            done = real(*given, **more)
            self._cut(f"{name} of {Path(given[0]).name}")
            return done

        return change

    def _keep(self, handle: int) -> None:
        """Take the content of an open file for written."""
        self._alive.append(handle)
        about = os.fstat(handle)
        self._contents[about.st_ino] = os.pread(handle, about.st_size, 0)

    def _cut(self, after: str) -> None:
        cut = Cut(after, self.promised, tuple(self._lost(self._root.stat().st_ino, "")), tuple(self._early()))
        if not self.cuts or (cut.lost, cut.early, cut.promised) != (
            self.cuts[-1].lost,
            self.cuts[-1].early,
            self.cuts[-1].promised,
        ):
            self.cuts.append(cut)

    def _lost(self, folder: int, below: str) -> Iterator[tuple[str, bytes | None]]:
        for name, number in sorted(self._entries.get(folder, {}).items()):
            path = f"{below}{name}"
            if number in self._folders():
                yield path, None
                yield from self._lost(number, f"{path}/")
            else:
                yield path, self._contents.get(number, b"")

    def _folders(self) -> set[int]:
        """Inodes that are, or were synced as, folders."""
        now = {path.stat().st_ino for path in self._root.rglob("*") if path.is_dir()}
        return now | set(self._entries)

    def _early(self) -> Iterator[tuple[str, bytes | None]]:
        for path in sorted(self._root.rglob("*")):
            about = path.stat()
            zeros = b"\0" * (about.st_size // 2)
            content = None if path.is_dir() else self._contents.get(about.st_ino, zeros)
            yield str(path.relative_to(self._root)), content


def _listed(folder: Path) -> dict[str, int]:
    with os.scandir(folder) as entries:
        return {entry.name: entry.inode() for entry in entries}


def restore(tree: Tree, root: Path) -> Path:
    """Make a folder that holds what is left."""
    root.mkdir()
    for name, content in tree:
        if content is None:
            (root / name).mkdir(parents=True)
        else:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    return root
