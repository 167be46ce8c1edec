"""The fixed train/held-out split of data that come without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import Dataset, Split
from ganzoo.errors import DataError
from ganzoo.latents import generator

if TYPE_CHECKING:
    from ganzoo.types import Array, DataSpec, IndexArray

SPLIT_SEED = 0
LEAST = 2
"""Samples to train on without which nothing has a variance."""


def tenth(rows: int) -> int:
    """Size of the held-out part where none is published: a tenth, rounded, and at least one sample."""
    return max(1, round(rows / 10))


def split_rows(
    rows: int, heldout: int, y: IndexArray | None = None, name: str = "The dataset"
) -> tuple[IndexArray, IndexArray]:
    """Row numbers of train and held-out, ascending, int64; exactly ``heldout`` of ``rows`` are held out.

    Each class is permuted by its own Philox stream (seed 0, purpose "split", class number) and gives its first rows, as
    many as its share of the data; what rounding leaves goes to the largest remainders, to classes of one sample last.
    Without labels all rows are one class. Raises DataError, which begins with ``name``, where nothing would be held out
    or fewer than LEAST rows be left to train on.
    """
    if not 0 < heldout <= rows - LEAST:
        raise DataError(
            f"{name} has {rows} sample{'s' * (rows != 1)}, too few to hold {heldout} out and train on {LEAST} or more.",
            f"Give {heldout + LEAST} or more.",
        )
    labels = np.zeros(rows, np.int64) if y is None else y
    classes, counts = np.unique(labels, return_counts=True)
    held = [
        generator(SPLIT_SEED, "split", int(label)).permutation(np.flatnonzero(labels == label))[:quota]
        for label, quota in zip(classes, _quotas(counts, heldout), strict=True)
    ]
    out = np.zeros(rows, bool)
    out[np.concatenate(held)] = True
    return np.flatnonzero(~out), np.flatnonzero(out)


def _quotas(counts: IndexArray, total: int) -> list[int]:
    whole, rest = np.divmod(counts * total, counts.sum())
    quotas = [int(n) for n in whole]
    order = sorted(range(len(counts)), key=lambda i: (counts[i] == 1, -rest[i], i))
    for i in order[: total - sum(quotas)]:
        quotas[i] += 1
    return quotas


def split_dataset(
    spec: DataSpec,
    x: Array,
    y: IndexArray | None,
    heldout: int,
    class_names: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Dataset:
    """A dataset of ``x`` [N, ...] and ``y`` [N] under the split of ``split_rows``."""
    parts = split_rows(len(x), heldout, y, spec.name)
    train, held = (Split(spec, x[rows], None if y is None else y[rows]) for rows in parts)
    return Dataset(spec, train, held, class_names, notes=notes)
