"""f-GAN's divergences against their definitions, by quadrature: no table is trusted."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from ganzoo_torch.divergences import DIVERGENCES
from torch import Tensor

NAMES = sorted(DIVERGENCES)
LOGITS = torch.linspace(-2, 3, 41, dtype=torch.float64)  # Pearson's f* below −2 needs u < 0, which no ratio is
RATIOS = torch.exp(torch.linspace(-25, 25, 400_001, dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_conjugate_is_the_supremum_that_defines_it(name: str) -> None:
    """f*(t) = sup_u (ut − f(u)) at t = g(v)."""
    divergence = DIVERGENCES[name]
    values = divergence.function(RATIOS)
    for t, expected in zip(divergence.activation(LOGITS), divergence.conjugate(LOGITS), strict=True):
        assert (RATIOS * t - values).max().item() == pytest.approx(expected.item(), abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_bound_is_tight_at_the_best_discriminator(name: str) -> None:
    """sup_v (u·g(v) − f*(g(v))) = f(u): what D maximises at a point where p/q = u is that point's part of D_f."""
    divergence = DIVERGENCES[name]
    logits = torch.linspace(-20, 20, 400_001, dtype=torch.float64)
    gain, cost = divergence.activation(logits), divergence.conjugate(logits)
    for u in torch.tensor([0.2, 0.5, 1.0, 1.5, 4.0], dtype=torch.float64):
        assert (u * gain - cost).max().item() == pytest.approx(divergence.function(u).item(), abs=1e-6)


def density(mean: float, sigma: float, x: Tensor) -> Tensor:
    return torch.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


X = torch.linspace(-14, 14, 28_001, dtype=torch.float64)
STEP = (X[1] - X[0]).item()


def between(name: str, p: Tensor, q: Tensor) -> float:
    """D_f(p‖q) = ∫ q f(p/q)."""
    return (q * DIVERGENCES[name].function(p / q)).sum().item() * STEP


def test_known_divergences_of_two_gaussians() -> None:
    p, q = density(0, 1, X), density(1, 2, X)
    kl = math.log(2) + (1 + 1) / 8 - 0.5
    reverse = -math.log(2) + (4 + 1) / 2 - 0.5
    assert between("kl", p, q) == pytest.approx(kl, abs=1e-6)
    assert between("reverse-kl", p, q) == pytest.approx(reverse, abs=1e-6)
    assert between("pearson", p, q) == pytest.approx((p * p / q).sum().item() * STEP - 1, abs=1e-6)
    affinity = math.sqrt(2 * 2 / 5) * math.exp(-1 / (4 * 5))
    assert between("hellinger", p, q) == pytest.approx(2 - 2 * affinity, abs=1e-6)
    middle = (p + q) / 2
    js = 0.5 * (p * (p / middle).log() + q * (q / middle).log()).sum().item() * STEP
    assert between("jensen-shannon", p, q) == pytest.approx(2 * js, abs=1e-6)
    assert between("gan", p, q) == pytest.approx(2 * js - math.log(4), abs=1e-6)
    assert between("total-variation", p, q) == pytest.approx(0.5 * (p - q).abs().sum().item() * STEP, abs=1e-6)


TARGET = 0.5 * density(-1.5, 0.7, X) + 0.5 * density(1.5, 0.7, X)
COARSE = 100  # every so many points of X are enough for the fit


@cache
def fitted(name: str) -> float:
    """σ of N(0, σ²) after descent on G's loss −E_q f*(g(v)), where v solves D's problem at each point."""
    divergence = DIVERGENCES[name]
    logits = torch.linspace(-10, 10, 801, dtype=torch.float64)
    gain, cost = divergence.activation(logits), divergence.conjugate(logits)
    x, p = X[::COARSE], TARGET[::COARSE]
    sigma = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    for _ in range(100):
        q = torch.exp(-0.5 * (x / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        v = logits[((p / q.detach())[:, None] * gain - cost).argmax(1)]
        loss = -(q * divergence.conjugate(v)).sum() * STEP * COARSE
        (slope,) = torch.autograd.grad(loss, sigma)
        sigma = (sigma.detach() - 0.3 * slope).requires_grad_()
    return sigma.item()


@pytest.mark.parametrize("name", ["kl", "jensen-shannon", "reverse-kl"])
def test_descent_on_the_losses_fits_the_divergences_own_optimum(name: str) -> None:
    """A Gaussian fitted to two of them ends at the σ that quadrature of the divergence finds."""
    sigmas = torch.linspace(1, 2.2, 121, dtype=torch.float64)
    best = min(sigmas.tolist(), key=lambda sigma: between(name, TARGET, density(0, sigma, X)))
    assert abs(fitted(name) - best) < 0.02


def test_spread_of_the_fit_orders_the_divergences() -> None:
    """KL covers both modes, reverse KL fits inside."""
    assert fitted("kl") > fitted("jensen-shannon") > fitted("reverse-kl")
