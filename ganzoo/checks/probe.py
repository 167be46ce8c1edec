"""Importing a plugin's module in a process of its own: what comes with it, what it says, what it changes.

The process imports NumPy and ganzoo's plugin machinery first, as every command does, so that only the plugin's own
doing is counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from ganzoo.checks.base import one_line
from ganzoo.plugin.entry_points import Origin

HEAVY = ("torch", "tensorflow", "jax", "keras", "onnxruntime", "pandas", "flax", "paddle", "mindspore", "tf2onnx")
SECONDS = 120.0
CODE = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from ganzoo.checks.probe import main; main()"


class ImportedPlugin(msgspec.Struct):
    """What an import was seen to do. ``error`` is empty where it succeeded."""

    error: str = ""
    heavy: list[str] = []
    seconds: float = 0.0
    changed: list[str] = []
    printed: str = ""


class ImportRequest(msgspec.Struct):
    """What the process is to import, and where it is to write the answer."""

    origin: Origin
    answer: str


def import_alone(origin: Origin, folder: Path) -> ImportedPlugin:
    """Import the plugin's module, and ask it to describe itself, in a fresh process started in ``folder``."""
    answer = folder / "imported.json"
    request = msgspec.json.encode(ImportRequest(origin, str(answer)))
    path = msgspec.json.encode([entry for entry in sys.path if entry]).decode()
    command = [sys.executable, "-c", CODE, path]
    try:
        done = subprocess.run(command, input=request, capture_output=True, cwd=folder, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return ImportedPlugin(error=f"the import took more than {SECONDS:.0f} s", seconds=SECONDS)
    if not answer.is_file():
        return ImportedPlugin(error=f"the import ended the process with code {done.returncode}")
    found = msgspec.json.decode(answer.read_bytes(), type=ImportedPlugin)
    found.printed = done.stdout.decode(errors="replace")
    return found


def main() -> None:
    """The process: read what is asked from stdin, write the answer to its file."""
    import ganzoo.plugin.manager
    from ganzoo.checks.watch import changes, snapshot

    request = msgspec.json.decode(sys.stdin.buffer.read(), type=ImportRequest)
    modules = set(sys.modules)
    before, started = snapshot(), time.perf_counter()
    found = ImportedPlugin()
    try:
        request.origin.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: whatever it is, it is the answer
        found.error = one_line(error)
    found.seconds = time.perf_counter() - started
    found.changed = changes(before, snapshot())
    if not found.error:
        ganzoo.plugin.manager.Zoo([request.origin]).try_load(request.origin.name)
    found.heavy = sorted({name.partition(".")[0] for name in set(sys.modules) - modules} & set(HEAVY))
    Path(request.answer).write_bytes(msgspec.json.encode(found))
    sys.stdout.flush()
    os._exit(0)  # threads that the module started must not keep the process alive
