"""The f-divergences of f-GAN (Nowozin, Cseke and Tomioka 2016, tables 1, 2 and 6).

D_f(P‖Q) = E_Q f(p/q) with f convex and f(1) = 0. Its conjugate is f*(t) = sup_u (ut − f(u)), finite on a domain of its
own; the output activation g maps any real logit v into that domain. What losses need of f* is f*(g(v)), which is
written here in one piece: the two steps apart overflow where their composition does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Divergence:
    """One divergence: f(u) for u > 0, g(v), and f*(g(v)), each elementwise on tensors."""

    function: Callable[[Tensor], Tensor]
    activation: Callable[[Tensor], Tensor]
    conjugate: Callable[[Tensor], Tensor]


def _entropy(u: Tensor) -> Tensor:
    return u * u.log()


def _half_tanh(v: Tensor) -> Tensor:
    return 0.5 * torch.tanh(v)


DIVERGENCES = {
    "kl": Divergence(_entropy, lambda v: v, lambda v: torch.exp(v - 1)),
    "reverse-kl": Divergence(lambda u: -u.log(), lambda v: -torch.exp(-v), lambda v: v - 1),
    "pearson": Divergence(lambda u: (u - 1).square(), lambda v: v, lambda v: 0.25 * v.square() + v),
    "hellinger": Divergence(lambda u: (u.sqrt() - 1).square(), lambda v: -torch.expm1(-v), torch.expm1),
    "jensen-shannon": Divergence(
        lambda u: _entropy(u) - (u + 1) * ((u + 1) / 2).log(),
        lambda v: math.log(2) - softplus(-v),
        lambda v: softplus(v) - math.log(2),
    ),
    "gan": Divergence(lambda u: _entropy(u) - (u + 1) * (u + 1).log(), lambda v: -softplus(-v), softplus),
    "total-variation": Divergence(lambda u: 0.5 * (u - 1).abs(), _half_tanh, _half_tanh),
}
"""By name. ``gan`` is Goodfellow's value function: f(1) = −log 4, so that D_f is 2 JS − log 4."""
