"""Sums of the cubic kernel (x·y/d + 1)³ over pairs of rows, taken about a centre so that float32 products suffice.

With x = μ + u and y = μ + v, x·y/d + 1 = base + p + q + c: base = |μ|²/d + 1, the shifts p = μ·u/d and q = μ·v/d belong
to one row each, and only c = u·v/d needs a matrix product. Around c = 0 the kernel is (s + c)³ = s³ + 3 s² c + ρ with
s = base + p + q. The sum of the first two terms over all pairs is exact in O(n·d); the rest ρ = c² (3 s + c) is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ganzoo.metrics.arrays import blocks
from ganzoo.metrics.base import Features, Matrix

CHUNK = 1 << 17
"""Kernel values worked on at once: their three passes stay in a core's own cache."""


@dataclass(frozen=True)
class Frame:
    """The centre [d] that kernels are expanded about."""

    centre: Features
    base: float

    @classmethod
    def at(cls, centre: Features) -> Frame:
        """Return the frame of a centre [d]."""
        return cls(centre, float(centre @ centre) / len(centre) + 1)


@dataclass(frozen=True)
class Rows:
    """Rows seen from a frame: their shifts [n] and their offsets from the centre, over √d, as [n, d]."""

    shift: Features
    unit: Matrix

    @classmethod
    def of(cls, x: Matrix, frame: Frame, dtype: type[np.floating[Any]]) -> Rows:
        """Place rows [n, d] in a frame; ``dtype`` is that of the matrix products to come."""
        shift, unit = np.empty(len(x)), np.empty(x.shape, dtype=dtype)
        for block in _row_blocks(x):
            offset = x[block] - frame.centre
            shift[block] = offset @ frame.centre / x.shape[1]
            unit[block] = offset / x.shape[1] ** 0.5
        return cls(shift, unit)


@dataclass
class Sums:
    """Sums of k − base³, or of ρ, over a matrix of pairs (the pairs of a row with itself left out within one set)."""

    rows: Features
    columns: Features
    squares: float = 0.0

    def pure(self, per_row: int, per_column: int) -> float:
        """Return the variance of the second-order Hoeffding part: what is left once both row effects are taken out."""
        rows, columns = self.rows / per_row, self.columns / per_column
        mean_square = self.squares / (len(rows) * per_row)
        return max(0.0, mean_square - float(np.mean(rows**2)) - float(np.mean(columns**2)) + float(rows.mean()) ** 2)

    def add(self, values: Matrix, at: slice, start: int, mirrored: int | None) -> None:
        """Count values of the rows ``at`` and the columns from ``start`` on.

        Within one set, ``mirrored`` is the first of those columns that stands for its mirror image, too.
        """
        self.rows[at] += values.sum(axis=1)
        first = mirrored or 0
        self.columns[start + first :] += values[:, first:].sum(axis=0)
        squares = float(np.vdot(values, values))
        if mirrored is not None:
            squares = 2 * squares - float(np.square(values[:, :first]).sum())
        self.squares += squares


def within(x: Rows, base: float, *, rest: bool = False) -> list[Sums]:
    """Sum k − base³ over all pairs of different rows, each computed once; with ``rest``, a second item sums ρ."""
    found = [_same(np.zeros(len(x.shift))) for _ in range(1 + rest)]
    for block in blocks(len(x.shift), len(x.shift)):
        panel = x.unit[block] @ x.unit[block.start :].T
        width = block.stop - block.start
        for part in _chunks(panel):
            at = slice(block.start + part.start, block.start + part.stop)
            values = _values(panel[part], x.shift[at], x.shift[block.start :], base, rest)
            for sums, matrix in zip(found, values, strict=True):
                matrix[np.arange(len(matrix)), np.arange(part.start, part.stop)] = 0
                sums.add(matrix, at, block.start, width)
    return found


def between(x: Rows, y: Rows, base: float, *, rest: bool = False) -> list[Sums]:
    """Sum k − base³ over all pairs of rows of two sets; with ``rest``, a second item sums ρ."""
    found = [Sums(np.zeros(len(x.shift)), np.zeros(len(y.shift))) for _ in range(1 + rest)]
    for block in blocks(len(x.shift), len(y.shift)):
        panel = x.unit[block] @ y.unit.T
        for part in _chunks(panel):
            at = slice(block.start + part.start, block.start + part.stop)
            values = _values(panel[part], x.shift[at], y.shift, base, rest)
            for sums, matrix in zip(found, values, strict=True):
                sums.add(matrix, at, 0, None)
    return found


def _same(rows: Features) -> Sums:
    return Sums(rows, rows)


def _chunks(panel: Matrix) -> list[slice]:
    step = max(1, CHUNK // panel.shape[1])
    return [slice(first, min(first + step, len(panel))) for first in range(0, len(panel), step)]


def _values(c: Matrix, p: Features, q: Features, base: float, rest: bool) -> list[Matrix]:
    """Return (base + w)³ − base³ with w = c + p + q and, if asked, ρ."""
    w = c + p.astype(c.dtype)[:, None]
    w += q.astype(c.dtype)
    whole = w + 3 * base
    whole *= w
    whole += 3 * base**2
    whole *= w
    if not rest:
        return [whole]
    w *= 3
    w += 3 * base
    w -= 2 * c
    w *= c
    w *= c
    return [whole, w]


@dataclass(frozen=True)
class Smooth:
    """What one set adds to the exact part s³ + 3 s² c of its pairs with any row."""

    count: int
    powers: Features
    """Σ qᵏ for k = 0 … 3."""
    pulls: Features
    """Σ qᵏ v / d for k = 0 … 2, as [3, d]."""
    shift: Features = field(repr=False)

    @classmethod
    def of(cls, y: Matrix, frame: Frame) -> Smooth:
        """Sum over rows [m, d]."""
        d = y.shape[1]
        shift, pulls = np.empty(len(y)), np.zeros((3, d))
        for block in _row_blocks(y):
            offset = y[block] - frame.centre
            shift[block] = offset @ frame.centre / d
            pulls += shift[block] ** np.arange(3)[:, None] @ offset
        return cls(len(y), (shift ** np.arange(4)[:, None]).sum(axis=1), pulls / d, shift)

    def sums(self, pulled: Features, shift: Features, frame: Frame) -> Features:
        """Return Σ_j s³ + 3 s² c [n] for rows of shifts [n] and inner products ``pulled`` [n, 3] with the pulls."""
        s = frame.base + shift
        count, first, second, third = self.powers
        cubes = ((count * s + 3 * first) * s + 3 * second) * s + third
        total: Features = cubes + 3 * ((pulled[:, 0] * s + 2 * pulled[:, 1]) * s + pulled[:, 2])
        return total


def smooth_means(x: Matrix, own: Smooth, other: Smooth, frame: Frame) -> tuple[Features, Features]:
    """Return the mean of s³ + 3 s² c of each row [n, d] with the other rows of its set, and with the other set."""
    pulls = np.vstack([own.pulls, other.pulls]).T
    pulled, lengths = np.empty((len(x), 6)), np.empty(len(x))
    for block in _row_blocks(x):
        offset = x[block] - frame.centre
        pulled[block] = offset @ pulls
        lengths[block] = np.einsum("ij,ij->i", offset, offset) / x.shape[1]
    s = frame.base + 2 * own.shift
    mine = own.sums(pulled[:, :3], own.shift, frame) - s**2 * (s + 3 * lengths)
    return mine / (own.count - 1), other.sums(pulled[:, 3:], own.shift, frame) / other.count


def _row_blocks(x: Matrix) -> Iterator[slice]:
    """Cut rows [n, d] into blocks whose float64 copies stay in the cache."""
    return blocks(len(x), 32 * x.shape[1])
