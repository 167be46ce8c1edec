"""Fréchet distance between Gaussian fits of two feature sets.

Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule", eq. 6: |μ1−μ2|² + tr S1 + tr S2 − 2 tr (S1 S2)^½,
with covariances over n−1. For any factor F of the reference covariance (S2 = F Fᵀ) and centred generated rows Xc, the
last trace is the nuclear norm of Xc F / √(n−1); no square root of a non-symmetric matrix is ever taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, same_width, shuffled
from ganzoo.metrics.base import Features, Metric, Reference, Sets
from ganzoo.types import Estimate

_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Target:
    """The reference side of the distance."""

    mean: Features
    """[d]"""
    factor: Features
    """[d, r] with ``factor @ factor.T`` = covariance."""
    trace: float
    """Trace of the covariance."""


def target(real: Features) -> Target:
    """Fit the reference [n, d]. Raises ScoreError for fewer than two rows or bad values."""
    real = checked(real, "the reference features", least=2)
    mean = real.mean(axis=0)
    centred = real - mean
    return Target(mean, _factor(centred), _trace(centred))


def frechet_distance(real: Features | Target, fake: Features) -> Estimate:
    """Return the Fréchet distance (≥ 0, squared feature units) of generated features [m, d] from the reference [n, d].

    The standard error is that of the generated sample alone, by the influence function
    φ(x) = 2 (x−μ1)·(μ1−μ2) + (x−μ1)ᵀ(I−T)(x−μ1), T the optimal map between the fits: std(φ)/√m. The reference is
    treated as exact. Raises ScoreError for bad shapes, values, or fewer than two rows on a side.
    """
    goal = real if isinstance(real, Target) else target(real)
    fake = _checked_fake(goal, fake)
    mean = fake.mean(axis=0)
    centred, shift = fake - mean, mean - goal.mean
    root, mapped = _root_by_row(centred @ goal.factor)
    influence = 2 * centred @ shift + np.einsum("ij,ij->i", centred, centred) - mapped
    value = float(shift @ shift) + goal.trace + _trace(centred) - 2 * root
    return Estimate(max(value, 0.0), float(influence.std(ddof=1) / np.sqrt(len(fake))), len(fake))


def unbiased_frechet_distance(
    real: Features | Target, fake: Features, *, seed: int = 0, whole: Estimate | None = None
) -> Estimate:
    """Return 2 FID_m − the mean FID of two disjoint halves of the generated features [m, d] (seeded permutation).

    This cancels the bias in 1/m that comes from the generated sample; it may be negative, and wants m ≳ 8d. To first
    order its influence function is that of the plain distance, whose standard error it carries. ``whole`` hands over
    the plain distance where it is known. Raises ScoreError for fewer than four generated rows.
    """
    goal = real if isinstance(real, Target) else target(real)
    fake = _checked_fake(goal, fake, least=4)
    plain = whole or frechet_distance(goal, fake)
    order = shuffled(seed, "fid", len(fake))
    halves = [_distance(goal, fake[rows]) for rows in np.array_split(order, 2)]
    return Estimate(2 * plain.value - sum(halves) / 2, plain.se, len(fake))


def _checked_fake(goal: Target, fake: Features, least: int = 2) -> Features:
    fake = checked(fake, "the generated features", least=least)
    same_width(len(goal.mean), fake)
    return fake


def _distance(goal: Target, fake: Features) -> float:
    mean = fake.mean(axis=0)
    centred, shift = fake - mean, mean - goal.mean
    return float(shift @ shift) + goal.trace + _trace(centred) - 2 * _root(centred @ goal.factor)


def _trace(centred: Features) -> float:
    return float(np.vdot(centred, centred)) / (len(centred) - 1)


def _factor(centred: Features) -> Features:
    """Return F [d, r] with F Fᵀ the covariance: the rows themselves if n ≤ d, Cholesky, or the spectrum if singular."""
    n, d = centred.shape
    if n <= d:
        rows: Features = centred.T / np.sqrt(n - 1)
        return rows
    covariance = centred.T @ centred / (n - 1)
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        return _spectral_factor(covariance)


def _spectral_factor(covariance: Features) -> Features:
    """Return V √λ over the eigenvalues that stand above rounding; [d, 0] for constant features."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > len(values) * _EPS * values.max()
    factor: Features = vectors[:, kept] * np.sqrt(values[kept])
    return factor


def _root(projected: Features) -> float:
    """Return tr (S1 S2)^½ from Xc F [m, r]: singular values where m ≤ r, else eigenvalues of the r × r product."""
    m, r = projected.shape
    if m <= r:
        return float(np.linalg.svd(projected, compute_uv=False).sum() / np.sqrt(m - 1))
    return float(np.sqrt(np.linalg.eigvalsh(_product(projected)).clip(0)).sum())


def _root_by_row(projected: Features) -> tuple[float, Features]:
    """Return tr (S1 S2)^½ and (x−μ1)ᵀ T (x−μ1) [m] from Xc F [m, r]; directions without spread add nothing."""
    m, r = projected.shape
    if m <= r:
        vectors, values, _ = np.linalg.svd(projected, full_matrices=False)
        return float(values.sum() / np.sqrt(m - 1)), np.sqrt(m - 1) * (vectors**2 @ values)
    values, vectors = np.linalg.eigh(_product(projected))
    values = values.clip(0)
    kept = values > r * _EPS * values.max(initial=0.0)
    scaled = projected @ (vectors[:, kept] * values[kept] ** -0.25)
    return float(np.sqrt(values).sum()), np.einsum("ij,ij->i", scaled, scaled)


def _product(projected: Features) -> Features:
    product: Features = projected.T @ projected / (len(projected) - 1)
    if not np.isfinite(product).all():
        raise ScoreError("The features are so large that their covariance overflows.")
    return product


def reference_target(reference: Reference) -> Target:
    """Return the fit of a reference, made once."""
    return reference.once("fid", lambda: target(reference.real))


def _compute(sets: Sets) -> dict[str, Estimate]:
    goal = reference_target(sets.reference)
    plain = frechet_distance(goal, sets.fake)
    return {"fid": plain, "fid_unbiased": unbiased_frechet_distance(goal, sets.fake, seed=sets.seed, whole=plain)}


FID = Metric(
    name="fid",
    summary="Fréchet distance between Gaussian fits of the features (Heusel et al. 2017)",
    columns=("fid", "fid_unbiased"),
    compute=_compute,
    better="lower",
)
