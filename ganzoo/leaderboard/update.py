"""The tables brought up to date, with no work where nothing changed since they were written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.leaderboard import human
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.options import content_hash

if TYPE_CHECKING:
    from ganzoo.registry import Registry
    from ganzoo.training.runs import RunStore


def update(store: RunStore, folder: Path, registry: Registry, quick: bool, warn: Callable[[str], None]) -> list[Path]:
    """Do what ``board.write`` does, which see; where store, files, registry and code are as they were, do nothing."""
    index, terms = StoreIndex(store), content_hash([quick, registry, human.stamp(folder)])
    recalled = index.recall(folder, terms)
    if recalled is not None:
        written, skipped = recalled
        for sentence in skipped:
            warn(sentence)
        return written
    from ganzoo.leaderboard import board

    told: list[str] = []
    written = board.write(store, folder, registry, quick, warn=told.append)
    index.remember(folder, terms, written, told)
    for sentence in told:
        warn(sentence)
    return written
