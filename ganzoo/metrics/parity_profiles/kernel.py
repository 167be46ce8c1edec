"""Kernel distance in other tools: the mean of the unbiased squared MMD over a hundred random subsets, in float32.

k(x, y) = (x·y/d + 1)³. Sums over a million float32 kernel values round at about 1e-7 of the kernel's mean, which is far
above 1e-6 of a small distance: equal bits need the same sums in the same order. For tools that sum with NumPy this file
does what they do; torch's own sums can be met to the rounding only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ganzoo.metrics.base import Metric, Sets
from ganzoo.metrics.parity_profiles.base import Single, pair, single
from ganzoo.metrics.parity_profiles.randomness import Draws
from ganzoo.types import Estimate

SUBSETS, SIZE = 100, 1000


def summed_by_rows(x: Single, y: Single) -> float:
    """Sum rows less the diagonal, then over rows (torch-fidelity, torchmetrics)."""
    m, gamma = len(x), 1.0 / x.shape[1]

    def within(z: Single) -> np.float32:
        kernel = (np.matmul(z, z.T) * gamma + 1.0) ** 3
        total: np.float32 = (kernel.sum(axis=1) - np.diagonal(kernel)).sum()
        return total

    between = ((np.matmul(x, y.T) * gamma + 1.0) ** 3).sum(axis=0).sum()
    return float((within(x) + within(y)) / (m * (m - 1)) - 2 * between / (m * m))


def summed_at_once(x: Single, y: Single) -> float:
    """Add both inner kernels, then sum all and take the diagonal off (clean-fid, StyleGAN); not yet divided by m."""
    m, d = x.shape
    inner = (x @ x.T / d + 1) ** 3 + (y @ y.T / d + 1) ** 3
    between = (x @ y.T / d + 1) ** 3
    return (inner.sum() - np.diag(inner).sum()) / (m - 1) - between.sum() * 2 / m  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Kernel:
    """How a tool draws subsets and sums."""

    tool: str
    draws: Draws
    fixed_seed: int | None = None
    """The seed that the tool itself sets; None: that of the scoring."""
    fake_first: bool = True
    shrinks: bool = False
    """Takes smaller subsets where there are fewer rows, and averages as a running float32 sum; others refuse."""
    single_result: bool = False

    def distance(self, sets: Sets) -> Estimate:
        """Return the mean over subsets; their spread, which tools report beside it, is no standard error."""
        real, fake = pair(sets, self.tool, "kernel distance", 2 if self.shrinks else SIZE)
        first, second = (single(x) for x in ((fake, real) if self.fake_first else (real, fake)))
        size = min(len(first), len(second), SIZE)
        seed = sets.seed if self.fixed_seed is None else self.fixed_seed
        rows = self.draws(seed, len(first), len(second), size, SUBSETS)
        pairs = ((first[a], second[b]) for a, b in rows)
        value = self._running(pairs, size) if self.shrinks else self._mean(pairs)
        return Estimate(float(np.float32(value)) if self.single_result else value, None, len(fake))

    def _mean(self, pairs: Iterator[tuple[Single, Single]]) -> float:
        return float(np.mean([summed_by_rows(x, y) for x, y in pairs]))

    def _running(self, pairs: Iterator[tuple[Single, Single]], size: int) -> float:
        total: float = 0
        for x, y in pairs:
            total += summed_at_once(x, y)
        return float(total / SUBSETS / size)


def kernel(convention: Kernel) -> Metric:
    """Return the metric ``kid`` of a tool."""
    return Metric(
        name=f"{convention.tool}/kid",
        summary=f"Kernel distance as {convention.tool} computes it",
        columns=("kid",),
        compute=lambda sets: {"kid": convention.distance(sets)},
        better="lower",
    )
