"""Importing a plugin's module in a process of its own: what comes with it, what it says, what it changes.

The process imports NumPy and ganzoo's plugin machinery first, as every command does, so that only the plugin's own
doing is counted.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from ganzoo.checks.base import one_line
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.surroundings import changes
from ganzoo.processes import Child, answering, python

HEAVY = ("torch", "tensorflow", "jax", "keras", "onnxruntime", "pandas", "flax", "paddle", "mindspore", "tf2onnx")
SECONDS = 120.0


class ImportedPlugin(msgspec.Struct):
    """What an import was seen to do. ``error`` is empty where it succeeded."""

    error: str = ""
    heavy: list[str] = []
    seconds: float = 0.0
    changed: list[str] = []
    printed: str = ""


def import_alone(origin: Origin, folder: Path) -> ImportedPlugin:
    """Import the plugin's module, and ask it to describe itself, in a fresh process started in ``folder``."""
    child = Child(python("ganzoo.checks.probe", msgspec.json.encode(origin).decode()), cwd=folder)
    try:
        with suppress(msgspec.DecodeError):  # nothing, or what was printed before the child's first line of ours
            return msgspec.json.decode(child.line(SECONDS), type=ImportedPlugin)
        return ImportedPlugin(error=f"the import ended the process with code {child.wait(SECONDS)}")
    except TimeoutError:
        return ImportedPlugin(error=f"the import took more than {SECONDS:.0f} s", seconds=SECONDS)
    finally:
        child.end()


def main(argument: str) -> None:
    """The process: import one plugin, and write what was seen as one JSON object."""
    import ganzoo.plugin.manager
    from ganzoo.checks.watch import printed, snapshot

    origin = msgspec.json.decode(argument, type=Origin)
    with answering() as send:
        modules = set(sys.modules)
        found = ImportedPlugin()
        with printed() as words:
            before, started = snapshot(), time.perf_counter()
            try:
                origin.load()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - foreign code: whatever it is, it is the answer
                found.error = one_line(error)
            found.seconds = time.perf_counter() - started
            found.changed = changes(before, snapshot())
            if not found.error:
                ganzoo.plugin.manager.Zoo([origin]).try_load(origin.name)
            found.heavy = sorted({name.partition(".")[0] for name in set(sys.modules) - modules} & set(HEAVY))
        found.printed = words()
        send(msgspec.json.encode(found))
    os._exit(0)  # threads that the module started must not keep the process alive
