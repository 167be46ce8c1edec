"""The k nearest rows of each row, found among products of limited precision and settled by exact differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics import arrays
from ganzoo.metrics.base import Features, Index, Matrix
from ganzoo.metrics.distances import WEAK, Cloud, below, centre_of, cut, precision, squared_differences

ROOM = 1 << 20
"""Pairs held, beside four times k per row, before those that cannot matter any more are thrown out."""


class Shortlist:
    """For each row of ``source``, the rows of ``other`` [n, d] that may be among its k nearest."""

    def __init__(self, source: Cloud, other: Matrix, k: int, room: int = ROOM) -> None:
        n = len(source.x)
        self._source, self._other, self.k = source, other, k
        self.limit = np.full(n, np.inf, dtype=source.table.dtype)
        """What the k-th smallest squared distance is at most; −inf once it is known to be 0."""
        self._copy = np.full(n, -1)
        self._held = _Pairs.none()
        self._offers: list[_Pairs] = []
        self._count, self._room = 0, room + 4 * k * n

    def offer(self, rows: Index, columns: Index, low: Features, margin: Features) -> None:
        """Take pairs, each once, whose lower bounds ``low`` are not above the limits of their rows."""
        if len(rows):
            self._offers.append(_Pairs(rows, columns, low, low + margin))
        self._count += len(rows)
        if self._count > self._room:
            self._settle()

    def probe(self, rows: Index, columns: Index) -> None:
        """Measure k candidates [r, k] of each of ``rows`` [r]: a limit free of rounding, and copies are seen."""
        farthest = self._measure(np.repeat(rows, self.k), columns.ravel()).reshape(-1, self.k).max(axis=1)
        self.lower(rows, farthest)
        copied = farthest == 0
        self._copy[rows[copied]] = columns[copied].min(axis=1)
        self.limit[rows[copied]] = -np.inf

    def kth(self) -> tuple[Features, Index, Index]:
        """Return the squared distance of each row to its k-th nearest, and the pairs (row, other row) within it.

        There are no pairs of rows whose k-th nearest is a copy.
        """
        self._settle()
        pairs, found = self._held, np.zeros(len(self.limit))
        least = found.copy()
        kth = pairs.at_rank(pairs.low, np.full(len(found), self.k - 1))
        least[pairs.rows[kth]] = pairs.low[kth]
        nearer = pairs.high < least[pairs.rows]
        middle = self._measured(pairs.take(~nearer))
        left = self.k - 1 - np.bincount(pairs.rows[nearer], minlength=len(found))
        kth = middle.at_rank(middle.low, left)
        found[middle.rows[kth]] = middle.low[kth]
        inside = _Pairs.joined([pairs.take(nearer), middle.take(middle.low <= found[middle.rows])])
        return found, inside.rows, inside.columns

    def nearest(self) -> tuple[Features, Index, Features]:
        """Return the squared distance of each row to its nearest, which row that is, and that to its k-th nearest."""
        self._settle()
        pairs, found = self._measured(self._held), np.zeros(len(self.limit))
        order = np.lexsort((pairs.columns, pairs.low, pairs.rows))
        rows, first = np.unique(pairs.rows[order], return_index=True)
        found[rows], where = pairs.low[order][first], self._copy.copy()
        where[rows] = pairs.columns[order][first]
        farthest = np.zeros(len(found))
        kth = pairs.at_rank(pairs.low, np.full(len(found), self.k - 1))
        farthest[pairs.rows[kth]] = pairs.low[kth]
        return found, where, farthest

    def _settle(self) -> None:
        """Lower the limits by all that was offered, and forget what is above them."""
        self._held, self._offers = _Pairs.joined([self._held, *self._offers]), []
        self._tighten()
        if len(self._held.rows) > self._room // 2:
            self._held = self._measured(self._held)
            self._tighten()
            order = np.lexsort((self._held.low, self._held.rows))
            self._held = self._held.take(order[_rank(self._held.rows[order]) < self.k])
        self._count = len(self._held.rows)

    def _tighten(self) -> None:
        pairs = self._held
        kth = pairs.at_rank(pairs.high, np.full(len(self.limit), self.k - 1))
        self.lower(pairs.rows[kth], pairs.high[kth])
        self._held = pairs.take(pairs.low <= self.limit[pairs.rows])

    def lower(self, rows: Index, most: Features) -> None:
        """Lower the limits of ``rows`` [r] to ``most`` [r]."""
        rounded = np.nextafter(most.astype(self.limit.dtype), self.limit.dtype.type(np.inf))
        self.limit[rows] = np.minimum(self.limit[rows], rounded)

    def _measured(self, pairs: _Pairs) -> _Pairs:
        low = pairs.low.copy()
        rough = np.flatnonzero(pairs.low != pairs.high)
        low[rough] = self._measure(pairs.rows[rough], pairs.columns[rough])
        return _Pairs(pairs.rows, pairs.columns, low, low)

    def _measure(self, rows: Index, columns: Index) -> Features:
        return squared_differences(self._source.x, rows, self._other, columns, self._source.scale)


@dataclass(frozen=True)
class _Pairs:
    """Pairs of rows with bounds of their squared distances; all [p]."""

    rows: Index
    columns: Index
    low: Features
    high: Features

    @classmethod
    def none(cls) -> _Pairs:
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0))

    @classmethod
    def joined(cls, parts: list[_Pairs]) -> _Pairs:
        names = ("rows", "columns", "low", "high")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, which: Index | NDArray[np.bool_]) -> _Pairs:
        return _Pairs(self.rows[which], self.columns[which], self.low[which], self.high[which])

    def at_rank(self, values: Features, rank: Index) -> Index:
        """Return which pairs hold, among those of their row, the value of ``rank`` (from 0) of that row."""
        order = np.lexsort((values, self.rows))
        rows = self.rows[order]
        which: Index = order[_rank(rows) == rank[rows]]
        return which


def _rank(rows: Index) -> Index:
    """Return the place of each item within its run of equal ``rows``, which are ascending."""
    places: Index = np.arange(len(rows)) - np.searchsorted(rows, rows)
    return places


def kth_squared_distances(
    x: Matrix, k: int, scale: float, dtype: type[np.floating[Any]] | None = None
) -> tuple[Features, Index, Index]:
    """Return scale² times the squared distance of each row [n, d] to its k-th nearest other row (k < n), exactly.

    With it come the pairs (row, other row) within these distances, none of rows that are there more than k times.
    Every pair is multiplied once. ``dtype`` is that of the products; the result does not depend on it.
    """
    dtype = dtype or precision(len(x), len(x), x.shape[1])
    cloud = Cloud.of(x, centre_of(x), scale, dtype)
    short = Shortlist(cloud, x, k)
    parts = list(cut(0, len(x), math.isqrt(arrays.PANEL) // 2))
    for part in parts:
        _start(short, cloud, part, k)
    weak = cloud.weak(short.limit) & (short.limit > -np.inf)
    if dtype is np.float32 and weak.mean() > WEAK:
        return kth_squared_distances(x, k, scale, np.float64)
    for part in parts:
        rest = slice(part.stop, len(x))
        for rows in cut(part.start, part.stop, arrays.PANEL // max(len(x) - part.stop, 1)):
            panel = cloud.lower(rows, cloud, rest)
            i, j = below(panel, short.limit[rows, None])
            _offer(short, cloud, i + rows.start, j + rest.start, panel[i, j])
            i, j = below(panel, short.limit[rest])
            _offer(short, cloud, j + rest.start, i + rows.start, panel[i, j])
    return short.kth()


def _start(short: Shortlist, cloud: Cloud, part: slice, k: int) -> None:
    """Find first limits for the rows of ``part`` from the pairs among themselves, and offer these pairs."""
    panel, rows = cloud.lower(part, cloud, part), np.arange(part.start, part.stop)
    np.fill_diagonal(panel, np.inf)
    if len(rows) > k:
        nearest = np.argpartition(panel, k - 1, axis=1)[:, :k]
        low = np.take_along_axis(panel, nearest, axis=1).astype(np.float64)
        margin = cloud.margin(np.repeat(rows, k), cloud, nearest.ravel() + part.start)
        short.lower(rows, (low + margin.reshape(-1, k)).max(axis=1))
        weak = np.flatnonzero(cloud.weak(short.limit)[part])
        short.probe(rows[weak], nearest[weak] + part.start)
    i, j = below(panel, short.limit[part, None])
    _offer(short, cloud, rows[i], rows[j], panel[i, j])


def _offer(short: Shortlist, cloud: Cloud, rows: Index, columns: Index, low: Matrix) -> None:
    short.offer(rows, columns, low.astype(np.float64), cloud.margin(rows, cloud, columns))
