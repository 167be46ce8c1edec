"""Clipped density and clipped coverage: shares that a few outliers on either side do not move.

Salvy, Talbot & Thirion 2025, "Enhanced Generative Model Evaluation with Clipped Density and Coverage" (arXiv
2507.01761). Radii are cut at their median and counts at k, and both scores are calibrated so that a set of which a
share p is as good as real samples, and the rest is worthless, scores p.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics.arrays import blocks, checked, checked_pair
from ganzoo.metrics.base import Features, Index, Influence, Metric, Reference, Sets
from ganzoo.metrics.distances import Cloud, centre_of, precision, scale_of
from ganzoo.metrics.neighbours import NEIGHBOURS, Balls, inside_pairs
from ganzoo.metrics.shares import estimates
from ganzoo.types import Estimate


@dataclass(frozen=True)
class RealBalls:
    """What the reference alone decides."""

    balls: Balls
    clipped: Balls
    """The same, none wider than the median."""
    usual: float
    """The clipped density of the reference rows among themselves, which stands for 1."""


def clipped_scores(real: Features, fake: Features, *, k: int = NEIGHBOURS) -> dict[str, Estimate]:
    """Return ``clipped_density`` and ``clipped_coverage`` (0 … 1) of generated features [m, d], reference [n, d].

    Density: mean over generated rows of min(number of clipped real balls they are in or on, k)/k, over the same mean of
    the reference rows. Coverage: mean over real balls of min(number of generated rows inside, k)/k, put through the
    inverse of what p·m rows of the reference's own law would give: balls hold Beta(k, n − k) of its mass. Neither
    depends on the ratio of n and m, so all rows are used. Standard errors are of the generated rows, given the
    reference: the spread of the rows, and the delete-one jackknife times the slope of that inverse.
    Raises ScoreError for bad shapes, values, fewer than k generated rows, or fewer than k + 2 reference rows.
    """
    return estimates(_influences(real, fake, k))


def expected_coverage(n: int, m: int, k: int) -> Features:
    """Return E min(J, k)/k [m + 1] for 0 … m rows of the reference's own law, J beta-binomial with (k, n − k).

    E min(J, k) is the sum of P(J > j) over j < k.
    """
    from scipy.special import betaln, gammaln

    rows = np.arange(m + 1.0)
    below, total = np.zeros(m + 1), np.zeros(m + 1)
    for j in range(k):
        possible = rows >= j
        count = rows[possible]
        choose = gammaln(count + 1) - gammaln(j + 1) - gammaln(count - j + 1)
        below[possible] += np.exp(choose + betaln(k + j, n - k + count - j) - betaln(k, n - k))
        total += 1 - np.minimum(below, 1)
    curve: Features = total / k
    return curve


def _real_balls(real: Features, k: int, reference: Reference | None) -> RealBalls:
    def make() -> RealBalls:
        key = f"neighbours/{k}/{len(real)}"
        balls = reference.once(key, lambda: Balls.around(real, k)) if reference else Balls.around(real, k)
        radii = np.minimum(balls.squared, np.median(np.sqrt(balls.squared)) ** 2)
        clipped = replace(balls, squared=radii)
        others = sum_of(_Pairs(real, real).inside(clipped, closed=True), len(real)) - 1
        return RealBalls(balls, clipped, float(np.minimum(others, k).mean()) / k)

    return reference.once(f"clipped/{k}", make) if reference else make()


def _influences(real: Features, fake: Features, k: int, reference: Reference | None = None) -> dict[str, Influence]:
    real, fake = checked_pair(real, fake, least=k, keep_single=True)
    checked(real, "the reference features", least=k + 2, keep_single=True)
    known = _real_balls(real, k, reference)
    pairs = _Pairs(real, fake)
    rows = np.minimum(sum_of(pairs.inside(known.clipped, closed=True), len(fake)), k) / (k * known.usual)
    return {
        "clipped_density": Influence(min(float(rows.mean()), 1.0), rows, given=True),
        "clipped_coverage": _coverage(pairs, known.balls, k),
    }


def sum_of(pairs: Iterator[tuple[Index, Index]], n: int) -> NDArray[np.int64]:
    """Count the pairs of each row [n] that is first in them."""
    counts = np.zeros(n, dtype=np.int64)
    for rows, _ in pairs:
        counts += np.bincount(rows, minlength=n)
    return counts


def _coverage(pairs: _Pairs, balls: Balls, k: int) -> Influence:
    n, m = len(pairs.real), len(pairs.fake)
    held = sum_of(((ball, row) for row, ball in pairs.inside(balls)), n)
    needed = held <= k
    lost = np.zeros(m)
    for row, ball in pairs.inside(balls):
        lost += np.bincount(row, needed[ball], minlength=m)
    plain = float(np.minimum(held, k).mean()) / k
    curve = expected_coverage(n, m, k)
    place = int(np.searchsorted(curve, plain))
    around = slice(max(place - 1 - m // 50, 0), min(place + 1 + m // 50, m) + 1)
    rise = np.polyfit(np.arange(m + 1.0)[around], curve[around], 1)[0]
    slope = 1 / (max(float(rise), 1e-300) * (m + 1))
    return Influence(place / (m + 1), (m - 1) * slope * lost / (k * n), given=True)


class _Pairs:
    """Both sets, ready to be asked which generated row is in which real ball."""

    def __init__(self, real: Features, fake: Features) -> None:
        self.real, self.fake = real, fake
        self._scale, centre = scale_of(real, fake), centre_of(real)
        dtype = precision(len(real), *fake.shape)
        self._a, self._b = (Cloud.of(x, centre, self._scale, dtype) for x in (real, fake))

    def inside(self, balls: Balls, *, closed: bool = False) -> Iterator[tuple[Index, Index]]:
        """Yield, some at a time, (generated row, ball) of all pairs; with ``closed`` those on a ball's surface, too."""
        limits = balls.limits(self.real, self._scale, closed=closed)
        for rows in blocks(len(self.fake), len(self.real)):
            panel = self._b.lower(rows, self._a, slice(None))
            yield from inside_pairs(panel, limits[None], rows.start, self._b, self._a)


def _of(sets: Sets) -> dict[str, Influence]:
    if len(sets.fake) < NEIGHBOURS or len(sets.reference.real) < NEIGHBOURS + 2:
        return {}
    return _influences(sets.reference.real, sets.fake, NEIGHBOURS, sets.reference)


CLIPPED = Metric(
    name="clipped",
    summary="Clipped density and coverage: shares of good samples, of covered data (Salvy et al. 2025), k = 5",
    columns=("clipped_density", "clipped_coverage"),
    compute=lambda sets: estimates(_of(sets)),
    influence=_of,
    needs=("real",),
    better="higher",
    on_request=True,
)
