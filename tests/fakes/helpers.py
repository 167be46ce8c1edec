"""What test modules and the conftest share: distributions that only look installed, and a store read in one go."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

from ganzoo.plugin.hookspecs import VARIANTS
from ganzoo.sealed import read_json
from ganzoo.training.runs import Failure, RunStore

Install = Callable[..., list[EntryPoint]]
FAKES = Path(__file__).parent


def write_distribution(folder: Path, name: str, version: str, groups: Mapping[str, Mapping[str, str]]) -> Path:
    """A dist-info folder such as pip leaves behind; ``groups`` maps entry-point group to name to object."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{point} = {value}" for point, value in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return info


def fake_points(folder: Path, names: Iterable[str]) -> list[EntryPoint]:
    """Entry points of the modules in tests/fakes, from a distribution called "fakes 3.1" written into ``folder``."""
    write_distribution(folder, "fakes", "3.1", {VARIANTS: {name: name for name in names}})
    return [point for dist in importlib.metadata.distributions(path=[str(folder)]) for point in dist.entry_points]


def flipped(whole: bytes) -> Iterator[bytes]:
    """The content of a file with each of its bits turned, one at a time."""
    for place in range(len(whole)):
        for bit in range(8):
            content = bytearray(whole)
            content[place] ^= 1 << bit
            yield bytes(content)


def failures(store: RunStore) -> list[Failure]:
    """Every bench job whose last attempt failed."""
    return [read_json(path, Failure) for path in store.failure_files()]
