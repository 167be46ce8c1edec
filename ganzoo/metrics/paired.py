"""Two models on one reference: the standard error of their difference, and what it is worth.

What both share cancels: the sampling of the reference always, that of the latents where both models drew the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Features, Influence, Metric, Reference, Sets
from ganzoo.metrics.shares import row_error
from ganzoo.types import Estimate


def difference(a: Influence, b: Influence, *, same_latents: bool) -> Estimate:
    """Return value a − b of two models scored on the same reference, in the metric's units, n the smaller sample.

    SE² = var(φa−φb)/m where row i of both models came from the same latent (``same_latents`` and equal sizes), else
    var(φa)/m_a + var(φb)/m_b; plus var(ψa−ψb)/n over the reference rows, where these are counted; plus both second
    orders, as far as the first orders did not cancel, but never below half of the first order, which holds all
    second-order noise twice. Equal models differ by 0 ± 0.
    Raises ScoreError where the reference rows do not match.
    """
    first = _fake_part(a.fake, b.fake, same_latents) + _reference_part(a.real, b.real)
    alone = sum(row_error(rows) for rows in (a.fake, a.real, b.fake, b.real))
    left = min(first / alone, 1.0) if alone > 0 else float(not same_latents or a.value != b.value)
    variance = max(first + left * (a.second + b.second), first / 2)
    return Estimate(a.value - b.value, math.sqrt(variance), min(len(a.fake), len(b.fake)))


def _fake_part(a: Features, b: Features, same_latents: bool) -> float:
    if same_latents and len(a) == len(b):
        return row_error(a - b)
    return row_error(a) + row_error(b)


def _reference_part(a: Features | None, b: Features | None) -> float:
    if a is None and b is None:
        return 0.0
    if a is None or b is None or len(a) != len(b):
        sizes = " and ".join("no" if x is None else str(len(x)) for x in (a, b))
        raise ScoreError(f"The two models were scored on {sizes} reference rows; score both on the same reference.")
    return row_error(a - b)


def differences(a: Sets, b: Sets, metrics: Sequence[Metric], *, same_latents: bool) -> dict[str, Estimate]:
    """Return a − b with its standard error for every column of ``metrics`` that has influences and applies to both.

    ``same_latents``: sample i of both models was made from the same latent. Raises ScoreError where the two were not
    scored on the same reference.
    """
    _same_reference(a.reference, b.reference)
    return gaps(influences(a, metrics), influences(b, metrics), same_latents=same_latents)


def influences(sets: Sets, metrics: Sequence[Metric]) -> dict[str, Influence]:
    """Return the influence of every column that has one.

    As in ``evaluate``, of metrics that share a column the first that can run gives it.
    """
    found: dict[str, Influence] = {}
    taken: set[str] = set()
    for metric in metrics:
        if metric.influence is None or not all(sets.has(need) for need in metric.needs):
            continue
        if not taken.isdisjoint(metric.columns):
            continue
        taken.update(metric.columns)
        found.update(metric.influence(sets))
    return found


def gaps(a: Mapping[str, Influence], b: Mapping[str, Influence], *, same_latents: bool) -> dict[str, Estimate]:
    """Return a − b for every column of both, with the standard error that pairing leaves."""
    return {column: difference(a[column], b[column], same_latents=same_latents) for column in a if column in b}


def _same_reference(a: Reference, b: Reference) -> None:
    if a is b:
        return
    if a.real.shape[1] != b.real.shape[1]:
        widths = f"{a.real.shape[1]} and {b.real.shape[1]}"
        raise ScoreError(f"The two models were scored with features of width {widths}; use one extractor for both.")
    if not all(np.array_equal(getattr(a, part), getattr(b, part)) for part in ("real", "train", "heldout")):
        raise ScoreError("The two models were scored against different references; score both against the same one.")


def significance(estimate: Estimate) -> float:
    """Return the two-sided p-value of a difference, by the normal law; 1 for 0 ± 0.

    Raises ScoreError for an estimate without a standard error.
    """
    if estimate.se is None:
        raise ScoreError("A difference without a standard error has no significance.")
    if estimate.se == 0:
        return float(estimate.value == 0)
    return math.erfc(abs(estimate.value) / estimate.se / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for being looked at together, in the order given (Holm 1979, section 3).

    Whoever rejects those at or below α is wrong about any true hypothesis with probability α at most. Raises ScoreError
    for a value outside of 0 … 1.
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ScoreError(f"P-values lie in 0 … 1, but these are {list(p_values)}.")
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted
