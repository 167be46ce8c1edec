"""On the PYTHONPATH of processes that a soak kills: it watches what they do to files, and kills them at one event.

SOAK_CLOCK=K makes ``time.perf_counter`` run K times as fast, so that checkpoints come every 30/K seconds.
SOAK_ROOT=DIR is the folder whose events count: files opened for writing, renamed, removed, given rights, folders made.
SOAK_TRACE=FILE notes each; SOAK_KILL=N ends the process by SIGKILL before the N-th (from 1). With SOAK_HALF=1 what was
opened last is cut in half first: so it looks when the kill comes within the write. With SOAK_MATCH=TEXT only
events count that have the text in a path.
"""

import os
import signal
import sys
import time
from pathlib import Path

EVENTS = {"open", "os.rename", "os.remove", "os.chmod", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Watch:
    """Counts the file events below a folder."""

    def __init__(self, root: str, trace: str, kill: int, half: bool, match: str) -> None:
        self._root, self._kill, self._half, self._match = root, kill, half, match
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if trace else -1
        self._count = 0
        self._last = ""

    def __call__(self, event: str, args: tuple[object, ...]) -> None:
        if event not in EVENTS or not isinstance(args[0], (str, bytes, Path)):
            return
        path = os.fsdecode(args[0])
        if not path.startswith(self._root):
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & WRITING):
            return
        to = os.fsdecode(args[1]) if event == "os.rename" and isinstance(args[1], (str, bytes, Path)) else ""
        self._count += self._match in f"{path} {to}"
        if self._trace >= 0:
            os.write(self._trace, f"{event} {path} {to}\n".encode())
        if self._count == self._kill:
            if self._half and self._last and Path(self._last).is_file():
                os.truncate(self._last, Path(self._last).stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        if event == "open":
            self._last = path


def install() -> None:
    """Do what the environment asks for."""
    if factor := float(os.environ.get("SOAK_CLOCK", "0")):
        real = time.perf_counter
        time.perf_counter = lambda: real() * factor
    root, trace, kill = (os.environ.get(f"SOAK_{name}", "") for name in ("ROOT", "TRACE", "KILL"))
    half = os.environ.get("SOAK_HALF") == "1"
    if root and (trace or kill):
        sys.addaudithook(Watch(root, trace, int(kill or 0), half, os.environ.get("SOAK_MATCH", "")))


if any(name.startswith("SOAK_") for name in os.environ):
    install()
