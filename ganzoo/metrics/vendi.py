"""Vendi score: the effective number of different samples.

Friedman & Dieng 2023, "The Vendi Score", eq. 2; other orders q after Pasarkar & Dieng 2024, "Cousins of the Vendi
Score": the exponential of the Rényi entropy of the spectrum of the cosine kernel / n.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, unit_rows
from ganzoo.metrics.base import Features, Influence, Metric, Sets
from ganzoo.metrics.shares import alone
from ganzoo.types import Estimate

SAMPLES = 2048
"""The score grows with n, so n is fixed: the first 2048 samples, fewer only where there are fewer."""
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues λ [r] of the kernel / n and, for each of m rows, its weight [m, r] in every direction."""

    values: Features
    weights: Features


def vendi_score(fake: Features, *, samples: int = SAMPLES, q: float = 1.0) -> Estimate:
    """Return (Σ λ^q)^(1/(1−q)) over the spectrum λ of the cosine kernel / n of the first rows [n, d].

    It lies in 1 … min(n, d + 1). ``q`` ≥ 0 is the order: 1 stands for exp(−Σ λ log λ), infinity for 1/max λ, 0 for the
    number of directions; the larger it is, the less rare samples count. Uses the d × d dual form when n ≥ d. A row of
    zeros has no direction: all such rows count as one more direction, orthogonal to the rest. The standard error is
    the delta method's, from the influence of each row on the spectrum; at q = 1 it is score · std(−uᵀ log ρ u)/√n,
    ρ = Σ uuᵀ/n. It needs n well above d, and at q = ∞ one largest eigenvalue; at q = 0 there is none.
    Raises ScoreError for bad values, fewer than two rows, or a negative q.
    """
    spectrum = _spectrum(fake, samples)
    score, slopes = order_score(spectrum.values, q)
    n = len(spectrum.weights)
    return alone(score, None if slopes is None else float((spectrum.weights @ slopes).std(ddof=1)) / n**0.5, n)


def vendi_influence(fake: Features, *, samples: int = SAMPLES, q: float = 1.0) -> Influence:
    """Return how each generated row [m, d] moves the score; rows past the first ``samples`` do not."""
    spectrum = _spectrum(fake, samples)
    score, slopes = order_score(spectrum.values, q)
    if slopes is None:
        raise ScoreError("A Vendi score of order 0 counts directions: single rows have no influence on it.")
    moved = spectrum.weights @ slopes
    n, m = len(moved), len(np.asarray(fake))
    rows = np.zeros(m)
    rows[:n] = (moved - moved.mean()) * (m / n)
    return Influence(score, rows)


def order_score(values: Features, q: float) -> tuple[float, Features | None]:
    """Return the score of order ``q`` of positive eigenvalues [r] and its slope [r] along each of them (q > 0).

    Raises ScoreError for a negative q or NaN.
    """
    if not q >= 0:
        raise ScoreError(f"The order of a Vendi score is 0 or more, but was {q}.")
    if q == 0:
        return float(len(values)), None
    log = np.log(values)
    if q == 1:
        score = math.exp(-float(values @ log))
        return score, -score * log
    if math.isinf(q):
        top = (values == values.max()).astype(np.float64)
        return float(1 / values.max()), -top / (top.sum() * values.max() ** 2)
    # Relative to the largest, no power underflows as a whole, however large q is.
    powers = np.exp(q * (log - log.max()))
    score = math.exp((q * float(log.max()) + math.log(powers.sum())) / (1 - q))
    return score, score * q / (1 - q) * powers / values / powers.sum()


def _spectrum(fake: Features, samples: int) -> Spectrum:
    if samples < 2:
        raise ScoreError(f"A Vendi score needs at least 2 samples, but was asked for {samples}.")
    units, zero = unit_rows(checked(fake, "the generated features", least=2)[:samples])
    if zero.any():
        units = np.column_stack([units, zero])
    n, d = units.shape
    dual = n >= d
    values, vectors = np.linalg.eigh((units.T @ units if dual else units @ units.T) / n)
    kept = values > n * _EPS
    values, vectors = values[kept], vectors[:, kept]
    return Spectrum(values, (units @ vectors) ** 2 if dual else n * values * vectors**2)


def _compute(sets: Sets) -> dict[str, Estimate]:
    return {"vendi": vendi_score(sets.fake)}


def _influence(sets: Sets) -> dict[str, Influence]:
    return {"vendi": vendi_influence(sets.fake)}


VENDI = Metric(
    name="vendi",
    summary=f"Effective number of different samples among {SAMPLES} (Friedman & Dieng 2023)",
    columns=("vendi",),
    compute=_compute,
    better="higher",
    influence=_influence,
    version=2,
)
