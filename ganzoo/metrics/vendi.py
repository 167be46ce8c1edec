"""Vendi score: the effective number of different samples (Friedman & Dieng 2023, "The Vendi Score", eq. 2; q = 1)."""

from __future__ import annotations

import numpy as np

from ganzoo.metrics.arrays import checked
from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.types import Estimate

SAMPLES = 2048
"""The score grows with n, so n is fixed: the first 2048 samples, fewer only where there are fewer."""


def vendi_score(fake: Features, *, samples: int = SAMPLES) -> Estimate:
    """Return exp(−Σ λ log λ) over the spectrum of the cosine kernel / n of the first rows [n, d]; in 1 … min(n, d + 1).

    Uses the d × d dual form when n ≥ d. A row of zeros has no direction: all such rows count as one more direction,
    orthogonal to the rest. The standard error is the delta method's, score · std(−uᵀ log ρ u)/√n, ρ = Σ uuᵀ/n; it
    needs n well above d. Raises ScoreError for bad values or fewer than two rows.
    """
    units = _unit_rows(checked(fake, "the generated features", least=2)[:samples])
    n, d = units.shape
    dual = n >= d
    values, vectors = np.linalg.eigh((units.T @ units if dual else units @ units.T) / n)
    kept = values > n * float(np.finfo(np.float64).eps)
    values, vectors = values[kept], vectors[:, kept]
    weights = (units @ vectors) ** 2 if dual else n * values * vectors**2
    surprise = -(weights @ np.log(values))
    score = float(np.exp(-(values @ np.log(values))))
    return Estimate(score, score * float(surprise.std(ddof=1)) / n**0.5, n)


def _unit_rows(x: Features) -> Features:
    """Scale rows to length one; where some are zero, one more column [n, d + 1] marks them."""
    # Dividing by the largest entry first keeps squares of very large or small features finite.
    peak = np.abs(x).max(axis=1, keepdims=True)
    zero = peak[:, 0] == 0
    x = x / np.where(peak == 0, 1, peak)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    units: Features = x / np.where(norms == 0, 1, norms)
    return np.column_stack([units, zero.astype(np.float64)]) if zero.any() else units


def _compute(sets: Sets) -> dict[str, Estimate]:
    return {"vendi": vendi_score(sets.fake)}


VENDI = Metric(
    name="vendi",
    summary=f"Effective number of different samples among {SAMPLES} (Friedman & Dieng 2023)",
    columns=("vendi",),
    compute=_compute,
    better="higher",
)
