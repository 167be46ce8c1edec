"""What every variant says of itself, as ``ganzoo list`` shows it, remembered while the plugin's files stay the same.

A variant that is remembered costs a look at its files; every other one is asked in a process of its own
(``ganzoo.plugin.probe``). This module imports neither msgspec nor pluggy nor what starts processes: a listing that
remembers all needs none of them, and they take longer than the rest of it.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import PluginError, StoreError
from ganzoo.files import cache_root
from ganzoo.plugin.entry_points import Origin, path_state
from ganzoo.plugin.isolation import strict
from ganzoo.sealed import read_texts, write_json

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from ganzoo.plugin.manager import Zoo
    from ganzoo.plugin.probe import PluginKind

_VARIANT: PluginKind = "variant"


@dataclass(frozen=True)
class Found:
    """What a look at one plugin showed."""

    cause: str = ""
    """Why it is broken; empty for one that works."""
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    about: dict[str, str] = field(default_factory=dict)
    """A variant's backend, data, summary and paper."""
    registers: dict[str, list[str]] = field(default_factory=dict)
    """The names that an extension registers, by hook."""


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
    known = {name: cache.get(origin) if cache else None for name, origin in origins.items()}
    fresh = _asked(origins[name] for name, seen in known.items() if seen is None)
    if cache is not None and fresh:
        cache.add(fresh)
    for name, origin in origins.items():
        found[name] = known[name] or fresh.get(origin) or Found(f"Plugin {name} ({origin}) was not looked at.")
    return found


def refresh(found: Mapping[tuple[PluginKind, Origin], Found]) -> None:
    """Keep a newer look at variants for ``describe``."""
    variants = {origin: seen for (kind, origin), seen in found.items() if kind == _VARIANT}
    if variants and not strict():
        _Cache().add(variants)


def _asked(origins: Iterable[Origin]) -> dict[Origin, Found]:
    """A look at each that is not remembered."""
    wanted = list(origins)
    if not wanted:
        return {}
    from ganzoo.plugin.probe import probe

    return {origin: seen for (_, origin), seen in probe((_VARIANT, origin) for origin in wanted).items()}


class _Cache:
    """Descriptions by plugin and state of its files. One that fails is kept until anything is installed or removed."""

    def __init__(self) -> None:
        place = zlib.crc32(repr([sys.version, sys.path]).encode())
        self._file = cache_root() / f"described-{place:08x}.json"
        self._path = zlib.crc32(repr(path_state()).encode())
        self._files = Files()
        self._core = self._files.stamp(Path(__file__))
        self._cached = _read(self._file)

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
        kept = {key: {"cause": seen.cause, "about": seen.about} for key, seen in self._cached.items()}
        try:
            write_json(self._file, {"plugins": kept})
        except StoreError:
            return  # a cache that cannot be written is only slower

    def _key(self, origin: Origin) -> str:
        file = self._files.source(origin.module)
        stamp = self._files.stamp(file) if file else 0
        return f"{origin.name} = {origin.value} from {origin} | {self._core:08x} {stamp:08x}"


def _read(file: Path) -> dict[str, Found]:
    """What the cache on the disk holds; nothing where there is none, or a damaged one."""
    try:
        plugins = read_texts(file)["plugins"]
        return {key: Found(cause=seen["cause"], about=seen["about"]) for key, seen in plugins.items()}
    except (OSError, StoreError, KeyError, TypeError, AttributeError):
        return {}


class Files:
    """Modules and the state of their files; a package is looked at once, so this lives as long as one listing."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}
        self._packages: dict[Path, int | None] = {}

    def source(self, module: str) -> Path | None:
        """The file of a module, found without importing its parents."""
        try:
            spec = self._spec(module)
        except (ImportError, ValueError, AttributeError):
            return None
        return Path(spec.origin) if spec is not None and spec.origin else None

    def _spec(self, module: str) -> ModuleSpec | None:
        if module not in self._specs:
            parent = module.rpartition(".")[0]
            self._specs[module] = self._below(parent, module) if parent else importlib.util.find_spec(module)
        return self._specs[module]

    def _below(self, parent: str, module: str) -> ModuleSpec | None:
        spec = self._spec(parent)
        if spec is None or spec.submodule_search_locations is None:
            return None
        return importlib.machinery.PathFinder.find_spec(module, list(spec.submodule_search_locations))

    def stamp(self, file: Path) -> int:
        """Changes whenever a module does, or any other of its package's folder."""
        folder = file.parent
        if folder not in self._packages:
            package = (folder / "__init__.py").is_file()
            self._packages[folder] = _stamp(folder) if package else None
        stamp = self._packages[folder]
        return _stamp(file) if stamp is None else stamp


def _stamp(path: Path) -> int:
    """Of a file, or of all modules in a folder."""
    try:
        entries = [e for e in os.scandir(path) if e.name.endswith(".py")] if path.is_dir() else [path]
        states = [(entry.name, entry.stat()) for entry in entries]
    except OSError:
        return 0
    return zlib.crc32(repr(sorted((name, state.st_mtime_ns, state.st_size) for name, state in states)).encode())
