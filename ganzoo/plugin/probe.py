"""Looking at plugins from outside: each is loaded in a process of its own, with a time limit.

So a listing cannot be held up, ended or changed by what it lists, and the commands that one needs to recover from a
bad plugin load none. What ``ganzoo list`` shows is kept in the user's cache while the plugin's files stay the same.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from ganzoo.errors import PluginError, StoreError
from ganzoo.files import cache_root
from ganzoo.plugin.compatibility import when_labelled
from ganzoo.plugin.entry_points import Origin, path_state
from ganzoo.plugin.isolation import load_command, strict
from ganzoo.plugin.manager import Zoo
from ganzoo.processes import Child, answering, python
from ganzoo.sealed import read_json, write_json
from ganzoo.types import Variant

PluginKind = Literal["variant", "extension", "command"]
LIMIT_SECONDS = 10.0


class Found(msgspec.Struct, frozen=True):
    """What a look at one plugin showed."""

    cause: str = ""
    """Why it is broken; empty for one that works."""
    notes: list[str] = []
    seconds: float = 0.0
    about: dict[str, str] = {}
    """A variant's backend, data, summary and paper."""
    registers: dict[str, list[str]] = {}
    """The names that an extension registers, by hook."""


class _Seen(msgspec.Struct):
    """What the cache on the disk holds."""

    plugins: dict[str, Found]


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


def describe(zoo: Zoo) -> dict[str, Found]:
    """What every variant that is on says of itself, by name; from the cache where its files are as they were."""
    found: dict[str, Found] = {}
    origins: dict[str, Origin] = {}
    for name in zoo.names():
        try:
            origins[name] = zoo.the_one(name)
        except PluginError as error:
            found[name] = Found(str(error))
    cache = _Cache() if not strict() else None
    new = {name: origin for name, origin in origins.items() if cache is None or cache.get(origin) is None}
    fresh = probe(("variant", origin) for origin in new.values())
    if cache is not None and fresh:
        cache.add({origin: fresh["variant", origin] for origin in new.values()})
    for name, origin in origins.items():
        known = fresh.get(("variant", origin)) or (cache.get(origin) if cache else None)
        found[name] = known or Found(f"Plugin {name} ({origin}) was not looked at.")
    return found


def refresh(found: Mapping[tuple[PluginKind, Origin], Found]) -> None:
    """Keep a newer look at variants for ``describe``."""
    variants = {origin: seen for (kind, origin), seen in found.items() if kind == "variant"}
    if variants and not strict():
        _Cache().add(variants)


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
    data = " or ".join(variant.takes) + (f", labelled{when_labelled(variant)}" if variant.inputs.labels else "")
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


class _Cache:
    """Descriptions by plugin and state of its files. One that fails is kept until anything is installed or removed."""

    def __init__(self) -> None:
        place = zlib.crc32(repr([sys.version, sys.path]).encode())
        self._file = cache_root() / f"described-{place:08x}.json"
        self._path = zlib.crc32(repr(path_state()).encode())
        self._core = _stamp(Path(__file__))
        try:
            self._cached = read_json(self._file, _Seen).plugins
        except (OSError, StoreError):
            self._cached = {}

    def get(self, origin: Origin) -> Found | None:
        """The last look at a plugin whose files have not changed since."""
        key = self._key(origin)
        return self._cached.get(key) or self._cached.get(f"{key} {self._path}")

    def add(self, found: Mapping[Origin, Found]) -> None:
        """Keep what was seen."""
        for origin, seen in found.items():
            key = self._key(origin)
            gone = [old for old in self._cached if old.startswith(key.partition(" | ")[0] + " | ")]
            for old in gone:
                del self._cached[old]
            self._cached[f"{key} {self._path}" if seen.cause else key] = seen
        try:
            write_json(self._file, _Seen(self._cached))
        except StoreError:
            return  # a cache that cannot be written is only slower

    def _key(self, origin: Origin) -> str:
        file = _source(origin.module)
        stamp = _stamp(file) if file else 0
        return f"{origin.name} = {origin.value} from {origin} | {self._core:08x} {stamp:08x}"


def _source(module: str) -> Path | None:
    """The file of a module, found without importing its parents."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
        for part in rest:
            if spec is None or spec.submodule_search_locations is None:
                return None
            folders = list(spec.submodule_search_locations)
            spec = importlib.machinery.PathFinder.find_spec(f"{spec.name}.{part}", folders)
    except (ImportError, ValueError, AttributeError):
        return None
    return Path(spec.origin) if spec is not None and spec.origin else None


def _stamp(file: Path) -> int:
    """Changes whenever a module does, or any other of its package's folder."""
    package = (file.parent / "__init__.py").is_file()
    try:
        entries = [e for e in os.scandir(file.parent) if e.name.endswith(".py")] if package else [file]
        parts = sorted((entry.name, entry.stat().st_mtime_ns, entry.stat().st_size) for entry in entries)
    except OSError:
        return 0
    return zlib.crc32(repr(parts).encode())


def main(argument: str) -> None:
    """The child: look at one plugin, write one JSON object, and end whatever the plugin left running."""
    import logging

    logging.getLogger("ganzoo").setLevel(logging.CRITICAL)
    task = msgspec.json.decode(argument, type=_Task)
    with answering() as send:
        send(msgspec.json.encode(look(task.kind, task.origin)))
    sys.stderr.flush()
    os._exit(0)
