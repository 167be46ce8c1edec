"""The gradient penalty that WGAN-GP and DRAGAN share; they differ in the points at which it is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Scores = Callable[[Any], Any]
"""Samples [N, ...] → one score each, [N], before any sigmoid."""


def slope_penalty(scores: Scores, x: Any) -> Any:
    """Mean over samples of (‖∇f(x)‖₂ − 1)², the norm over all of a sample: channels, rows, columns.

    Gulrajani et al. 2017 (eq. 3) and Kodali et al. 2017 (eq. 1, k = 1). The sum of a batch's scores has each sample's
    own gradient, since no network here mixes samples. The 1e-12 keeps the penalty differentiable where f is flat.
    """
    gradients = jax.grad(lambda batch: scores(batch).sum())(x)
    slopes = jnp.sqrt(jnp.square(gradients).reshape(len(x), -1).sum(axis=1) + 1e-12)
    return jnp.square(slopes - 1).mean()
