"""Looking at plugins from outside: each is loaded in a process of its own, with a time limit.

So a listing cannot be held up, ended or changed by what it lists, and the commands that one needs to recover from a
bad plugin load none. What is seen of variants is remembered (``ganzoo.plugin.described``).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Literal

import msgspec

from ganzoo.errors import PluginError
from ganzoo.plugin.compatibility import when_labelled
from ganzoo.plugin.described import Found
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.isolation import load_command, strict
from ganzoo.plugin.manager import Zoo
from ganzoo.processes import Child, answering, python
from ganzoo.types import Variant

PluginKind = Literal["variant", "extension", "command"]
LIMIT_SECONDS = 10.0


class _Task(msgspec.Struct):
    kind: PluginKind
    origin: Origin


def limit_seconds() -> float:
    """How long a plugin may take to load: $GANZOO_LOAD_SECONDS, or ten seconds."""
    try:
        return float(os.environ.get("GANZOO_LOAD_SECONDS", ""))
    except ValueError:
        return LIMIT_SECONDS


def probe(tasks: Iterable[tuple[PluginKind, Origin]]) -> dict[tuple[PluginKind, Origin], Found]:
    """Load each plugin in its own process, as many at a time as there are cores.

    With GANZOO_STRICT=1 they are loaded here and now instead, so that their own exceptions come through.
    """
    wanted = list(dict.fromkeys(tasks))
    if strict():
        return {task: look(*task) for task in wanted}
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=max(1, os.cpu_count() or 1)) as pool:
        return dict(zip(wanted, pool.map(lambda task: _in_child(*task), wanted), strict=True))


def look(kind: PluginKind, origin: Origin) -> Found:
    """Load one plugin in this process and say what was seen. With GANZOO_STRICT=1 its own exception comes through."""
    began = time.monotonic()
    cause, notes, about, registers = "", [], {}, {}
    try:
        if kind == "variant":
            zoo = Zoo(variants=[origin])
            notes = zoo.notes
            about = _about(zoo.load(origin.name).variant)
        elif kind == "extension":
            zoo = Zoo(extensions=[origin])
            registers = zoo.registered()
            cause = str(zoo.broken_extensions.get(origin, ""))
            notes = [note for note in zoo.notes if note != cause]
        else:
            load_command(origin, notes)
    except PluginError as error:
        if strict():
            raise
        cause = str(error)
    return Found(cause, notes, time.monotonic() - began, about, registers)


def _about(variant: Variant) -> dict[str, str]:
    data = " or ".join(variant.takes) + when_labelled(variant, ", labelled")
    return {"backend": variant.backend, "data": data, "summary": variant.summary, "paper": variant.paper}


def _in_child(kind: PluginKind, origin: Origin) -> Found:
    task = msgspec.json.encode(_Task(kind, origin)).decode()
    failed = f"Plugin {origin.name} ({origin}) failed to load"
    environment = {name: value for name, value in os.environ.items() if name != "GANZOO_STRICT"}
    child = Child(python("ganzoo.plugin.probe", task), env=environment)
    try:
        with suppress(msgspec.DecodeError):  # nothing, or what was printed before the child's first line of ours
            return msgspec.json.decode(child.line(limit_seconds()), type=Found)
        code = child.wait(limit_seconds())
        end = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return Found(f"{failed}: it ended its process {end}: {child.last_words() or 'it printed nothing'}.")
    except TimeoutError:
        return Found(f"{failed}: it was not done after {limit_seconds():g} s.")
    finally:
        child.end()


def main(argument: str) -> None:
    """The child: look at one plugin, write one JSON object, and end whatever the plugin left running."""
    import logging

    logging.getLogger("ganzoo").setLevel(logging.CRITICAL)
    task = msgspec.json.decode(argument, type=_Task)
    with answering() as send:
        send(msgspec.json.encode(look(task.kind, task.origin)))
    sys.stderr.flush()
    os._exit(0)
