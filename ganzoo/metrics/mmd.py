"""The squared MMD of two samples from sums of a kernel over pairs of rows, with the error of both samples.

Gretton et al. 2012, "A Kernel Two-Sample Test", eq. 3: the U-statistic. The kernels are in kid.py and cmmd.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganzoo.metrics.arrays import shuffled
from ganzoo.metrics.base import Features, Index, Influence
from ganzoo.metrics.kernels import Sums

LIMIT = 10_000
"""Rows of the larger side up to which all pairs are used."""


@dataclass(frozen=True)
class Projections:
    """The squared MMD row by row: its mean over both sides is the value, its spread the first-order error."""

    real: Features
    fake: Features
    second: float
    """Second-order variance of the value."""
    spared: float = 0.0
    """How much of it comes from using small groups in place of all pairs."""

    @classmethod
    def of(cls, xx: Sums, yy: Sums, xy: Sums) -> Projections:
        """All pairs of n reference rows (xx), of m generated ones (yy), and of one with the other."""
        n, m = len(xx.rows), len(yy.rows)
        real, fake = xx.rows / (n - 1) - xy.rows / m, yy.rows / (m - 1) - xy.columns / n
        return cls(real, fake, second_order([xx], [yy], [xy], n, m))

    @property
    def value(self) -> float:
        return float(self.real.mean() + self.fake.mean())

    @property
    def first(self) -> float:
        """Variance of the first order; second-order noise in the projections adds every term exactly twice."""
        spread = 4 * float(self.real.var(ddof=1)) / len(self.real) + 4 * float(self.fake.var(ddof=1)) / len(self.fake)
        return max(spread - 2 * self.second, 0.0)

    def influence(self) -> Influence:
        """Return twice the centred projections, noise included, and as ``second`` what that noise is too much.

        Two models' rows share much of their noise: left in, it cancels in their difference.
        """
        fake, real = (2 * (side - side.mean()) for side in (self.fake, self.real))
        spread = float(fake.var(ddof=1)) / len(fake) + float(real.var(ddof=1)) / len(real)
        return Influence(self.value, fake, real, max(-self.second, self.second - spread))


def second_order(xx: list[Sums], yy: list[Sums], xy: list[Sums], n: int, m: int) -> float:
    """Return the second-order variance of all pairs of n and m rows, from the sums of one group or several."""
    real = float(np.mean([sums.pure(len(sums.rows) - 1, len(sums.rows) - 1) for sums in xx]))
    fake = float(np.mean([sums.pure(len(sums.rows) - 1, len(sums.rows) - 1) for sums in yy]))
    cross = float(np.mean([sums.pure(len(sums.columns), len(sums.rows)) for sums in xy]))
    return 2 * real / (n * (n - 1)) + 2 * fake / (m * (m - 1)) + 4 * cross / (n * m)


def group_count(n: int, m: int, limit: int = LIMIT) -> int:
    """Return into how many disjoint groups two sets of n and m rows are cut."""
    return max(1, -(-max(n, m) // limit))


def groups_of(n: int, m: int, purpose: str, seed: int, groups: int) -> list[tuple[Index, Index]]:
    """Cut two sets of n and m rows into disjoint groups, by a permutation seeded for this ``purpose``."""
    orders = shuffled(seed, f"{purpose}/real", n), shuffled(seed, f"{purpose}/fake", m)
    real, fake = (np.array_split(order, groups) for order in orders)
    return list(zip(real, fake, strict=True))


def grouped(
    real: Features, fake: Features, groups: list[tuple[Index, Index]], pairs: Callable[[Features, Features], Influence]
) -> Influence:
    """Average what ``pairs`` says of disjoint groups of [n, d] and [m, d]; a row's influence is that in its group."""
    n, m = len(real), len(fake)
    on_real, on_fake, values, second = np.empty(n), np.empty(m), [], 0.0
    for a, b in groups:
        part = pairs(real[a], fake[b])
        assert part.real is not None
        on_real[a] = part.real * (n / (len(groups) * len(a)))
        on_fake[b] = part.fake * (m / (len(groups) * len(b)))
        values.append(part.value)
        second += part.second / len(groups) ** 2
    return Influence(float(np.mean(values)), on_fake, on_real, second)
