"""Sliced Wasserstein distances: how far the samples must be moved, seen along random directions.

Bonneel et al. 2015, "Sliced and Radon Wasserstein Barycenters of Measures"; MIND after Berthet et al. 2026, "MIND:
Monge Inception Distance for Generative Models Evaluation" (arXiv 2605.06797). Along one direction the squared
Wasserstein-2 distance of two equally large samples is the mean squared difference of their sorted values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.latents import generator
from ganzoo.metrics.arrays import checked_pair
from ganzoo.metrics.base import Features, Influence, Metric, Reference, Sets
from ganzoo.metrics.shares import estimates
from ganzoo.types import Estimate

DIRECTIONS = 1000
LEAST = 4
"""Rows of a side that can be halved."""
_AT_ONCE = 1 << 21
"""Projections held at once: directions are taken in blocks of so many over n."""


@dataclass(frozen=True)
class Moved:
    """The squared distance, mean over directions, and how each row moves it; all of the first n rows of both sets."""

    value: float
    real: Features
    fake: Features


def sliced_scores(
    real: Features, fake: Features, *, seed: int = 0, directions: int = DIRECTIONS
) -> dict[str, Estimate]:
    """Return ``sliced_wasserstein``, ``mind`` and ``mind_floor`` of features [n, d] and [m, d].

    ``sliced_wasserstein`` is the root of the mean squared distance along ``directions`` random directions, in units of
    the features; ``mind`` is 3 d times its square. Both compare the first min(n, m) rows of each, and are above 0
    between samples of one law, the more the fewer there are: ``mind_floor`` says about how much, half the ``mind`` of
    two halves of that many reference rows. The standard error is of the generated rows, given the reference, by
    the Kantorovich potential: the derivative of the distance along each direction (Santambrogio 2015, proposition
    7.17). ``mind_floor`` has none: it is a yardstick, of reference rows alone.
    Raises ScoreError for bad shapes, values, or fewer than four rows a side.
    """
    real, fake = checked_pair(real, fake, least=LEAST)
    return _estimates(Reference(real, real, real[:0]), fake, seed, directions)


def directions_of(d: int, count: int, seed: int) -> Features:
    """Return unit vectors [count, d], uniform on the sphere."""
    drawn = generator(seed, "metrics/sliced").standard_normal((count, d))
    unit: Features = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def moved(real: Features, fake: Features, directions: Features) -> Moved:
    """Return the mean squared distance of equally many rows [n, d] along unit vectors [k, d]."""
    n, total = len(real), 0.0
    on_real, on_fake = np.zeros(n), np.zeros(n)
    step = max(1, _AT_ONCE // n)
    for first in range(0, len(directions), step):
        part = directions[first : first + step].T
        x, y = fake @ part, real @ part
        by_x, by_y = x.argsort(axis=0), y.argsort(axis=0)
        x, y = np.take_along_axis(x, by_x, axis=0), np.take_along_axis(y, by_y, axis=0)
        gap = x - y
        total += float(np.vdot(gap, gap)) / n
        _add_potential(on_fake, x, gap, by_x)
        _add_potential(on_real, y, -gap, by_y)
    k = len(directions)
    return Moved(total / k, on_real / k, on_fake / k)


def _add_potential(rows: Features, x: Features, gap: Features, order: np.ndarray) -> None:
    """Add to each row ∫ 2 (t − T(t)) dt up to its place, by the trapezoid rule on sorted values [n, k]."""
    steps = (gap[1:] + gap[:-1]) * np.diff(x, axis=0)
    potential = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(steps, axis=0)])
    potential -= potential.mean(axis=0)
    rows += np.bincount(order.ravel(), potential.ravel(), len(rows))


def _influences(reference: Reference, fake: Features, seed: int, count: int) -> dict[str, Influence]:
    n, d = min(len(reference.real), len(fake)), fake.shape[1]
    directions = directions_of(d, count, seed)
    found = moved(reference.real[:n].astype(np.float64), fake[:n].astype(np.float64), directions)
    root = found.value**0.5
    by_root = 1 / (2 * root) if root > 0 else 0.0
    mind = Influence(3 * d * found.value, 3 * d * found.fake, 3 * d * found.real, given=True)
    return {
        "sliced_wasserstein": Influence(root, found.fake * by_root, found.real * by_root, given=True),
        "mind": mind,
    }


def _floor(reference: Reference, n: int, seed: int, count: int) -> float:
    """Half of what two halves of n reference rows are apart: that distance falls as 1/n."""
    real, half = reference.real[:n].astype(np.float64), n // 2
    directions = directions_of(real.shape[1], count, seed)
    apart = moved(real[:half], real[half : 2 * half], directions)
    return apart.value * 3 * len(directions[0]) / 2


def _estimates(reference: Reference, fake: Features, seed: int, count: int = DIRECTIONS) -> dict[str, Estimate]:
    n = min(len(reference.real), len(fake))
    found = estimates(_influences(reference, fake, seed, count))
    floor = reference.once(f"sliced/{n}/{seed}/{count}", lambda: _floor(reference, n, seed, count))
    return found | {"mind_floor": Estimate(floor, None, n)}


def _few(sets: Sets) -> bool:
    return min(len(sets.reference.real), len(sets.fake)) < LEAST


SLICED = Metric(
    name="sliced",
    summary="Sliced Wasserstein distance (Bonneel et al. 2015) and MIND (Berthet et al. 2026), 1000 directions",
    columns=("sliced_wasserstein", "mind", "mind_floor"),
    compute=lambda sets: {} if _few(sets) else _estimates(sets.reference, sets.fake, sets.seed),
    influence=lambda sets: {} if _few(sets) else _influences(sets.reference, sets.fake, sets.seed, DIRECTIONS),
    needs=("real",),
    better="lower",
    on_request=True,
)
