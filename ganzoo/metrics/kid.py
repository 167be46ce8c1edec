"""Kernel distance: unbiased squared MMD with the cubic polynomial kernel.

Bińkowski et al. 2018, "Demystifying MMD GANs", eq. 3–4 with k(x, y) = (x·y/d + 1)³. Up to ``LIMIT`` rows a side all
pairs are used, so there is no subset lottery; above it, the pairs inside disjoint groups of rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.metrics.arrays import blocks, checked_pair, shuffled
from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.types import Estimate

LIMIT = 10_000


@dataclass(frozen=True)
class _Sums:
    """Sums over a kernel matrix (its diagonal left out within one set)."""

    rows: Features
    columns: Features
    squares: float


def kernel_distance(real: Features, fake: Features, *, seed: int = 0, limit: int = LIMIT) -> Estimate:
    """Return the unbiased squared MMD between the reference [n, d] and generated features [m, d]; may be below 0.

    The standard error counts the sampling of both sets: the variance of the two-sample U-statistic from its Hoeffding
    projections, less what second-order noise adds to them, and never below the second-order part (so it holds where
    the distributions are equal, too). Above ``limit`` rows the mean over disjoint groups (seeded permutation) of at
    most ``limit`` rows a side. Raises ScoreError for bad shapes, values, or too few rows (two in each group).
    """
    groups = group_count(len(np.asarray(real)), len(np.asarray(fake)), limit)
    real, fake = checked_pair(real, fake, least=2 * groups)
    if groups == 1:
        return _estimate(real, fake, _within(real))
    cut_real = np.array_split(shuffled(seed, "kid/real", len(real)), groups)
    cut_fake = np.array_split(shuffled(seed, "kid/fake", len(fake)), groups)
    parts = [_estimate(real[a], fake[b], _within(real[a])) for a, b in zip(cut_real, cut_fake, strict=True)]
    variance = sum((part.se or 0.0) ** 2 for part in parts)
    return Estimate(sum(part.value for part in parts) / groups, float(np.sqrt(variance)) / groups, len(fake))


def group_count(n: int, m: int, limit: int = LIMIT) -> int:
    """Return into how many disjoint groups two sets of n and m rows are cut."""
    return max(1, -(-max(n, m) // limit))


def _kernel(x: Features, y: Features) -> Features:
    values: Features = x @ y.T
    values /= x.shape[1]
    values += 1
    values *= values * values
    return values


def _within(x: Features) -> _Sums:
    """Sum k over all pairs of different rows of ``x`` [n, d], each block of the upper triangle computed once."""
    rows, squares = np.zeros(len(x)), 0.0
    for block in blocks(len(x), len(x)):
        width = block.stop - block.start
        panel = _kernel(x[block], x[block.start :])
        np.fill_diagonal(panel[:, :width], 0.0)
        rows[block] += panel.sum(axis=1)
        rows[block.stop :] += panel[:, width:].sum(axis=0)
        squares += 2 * float(np.vdot(panel, panel)) - float(np.square(panel[:, :width]).sum())
    return _Sums(rows, rows, squares)


def _between(x: Features, y: Features) -> _Sums:
    rows, columns, squares = np.zeros(len(x)), np.zeros(len(y)), 0.0
    for block in blocks(len(x), len(y)):
        panel = _kernel(x[block], y)
        rows[block] = panel.sum(axis=1)
        columns += panel.sum(axis=0)
        squares += float(np.vdot(panel, panel))
    return _Sums(rows, columns, squares)


def _estimate(real: Features, fake: Features, real_sums: _Sums) -> Estimate:
    n, m = len(real), len(fake)
    xx, yy, xy = real_sums, _within(fake), _between(real, fake)
    project_real = xx.rows / (n - 1) - xy.rows / m
    project_fake = yy.rows / (m - 1) - xy.columns / n
    second = 2 * _pure(xx, n - 1, n - 1) / (n * (n - 1)) + 2 * _pure(yy, m - 1, m - 1) / (m * (m - 1))
    second += 4 * _pure(xy, m, n) / (n * m)
    # The projections' variances hold every second-order term exactly twice.
    first = 4 * float(project_real.var(ddof=1)) / n + 4 * float(project_fake.var(ddof=1)) / m
    variance = max(first - second, second)
    return Estimate(float(project_real.mean() + project_fake.mean()), float(np.sqrt(variance)), m)


def _pure(sums: _Sums, per_row: int, per_column: int) -> float:
    """Return the variance of the kernel's second-order Hoeffding part: what is left of k after both row effects."""
    rows, columns = sums.rows / per_row, sums.columns / per_column
    mean_square = sums.squares / (len(rows) * per_row)
    return max(0.0, mean_square - float(np.mean(rows**2)) - float(np.mean(columns**2)) + float(rows.mean()) ** 2)


def _compute(sets: Sets) -> dict[str, Estimate]:
    real, fake = checked_pair(sets.reference.real, sets.fake, least=2)
    if group_count(len(real), len(fake)) > 1:
        return {"kid": kernel_distance(real, fake, seed=sets.seed)}
    return {"kid": _estimate(real, fake, sets.reference.once("kid", lambda: _within(real)))}


KID = Metric(
    name="kid",
    summary="Unbiased squared MMD with the cubic kernel, over all pairs (Bińkowski et al. 2018)",
    columns=("kid",),
    compute=_compute,
    better="lower",
)
