"""Squared distances compared exactly: matrix products screen all pairs, float64 differences decide the close ones.

A matrix product of rows taken about a centre gives |u−v|² to within β (|u|²+|v|²). With ε the rounding unit of its
type and γ = (d+2) ε / (1 − (d+2) ε), the product is off by at most 2 γ, in whatever order it is summed (Higham,
"Accuracy and Stability of Numerical Algorithms", section 3.1); the rounding of u and v moves it by 8 ε, that of |u|² by
ε, and sums of two such terms by 4 ε, all times |u|²+|v|². What is left of β = 2 γ + 16 ε + 4 γ₆₄ is for float64
arithmetic. The products are shifted down by this much, so that none is above the true squared distance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics import arrays
from ganzoo.metrics.base import Features, Index, Matrix

COSTLY = 1 << 31
"""Multiplications (n · m · d) from which float32 products pay."""
WIDEST = 1 << 18
"""Columns up to which float32 products say anything."""
PAIRS = 1 << 20
"""Numbers held at once where differences of rows are taken."""
WEAK = 0.1
"""A screen is weak where the uncertainty of its products is above this share of the distances it is to tell apart."""
_REACH = 40
"""Features are scaled by a power of two to at most 2⁴⁰: squares then neither overflow nor vanish in float32."""
_VANISHED = 2.0**-100
"""Above what a product of scaled features can lose by underflow, per summand."""


def scale_of(*sets: Matrix) -> float:
    """Return the power of two that brings the largest feature of ``sets`` to about 2⁴⁰."""
    largest = max(float(max(x.max(), -x.min())) for x in sets)
    return math.ldexp(1.0, min(_REACH - math.frexp(largest)[1], 1000)) if largest > 0 else 1.0


def centre_of(x: Matrix) -> Features:
    """Return the median [d] of some rows [n, d]: near the bulk of them, however far off a few are."""
    centre: Features = np.median(x[:: max(1, len(x) // 256)].astype(np.float64), axis=0)
    return centre


def precision(n: int, m: int, d: int) -> type[np.floating[Any]]:
    """Choose the type of the products by how many there are."""
    return np.float32 if n * m * d >= COSTLY and d < WIDEST else np.float64


def _beta(d: int, dtype: type[np.floating[Any]]) -> float:
    unit, double = float(np.finfo(dtype).eps) / 2, float(np.finfo(np.float64).eps) / 2
    return 2 * (d + 2) * unit / (1 - (d + 2) * unit) + 16 * unit + 4 * (d + 2) * double / (1 - (d + 2) * double)


@dataclass(frozen=True)
class Cloud:
    """Rows [n, d], times ``scale``, ready to be screened about a centre."""

    x: Matrix
    scale: float
    table: Matrix
    """[u, 1, (1−β)|u|²] as [n, d + 2]."""
    norms: Features
    """|u|² [n]."""
    beta: float
    vanished: float

    @classmethod
    def of(cls, x: Matrix, centre: Features, scale: float, dtype: type[np.floating[Any]]) -> Cloud:
        """Place rows; those of two clouds compare where centre, scale and dtype are the same."""
        n, d = x.shape
        beta, vanished = _beta(d, dtype), (d + 2) * _VANISHED
        table, norms, middle = np.empty((n, d + 2), dtype=dtype), np.empty(n), centre * scale
        for block in arrays.blocks(n, 4 * d):
            offset = x[block].astype(np.float64)
            offset *= scale
            offset -= middle
            table[block, :d] = offset
            norms[block] = np.einsum("ij,ij->i", offset, offset)
        table[:, d] = 1
        table[:, d + 1] = (1 - beta) * norms - vanished
        return cls(x, scale, table, norms, beta, vanished)

    def lower(self, rows: slice, other: Cloud, columns: slice) -> Matrix:
        """Return what the squared distances of ``rows`` and the ``columns`` of another cloud are at least."""
        d = self.x.shape[1]
        left = self.table[rows] * self.table.dtype.type(-2)
        left[:, d] = self.table[rows, d + 1]
        left[:, d + 1] = 1
        bounds: Matrix = left @ other.table[columns].T
        return bounds

    def margin(self, rows: Index, other: Cloud, columns: Index) -> Features:
        """Return by how much the squared distances of pairs can be above what ``lower`` said."""
        width: Features = 2 * self.beta * (self.norms[rows] + other.norms[columns]) + 4 * self.vanished
        return width

    def weak(self, squared: Matrix) -> NDArray[np.bool_]:
        """Tell, for a squared distance per row [n], whether the screen is weak there."""
        return 4 * self.beta * self.norms + 4 * self.vanished > WEAK * squared


def squared_differences(x: Matrix, rows: Index, y: Matrix, columns: Index, scale: float) -> Features:
    """Return scale² |x_i − y_j|² for pairs of rows, in float64."""
    found, step = np.empty(len(rows)), max(1, PAIRS // x.shape[1])
    for first in range(0, len(rows), step):
        part = slice(first, first + step)
        difference = x[rows[part]].astype(np.float64) * scale
        difference -= y[columns[part]].astype(np.float64) * scale
        found[part] = np.einsum("ij,ij->i", difference, difference)
    return found


def below(panel: Matrix, limits: Matrix) -> tuple[Index, Index]:
    """Return row and column of every value of the panel [n, m] that is not above ``limits``, as broadcast to it."""
    rows, columns = np.divmod(np.flatnonzero(panel <= limits), panel.shape[1])
    return rows, columns


def cut(start: int, stop: int, step: int) -> Iterator[slice]:
    """Cut rows start … stop−1 into slices of at most ``step``."""
    return (slice(first, min(first + step, stop)) for first in range(start, stop, max(step, 1)))
