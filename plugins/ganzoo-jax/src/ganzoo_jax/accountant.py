"""What a training by DP-SGD spends: Rényi differential privacy of the Gaussian mechanism on a Poisson sample.

Every function is pure and needs neither NumPy nor a framework. Two data sets are neighbours where one has a row that
the other has not. All results are upper bounds: of the orders of Rényi divergence whole numbers alone are tried.
"""

from __future__ import annotations

import math

ORDERS = (*range(2, 65), 80, 96, 128, 192, 256, 512)
"""The orders α that are tried."""
LEAST_SIGMA, MOST_SIGMA = 0.01, 100.0
"""Between which noise multipliers ``sigma_for`` looks."""


def rdp(q: float, sigma: float, order: int) -> float:
    """Rényi divergence of ``order`` of one step: sampling rate ``q`` in (0, 1], noise multiplier ``sigma`` > 0.

    Mironov, Talwar and Zhang 2019, section 3.3, for whole orders ≥ 2:
    log Σ_k C(α, k) (1 − q)^(α − k) q^k exp(k (k − 1) / 2σ²) / (α − 1). Without sampling, q = 1, it is α / 2σ².
    """
    if q == 1:
        return order / (2 * sigma**2)
    terms = [
        _log_choose(order, k) + (order - k) * math.log1p(-q) + k * math.log(q) + k * (k - 1) / (2 * sigma**2)
        for k in range(order + 1)
    ]
    # Rounding can take a sum of next to 1 below it, and no divergence is negative.
    return max(0.0, _log_sum(terms) / (order - 1))


def epsilon(q: float, sigma: float, updates: int, delta: float) -> float:
    """The ε ≥ 0 of ``updates`` steps at ``delta`` in (0, 1), by the best of ``ORDERS``.

    The step from Rényi divergence to (ε, δ) is Canonne, Kamath and Steinke 2020, proposition 12 (Balle et al. 2020,
    theorem 21): ε = ρ + log((α − 1) / α) − (log δ + log α) / (α − 1).
    """
    return max(0.0, min(_converted(updates * rdp(q, sigma, order), order, delta) for order in ORDERS))


def sigma_for(target: float, q: float, updates: int, delta: float) -> float | None:
    """The smallest noise multiplier, to a millionth of it, that spends ``target`` at most; 0.01 where that is enough.

    None where not even 100 is.
    """
    low, high = LEAST_SIGMA, MOST_SIGMA
    if epsilon(q, high, updates, delta) > target:
        return None
    if epsilon(q, low, updates, delta) <= target:
        return low
    while high - low > 1e-6 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if epsilon(q, middle, updates, delta) <= target else (middle, high)
    return high


def _converted(divergence: float, order: int, delta: float) -> float:
    return divergence + math.log1p(-1 / order) - (math.log(delta) + math.log(order)) / (order - 1)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _log_sum(logs: list[float]) -> float:
    """log Σ exp, without overflow."""
    most = max(logs)
    return most + math.log(math.fsum(math.exp(each - most) for each in logs))
