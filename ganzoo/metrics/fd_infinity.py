"""FD∞: the Fréchet distance of infinitely many generated samples, by a straight line in 1/n.

Chong & Forsyth 2020, "Effectively Unbiased FID and Inception Score and Where to Find Them", section 4, with the sizes
of Stein et al. 2023, "Exposing flaws of generative model evaluation metrics". The reference stays as it is: what its
own size adds is left in, other than in ``fid_unbiased``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import shuffled
from ganzoo.metrics.base import Features, Influence, Metric, Sets
from ganzoo.metrics.fid import Target, frechet_influence, reference_target, target
from ganzoo.metrics.shares import estimates
from ganzoo.types import Estimate

COLUMNS = ("fd_infinity", "fd_slope")
POINTS = 15
SMALLEST = 5000
"""The smallest size is a tenth of the samples, but never more than this."""
LEAST = 50
"""Samples below which a tenth of them says nothing."""


def fd_infinity(real: Features | Target, fake: Features, *, seed: int = 0, points: int = POINTS) -> dict[str, Estimate]:
    """Return ``fd_infinity`` and ``fd_slope`` of generated features [m, d] from the reference [n, d].

    The distances of ``points`` subsets, of sizes evenly spaced from min(5000, m/10) to m, each drawn without
    replacement by the seed, are fitted by a + b/size (least squares): a is ``fd_infinity``, which may be negative, and
    b ``fd_slope``, so that the distance of n samples is about b/n too large. The standard error is that of the
    generated samples, given the reference: the line is a weighted sum of distances, and each sample moves those of the
    subsets that it is in. Near the reference's law it is up to 1.4 times too wide, as that of ``fid`` is. Small subsets
    of wide features bend the line: m ≳ 80d keeps the smallest above 8d.
    Raises ScoreError for bad shapes, values, or fewer than 50 generated rows.
    """
    goal = real if isinstance(real, Target) else target(real)
    return estimates(_line(goal, None, fake, seed, points))


def sizes_of(m: int, points: int = POINTS) -> NDArray[np.int64]:
    """Return the sizes [points] of the subsets of m samples, in rising order."""
    return np.linspace(min(SMALLEST, max(m // 10, 2)), m, points).astype(np.int64)


def line_weights(sizes: NDArray[np.int64]) -> Features:
    """Return the weights [2, points] by which distances at these sizes add up to intercept and slope of a + b/size."""
    weights: Features = np.linalg.pinv(np.column_stack([np.ones(len(sizes)), 1 / sizes]))
    return weights


def _line(goal: Target, real: Features | None, fake: Features, seed: int, points: int = POINTS) -> dict[str, Influence]:
    """Both with the influence of the generated rows and, where ``real`` [n, d] is given, of the reference's."""
    m, n = len(fake), 0 if real is None else len(real)
    if m < LEAST:
        raise ScoreError(f"FD∞ needs at least {LEAST} generated samples, but there are {m}.", "Draw more of them.")
    sizes = sizes_of(m, points)
    values, rows, on_real = np.zeros(points), np.zeros((points, m)), np.zeros((points, n))
    for i, size in enumerate(sizes):
        which = shuffled(seed, f"fd_infinity/{i}", m)[:size]
        part = frechet_influence(goal, real, fake[which])
        values[i] = part.value
        rows[i, which] = (part.fake - part.fake.mean()) * (m / size)
        if part.real is not None:
            on_real[i] = part.real
    found = line_weights(sizes) @ np.column_stack([values, rows, on_real])
    return {
        name: Influence(float(line[0]), line[1 : m + 1], None if real is None else line[m + 1 :], given=True)
        for name, line in zip(COLUMNS, found, strict=True)
    }


def _of(sets: Sets, real: Features | None) -> dict[str, Influence]:
    if len(sets.fake) < LEAST:
        return {}
    return _line(reference_target(sets.reference), real, sets.fake, sets.seed)


FD_INFINITY = Metric(
    name="fd_infinity",
    summary="Fréchet distance of infinitely many samples, by a line in 1/n, and its slope (Chong & Forsyth 2020)",
    columns=COLUMNS,
    compute=lambda sets: estimates(_of(sets, None)),
    influence=lambda sets: _of(sets, sets.reference.real),
    needs=("real",),
    better="lower",
    on_request=True,
)
