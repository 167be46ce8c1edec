"""CMMD: squared MMD with a Gaussian kernel between features of length one.

Jayasumana et al. 2024, "Rethinking FID", section 4: k(x, y) = exp(−|x−y|²/(2σ²)) with σ = 10, times 1000. They take it
of CLIP embeddings; here it is of whatever extractor is named. The kernel of such rows lies within 2 % of 1, so what is
summed is k − 1, which loses no digits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ganzoo.metrics.arrays import blocks, checked_pair, squared_norms, unit_rows
from ganzoo.metrics.base import Features, Influence, Metric, Sets
from ganzoo.metrics.kernels import Sums
from ganzoo.metrics.mmd import LIMIT, Projections, group_count, grouped, groups_of
from ganzoo.metrics.shares import estimates
from ganzoo.types import Estimate

SIGMA = 10.0
SCALE = 1000.0


def cmmd_scores(real: Features, fake: Features, *, seed: int = 0, limit: int = LIMIT) -> dict[str, Estimate]:
    """Return ``cmmd`` (≥ 0, as published) and ``cmmd_unbiased`` (may be below 0) of features [n, d] and [m, d].

    Rows are scaled to length one; a row of zeros stays. ``cmmd`` is the mean over all pairs, those of a row with itself
    included, which adds (1 − mean kernel within a set)/n of either side; ``cmmd_unbiased`` leaves them out. The
    standard error of both counts the sampling of both sets (see ``kernel_distance``). Above ``limit`` rows a side both
    are means over disjoint groups of at most so many.
    Raises ScoreError for bad shapes, values, or fewer than two rows a group.
    """
    return estimates(cmmd_influences(real, fake, seed=seed, limit=limit))


def cmmd_influences(real: Features, fake: Features, *, seed: int = 0, limit: int = LIMIT) -> dict[str, Influence]:
    """Return both with the influence of each generated row [m] and each reference row [n]; as in ``cmmd_scores``."""
    groups = group_count(len(real), len(fake), limit)
    real, fake = checked_pair(real, fake, least=2 * groups)
    n, m = len(real), len(fake)
    own_pairs: list[float] = []

    def pairs(x: Features, y: Features) -> Influence:
        xx, yy = _sums(x, x, same=True), _sums(y, y, same=True)
        own_pairs.append(float(xx.rows.mean()) / (len(x) - 1) / n + float(yy.rows.mean()) / (len(y) - 1) / m)
        return Projections.of(xx, yy, _sums(x, y, same=False)).influence()

    units = unit_rows(real)[0], unit_rows(fake)[0]
    unbiased = grouped(*units, groups_of(n, m, "cmmd", seed, groups), pairs)
    biased = max(unbiased.value - float(np.mean(own_pairs)), 0.0)
    return {"cmmd": replace(unbiased, value=biased), "cmmd_unbiased": unbiased}


def _sums(x: Features, y: Features, *, same: bool) -> Sums:
    """Sum 1000 (k − 1) over the pairs of rows [n, d] and [m, d]; of one set without each row's pair with itself."""
    rows = np.zeros(len(x))
    found = Sums(rows, rows if same else np.zeros(len(y)))
    across, down = squared_norms(y), squared_norms(x)
    for block in blocks(len(x), len(y)):
        first = block.start if same else 0
        values = x[block] @ y[first:].T
        values *= 2
        values -= down[block, None]
        values -= across[first:]
        values /= 2 * SIGMA**2
        np.expm1(values, out=values)
        values *= SCALE
        width = len(values)
        if same:
            values[np.arange(width), np.arange(width)] = 0
        found.add(values, block, first, width if same else None)
    return found


def _of(sets: Sets) -> dict[str, Influence]:
    return cmmd_influences(sets.reference.real, sets.fake, seed=sets.seed)


CMMD = Metric(
    name="cmmd",
    summary="Squared MMD with a Gaussian kernel between features of length one, times 1000 (Jayasumana et al. 2024)",
    columns=("cmmd", "cmmd_unbiased"),
    compute=lambda sets: estimates(_of(sets)),
    influence=_of,
    needs=("real",),
    better="lower",
    on_request=True,
)
