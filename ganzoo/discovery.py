"""Which entry points are installed, without importing any of them.

Reading the metadata of every installed distribution costs more than all the rest of ``ganzoo list``. So the answer is
kept in the user's cache and holds as long as the folders of ``sys.path`` are unchanged: installing, upgrading and
uninstalling all change the folder that has the metadata.
"""

from __future__ import annotations

import importlib
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.files import cache_root, write_bytes

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


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

    def load(self) -> Any:
        """Import the object that the entry point names."""
        module, _, attributes = self.value.partition(":")
        found: Any = importlib.import_module(module.strip())
        for attribute in filter(None, attributes.strip().split(".")):
            found = getattr(found, attribute)
        return found

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


class _Kept(msgspec.Struct):
    """The cache file: what ``sys.path`` looked like, and the entry points found there by group."""

    state: list[tuple[str, int]]
    groups: dict[str, list[Origin]]


def installed(*groups: str) -> list[list[Origin]]:
    """The entry points of each group, one list per group, from the cache where that still holds."""
    state = _state()
    place = zlib.crc32(msgspec.json.encode([sys.version, [path for path, _ in state], groups]))
    file = cache_root() / f"entry-points-{place:08x}.json"
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
        if kept.state == state:
            return [kept.groups[group] for group in groups]
    except (OSError, msgspec.DecodeError, KeyError):
        pass  # there is no cache yet, or a damaged one: look again
    found = {group: _scan(group) for group in groups}
    _keep(file, _Kept(state, found))
    return [found[group] for group in groups]


def _state() -> list[tuple[str, int]]:
    """Each folder of ``sys.path`` with the time of its last change."""
    folders = dict.fromkeys(path or "." for path in sys.path)
    return [(str(folder.resolve()), folder.stat().st_mtime_ns) for path in folders if (folder := Path(path)).exists()]


def _scan(group: str) -> list[Origin]:
    from importlib.metadata import entry_points

    return [Origin.of(point) for point in entry_points(group=group)]


def _keep(file: Path, kept: _Kept) -> None:
    from ganzoo.errors import StoreError

    try:
        write_bytes(file, msgspec.json.encode(kept))
    except StoreError:
        return  # a cache that cannot be written is only slower
