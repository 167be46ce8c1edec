"""The order in which rows of files are looked at: random, and the same wherever a row stands in its file.

Position is not chance: files are sorted by class, by name, by quality. So what takes a part of the rows (neighbours,
splits, groups, halves) must meet them in an order that depends on (seed, content) alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganzoo.types import IndexArray


def content_order(contents: Iterable[bytes], seed: int, purpose: str) -> IndexArray:
    """Row numbers int64 [N] in a random order by seed, purpose and what each row holds, whatever its place.

    Any permutation of the rows gives the same sequence of contents. Two sides of a comparison that share rows need a
    purpose each, or they would prefer the same ones. Equal rows are scattered: no copy stands beside its twin but by
    chance.
    """
    about = f"{purpose} {seed}".encode()
    keys = np.fromiter((_key(content, about) for content in contents), np.uint64)
    return np.argsort(_told_apart(keys, about), kind="stable")


def _key(content: bytes, about: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8, key=about).digest(), "big")


def _told_apart(keys: NDArray[np.uint64], about: bytes) -> NDArray[np.uint64]:
    """Give equal keys [N] new ones, each by how many there were before it."""
    ordered = np.sort(keys)
    shared = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(shared):
        return keys
    rows = np.flatnonzero(np.isin(keys, shared))
    rows = rows[np.argsort(keys[rows], kind="stable")]
    values, first = np.unique(keys[rows], return_index=True)
    before = np.arange(len(rows)) - np.repeat(first, np.diff([*first, len(rows)]))
    own = zip(np.repeat(values, np.diff([*first, len(rows)])), before, strict=True)
    keys[rows] = [_key(f"{value} {count}".encode(), about) for value, count in own]
    return keys
