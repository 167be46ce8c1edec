"""Fréchet distance between Gaussian fits of two feature sets.

Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", eq. 6: |μ1−μ2|² + tr S1 + tr S2 − 2 tr (S1 S2)^½,
with covariances over n−1. ``fid_routes`` has the last trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ganzoo.metrics import fid_routes
from ganzoo.metrics.arrays import blocks, checked, same_width, shuffled
from ganzoo.metrics.base import Features, Influence, Metric, Reference, Sets
from ganzoo.metrics.fid_routes import Maps
from ganzoo.metrics.moments import Moments, checked_moments, covariance
from ganzoo.types import Estimate

LEAST_TO_SPLIT = 4
"""Rows of a side that can be halved: two a half."""


@dataclass(frozen=True)
class Target:
    """The reference side of the distance, factored once for every set that is compared with it."""

    mean: Features
    """[d]"""
    factor: Features
    """F [d, r] with F Fᵀ = covariance."""
    trace: float
    """Trace of the covariance."""
    n: int | None = None
    """Rows behind it; None where statistics do not say."""


@dataclass(frozen=True)
class Fitted:
    """The generated side against a target."""

    mean: Features
    """[d]"""
    trace: float
    """Trace of the covariance."""
    root: float
    """tr (S1 S2)^½"""
    se: float
    """Standard error of the distance from the generated sample alone."""


@dataclass(frozen=True)
class _Side:
    """The generated side: its rows, and its covariance where there are more rows than features."""

    mean: Features
    rows: Features
    covariance: Features | None
    trace: float

    @property
    def centred(self) -> Features:
        return self.rows - self.mean

    def times(self, x: Features) -> Features:
        """Return S1 x for x [d, k]."""
        if self.covariance is None:
            centred = self.centred
            product: Features = centred.T @ (centred @ x) / (len(centred) - 1)
            return product
        return self.covariance @ x


def target(real: Features) -> Target:
    """Fit the reference [n, d]. Raises ScoreError for fewer than two rows or bad values."""
    real = checked(real, "the reference features", least=2, keep_single=True)
    n, d = real.shape
    mean = real.mean(axis=0, dtype=np.float64)
    if n > d:
        return _target_of(Moments(mean, covariance(real, mean), n))
    centred = real - mean
    return Target(mean, fid_routes.factor_of_rows(centred), _trace(centred), n)


def target_of(fit: Moments) -> Target:
    """Factor statistics of the reference. Raises ScoreError for bad shapes or values."""
    return _target_of(checked_moments(fit, "the statistics of the reference"))


def _target_of(fit: Moments) -> Target:
    factor = fid_routes.factor_of(fit.covariance, None if fit.n is None else fit.n - 1)
    return Target(fit.mean, factor, float(np.trace(fit.covariance)), fit.n)


def moments_distance(goal: Target, fake: Moments) -> float:
    """Return the Fréchet distance (≥ 0) of generated statistics from the reference.

    Where n is known and below the number of features, the eigenvalues that rounding makes of the missing directions are
    left out; where it is not, they add up to 1e-5 of the value. Raises ScoreError for bad shapes or values.
    """
    fake = checked_moments(fake, "the statistics of the generated samples")
    same_width(len(goal.mean), fake.covariance)
    shift = fake.mean - goal.mean
    rest = float(shift @ shift) + goal.trace + float(np.trace(fake.covariance))
    return max(rest - 2 * root_trace(goal, fake), 0.0)


def root_trace(goal: Target, fake: Moments) -> float:
    """Return tr (S1 S2)^½ for checked generated statistics."""
    return fid_routes.root(fid_routes.inner(goal.factor, fake.covariance), _rank(goal, fake.n))


def frechet_distance(real: Features | Target, fake: Features) -> Estimate:
    """Return the Fréchet distance (≥ 0, squared feature units) of generated features [m, d] from the reference [n, d].

    The standard error is that of the generated sample alone, by the influence function
    φ(x) = 2 (x−μ1)·(μ1−μ2) + (x−μ1)ᵀ(I−T)(x−μ1), T the optimal map between the fits: std(φ)/√m. The reference is
    treated as exact. Raises ScoreError for bad shapes, values, or fewer than two rows on a side.
    """
    goal = real if isinstance(real, Target) else target(real)
    fit = fitted(goal, fake)
    shift = fit.mean - goal.mean
    value = float(shift @ shift) + goal.trace + fit.trace - 2 * fit.root
    return Estimate(max(value, 0.0), fit.se, len(fake))


def fitted(goal: Target, fake: Features) -> Fitted:
    """Return what ``frechet_distance`` is made of; compatibility profiles put it together in other ways."""
    side = _side(_checked_fake(goal, fake))
    maps = _maps(goal, side)
    influence = _influence(side.rows, side.mean, goal.mean, maps.onward)
    return Fitted(side.mean, side.trace, maps.root, float(influence.std(ddof=1) / np.sqrt(len(influence))))


def frechet_influence(goal: Target, real: Features | None, fake: Features) -> Influence:
    """Return the distance with the influence of every generated row [m] and every reference row [n] of ``goal``'s fit.

    That of reference rows is left out where ``real`` is None.
    Generated rows as in ``frechet_distance``; the reference side by symmetry, ψ(y) = 2 (y−μ2)·(μ2−μ1) +
    (y−μ2)ᵀ(I−T′)(y−μ2), T′ the optimal map back. Directions in which a side has no spread have no map and add nothing.
    Raises ScoreError for bad shapes, values, or fewer than two rows on a side.
    """
    fake = _checked_fake(goal, fake)
    if real is not None:
        real = checked(real, "the reference features", least=2, keep_single=True)
        same_width(len(goal.mean), real)
    side = _side(fake)
    maps = _maps(goal, side)
    own = _influence(fake, side.mean, goal.mean, maps.onward)
    found = Influence(max(_value(goal, side, maps.root), 0.0), own, given=True)
    if real is None:
        return found
    back = side.times(fid_routes.before_backward(maps, goal.factor))
    return replace(found, real=_influence(real, goal.mean, side.mean, back))


def unbiased_frechet_distance(
    real: Features | SplitTarget, fake: Features, *, seed: int = 0, whole: Estimate | None = None
) -> Estimate:
    """Return 3 FID − the mean FID of halves of the generated features − the mean FID to halves of the reference.

    The plain distance of m generated and n reference rows has a bias a/m + b/n to first order, and halving one side
    doubles its part: both cancel, whatever a and b are. May be negative; wants m and n ≳ 8d. Halves are disjoint and by
    a seeded permutation. To first order its influence function is that of the plain distance, whose standard error it
    carries. ``whole`` hands over the plain distance where it is known. Raises ScoreError for fewer than four rows on a
    side.
    """
    goal = real if isinstance(real, SplitTarget) else split_target(real)
    fake = _checked_fake(goal.whole, fake, least=LEAST_TO_SPLIT)
    plain = whole or frechet_distance(goal.whole, fake)
    order = shuffled(seed, "fid", len(fake))
    of_fake = [_distance(goal.whole, fake[rows]) for rows in np.array_split(order, 2)]
    of_real = [_distance(half, fake) for half in goal.halves]
    return Estimate(without_bias(plain.value, of_fake, of_real), plain.se, len(fake))


def without_bias(whole: float, of_fake: Sequence[float], of_real: Sequence[float]) -> float:
    """Return the distance without its first-order bias, from it and from those with either side halved."""
    return 3 * whole - sum(of_fake) / len(of_fake) - sum(of_real) / len(of_real)


@dataclass(frozen=True)
class SplitTarget:
    """A reference as a whole and in two disjoint halves."""

    whole: Target
    halves: tuple[Target, Target]


def split_target(real: Features, whole: Target | None = None) -> SplitTarget:
    """Fit the reference [n, d] and its halves. Raises ScoreError for fewer than four rows or bad values."""
    real = checked(real, "the reference features", least=LEAST_TO_SPLIT, keep_single=True)
    first, second = np.array_split(shuffled(0, "fid reference", len(real)), 2)
    return SplitTarget(whole or target(real), (target(real[first]), target(real[second])))


def _checked_fake(goal: Target, fake: Features, least: int = 2) -> Features:
    fake = checked(fake, "the generated features", least=least, keep_single=True)
    same_width(len(goal.mean), fake)
    return fake


def _side(rows: Features) -> _Side:
    mean = rows.mean(axis=0, dtype=np.float64)
    if len(rows) <= rows.shape[1]:
        return _Side(mean, rows, None, _trace(rows - mean))
    spread = covariance(rows, mean)
    return _Side(mean, rows, spread, float(np.trace(spread)))


def _maps(goal: Target, side: _Side) -> Maps:
    if side.covariance is None:
        return fid_routes.maps_of_rows(side.centred, goal.factor)
    return fid_routes.maps_of(fid_routes.inner(goal.factor, side.covariance), goal.factor, _rank(goal))


def _value(goal: Target, side: _Side, root: float) -> float:
    shift = side.mean - goal.mean
    return float(shift @ shift) + goal.trace + side.trace - 2 * root


def _distance(goal: Target, fake: Features) -> float:
    side = _side(fake)
    if side.covariance is None:
        return _value(goal, side, fid_routes.root_of_rows(side.centred, goal.factor))
    return _value(goal, side, root_trace(goal, Moments(side.mean, side.covariance, len(fake))))


def _rank(goal: Target, m: int | None = None) -> int | None:
    """Bound the rank of S1 S2 by the rows behind either side."""
    known = [n - 1 for n in (goal.n, m) if n is not None]
    return min(known) if known else None


def _influence(rows: Features, own: Features, other: Features, onward: Features) -> Features:
    plain, mapped = fid_routes.squared_lengths(rows, own, onward)
    shift = own - other
    linear = np.concatenate([(rows[block] - own) @ shift for block in blocks(len(rows), len(own))])
    influence: Features = 2 * linear + plain - mapped
    return influence


def _trace(centred: Features) -> float:
    return float(np.vdot(centred, centred)) / (len(centred) - 1)


def reference_target(reference: Reference) -> Target:
    """Return the fit of a reference, made once."""
    return reference.once("fid", lambda: target(reference.real))


def reference_halves(reference: Reference) -> SplitTarget | None:
    """Return the fit of a reference and of its halves, made once; None where it has too few rows, or none."""
    if len(reference.real) < LEAST_TO_SPLIT:
        return None
    return reference.once("fid halves", lambda: split_target(reference.real, reference_target(reference)))


def _compute(sets: Sets) -> dict[str, Estimate]:
    plain = frechet_distance(reference_target(sets.reference), sets.fake)
    split = reference_halves(sets.reference)
    if split is None:
        return {"fid": plain}
    return {"fid": plain, "fid_unbiased": unbiased_frechet_distance(split, sets.fake, seed=sets.seed, whole=plain)}


def _influences(sets: Sets) -> dict[str, Influence]:
    plain = frechet_influence(reference_target(sets.reference), sets.reference.real, sets.fake)
    split = reference_halves(sets.reference)
    if split is None:
        return {"fid": plain}
    whole = Estimate(plain.value, None, len(sets.fake))
    unbiased = unbiased_frechet_distance(split, sets.fake, seed=sets.seed, whole=whole).value
    return {"fid": plain, "fid_unbiased": replace(plain, value=unbiased)}


FID = Metric(
    name="fid",
    summary="Fréchet distance between Gaussian fits of the features (Heusel et al. 2017)",
    columns=("fid", "fid_unbiased"),
    compute=_compute,
    better="lower",
    influence=_influences,
    version=3,
)
