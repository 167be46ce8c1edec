"""One loss for G from those of several discriminators: pure functions of ``losses`` [K].

The gradient of each is a combination of the K gradients; its docstring gives the weights. ``common_descent`` needs the
gradients themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Vector = NDArray[np.float64]
TOLERANCE = 1e-10
EPSILON = 1e-8


def mean(losses: Tensor) -> Tensor:
    """Σ L_k / K; weights 1 / K (Durugkar et al. 2017, eq. 3 with λ = 0)."""
    return losses.mean()


def largest(losses: Tensor) -> Tensor:
    """max L_k; weight 1 for the D that is hardest to please, shared by equal ones (Durugkar et al. 2017, GMAN-max)."""
    return losses.amax()


def softmax(losses: Tensor, sharpness: Tensor | float, *, through: bool = True) -> Tensor:
    """Σ w_k L_k with w = softmax(λ L): the mean for λ = 0, the largest for λ → ∞ (Durugkar et al. 2017, eq. 3).

    ``sharpness`` is λ. Where the gradient passes ``through`` the weights, as in the authors' code, that of L_k counts
    w_k (1 + λ (L_k − Σ w L)): less than 0 for one that lies more than 1 / λ below. Else w are constants, and it
    counts w_k.
    """
    weights = torch.softmax(sharpness * (losses if through else losses.detach()), 0)
    return (weights * losses).sum()


def hypervolume(losses: Tensor, slack: float) -> Tensor:
    """−Σ log(η − L_k) with the nadir point η = δ · max L, a constant; weights 1 / (η − L_k), more for larger losses.

    (Albuquerque et al. 2019.) ``losses`` are positive, ``slack`` is δ > 1: near 1 the largest loss alone counts, far
    from it all count the same.
    """
    nadir = slack * losses.detach().amax() + EPSILON
    return -(nadir - losses).log().sum()


def common_descent(losses: Tensor, parameters: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Multiple gradient descent (Désidéri 2012): the shortest convex combination of the K gradients.

    A step against it lowers every loss; it is 0 where no direction does. Returns its weights [K] and, for each of
    ``parameters``, the combined gradient.
    """
    each = [torch.autograd.grad(loss, parameters, retain_graph=True) for loss in losses.unbind()]
    stacked = [torch.stack(of_one) for of_one in zip(*each, strict=True)]
    flat = torch.cat([gradients.flatten(1) for gradients in stacked], 1).double()
    weights = torch.from_numpy(shortest((flat @ flat.t()).cpu().numpy())).to(losses)
    return weights, [torch.tensordot(weights, gradients, 1) for gradients in stacked]


def shortest(gram: Vector) -> Vector:
    """Weights [K] ≥ 0 of sum 1 that make Σ w_k g_k shortest, from the inner products ``gram`` [K, K] of the g_k.

    Wolfe 1976, "Finding the nearest point in a polytope", which ends at the exact answer: vectors enter one at a time,
    and those whose weight would be negative leave.
    """
    scale = gram.trace()
    weights: Vector = np.zeros(len(gram))
    weights[gram.diagonal().argmin()] = 1
    if scale == 0:
        return weights
    gram = gram / scale
    for _ in range(10 * len(gram)):
        products = gram @ weights
        entering = products.argmin()
        if products[entering] >= weights @ products - TOLERANCE:
            break
        inside = weights > 0
        inside[entering] = True
        weights = _within(gram, weights, inside)
    return weights / weights.sum()


def _within(gram: Vector, weights: Vector, inside: NDArray[np.bool_]) -> Vector:
    """The best weights of the vectors ``inside``, from ``weights``; a vector that would get none leaves."""
    while True:
        goal = _affine(gram, inside)
        falling = inside & (goal <= 0)
        if not falling.any():
            return goal
        shares = np.full(len(gram), np.inf)
        shares[falling] = weights[falling] / (weights[falling] - goal[falling])
        leaving = shares.argmin()
        weights = np.where(inside, weights + shares[leaving] * (goal - weights), 0)
        weights[leaving] = 0
        inside = inside & (weights > 0)


def _affine(gram: Vector, inside: NDArray[np.bool_]) -> Vector:
    """Weights of sum 1, of either sign, that make the combination of the vectors ``inside`` shortest."""
    count = int(inside.sum())
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = gram[np.ix_(inside, inside)]
    system[count, count] = 0
    solution = np.linalg.lstsq(system, np.eye(count + 1)[count])[0]
    goal: Vector = np.zeros(len(gram))
    goal[inside] = solution[:count]
    return goal
