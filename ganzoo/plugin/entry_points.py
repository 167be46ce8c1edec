"""The groups of entry points by which plugins are found, and which of them are installed, importing none.

Reading the metadata of every installed distribution costs more than all the rest of ``ganzoo list``. So the answer is
kept in the user's cache and holds as long as the folders of ``sys.path`` are unchanged: installing, upgrading and
uninstalling all change the folder that has the metadata. ``ganzoo --help`` comes here too, hence the plain ``json``.
"""

from __future__ import annotations

import importlib
import json
import sys
import zlib
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import PluginError, StoreError
from ganzoo.files import cache_root, write_text
from ganzoo.naming import RULE, fault, variant_fault

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PROJECT = "ganzoo"
VARIANTS = "ganzoo.variants"
EXTENSIONS = "ganzoo.extensions"
COMMANDS = "ganzoo.commands"
GROUPS = (VARIANTS, EXTENSIONS, COMMANDS)


@dataclass(frozen=True)
class Origin:
    """An entry point and the distribution it comes from."""

    name: str
    value: str
    distribution: str
    version: str

    @classmethod
    def of(cls, point: EntryPoint | Origin) -> Origin:
        """Read it off an entry point."""
        if isinstance(point, Origin):
            return point
        dist = point.dist
        return cls(point.name, point.value, dist.name if dist else "unknown", dist.version if dist else "0")

    @property
    def module(self) -> str:
        """The module that the entry point names."""
        return self.value.partition(":")[0].strip()

    def load(self) -> Any:
        """Import the object that the entry point names."""
        found: Any = importlib.import_module(self.module)
        for attribute in filter(None, self.value.partition(":")[2].strip().split(".")):
            found = getattr(found, attribute)
        return found

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


def installed(*groups: str) -> list[list[Origin]]:
    """The entry points of each group, one list per group, from the cache where that still holds."""
    state = path_state()
    place = zlib.crc32(repr([sys.version, [path for path, *_ in state], groups]).encode())
    file = cache_root() / f"entry-points-{place:08x}.json"
    try:
        cached = json.loads(file.read_bytes())
        if cached["state"] == list(map(list, state)):
            return [[Origin(*fields) for fields in cached["groups"][group]] for group in groups]
    except (OSError, ValueError, KeyError, TypeError):
        pass  # there is no cache yet, or a damaged one: look again
    found = _scan(groups)
    cached_groups = {group: [astuple(origin) for origin in origins] for group, origins in found.items()}
    _store(file, json.dumps({"state": state, "groups": cached_groups}))
    return [found[group] for group in groups]


def path_state() -> list[tuple[str, int, int]]:
    """Each folder of ``sys.path`` with its number in the file system, for links that change, and its last change."""
    folders = dict.fromkeys(path or "." for path in sys.path)
    states = []
    for folder in map(Path, folders):
        with suppress(OSError, ValueError):  # one that is not there, or that can be none
            state = folder.stat()
            states.append((str(folder.absolute()), state.st_ino, state.st_mtime_ns))
    return states


def _scan(groups: tuple[str, ...]) -> dict[str, list[Origin]]:
    from importlib.metadata import entry_points

    points = entry_points()
    return {group: sorted(map(Origin.of, points.select(group=group)), key=_order) for group in groups}


def _order(origin: Origin) -> tuple[bool, str, str]:
    """ganzoo's own first, then by name: what folders list in which order is chance, and metrics stand in protocols."""
    return origin.distribution != "ganzoo", origin.distribution.lower(), origin.name


def _store(file: Path, text: str) -> None:
    try:
        write_text(file, text)
    except StoreError:
        return  # a cache that cannot be written is only slower


def by_name(points: list[Origin]) -> dict[str, list[Origin]]:
    """Group by name; the same distribution seen twice on the path counts once."""
    found: dict[str, list[Origin]] = {}
    for origin in dict.fromkeys(points):
        found.setdefault(origin.name, []).append(origin)
    return found


def name_error(kind: str, origin: Origin) -> PluginError | None:
    """Why nothing can go by the name of an entry point of this kind ("variant", "command"); None where it can."""
    found = (variant_fault if kind == "variant" else fault)(origin.name)
    if not found:
        return None
    return PluginError(f"The {kind} of {origin} cannot be used: {found}.", RULE)
