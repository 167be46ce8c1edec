"""The gradient penalty against cases worked out by hand, and the mistakes known of its implementations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ganzoo_jax.networks import ConvCritic
from ganzoo_jax.penalty import slope_penalty

RNG = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    return jnp.asarray(RNG.standard_normal(shape, np.float32))


@pytest.mark.parametrize("w", [(3.0, 4.0), (0.3, 0.4), (0.6, 0.8)])
def test_the_penalty_of_a_linear_critic_is_its_slopes_distance_from_one(w: tuple[float, float]) -> None:
    slope = float(np.hypot(*w))
    penalty = slope_penalty(lambda x: x @ jnp.float32(w), normal(7, 2))
    assert float(penalty) == pytest.approx((slope - 1) ** 2, abs=1e-6)


def test_the_penalty_is_exact_where_the_numbers_are() -> None:
    assert float(slope_penalty(lambda x: x @ jnp.float32([3.0, 4.0]), normal(4, 2))) == 16.0


def test_the_norm_is_over_a_whole_image() -> None:
    """A known mistake: the norm over one axis alone (channels, rows) instead of all but the batch's."""
    w = normal(3, 4, 5)
    penalty = slope_penalty(lambda x: (x * w).sum((1, 2, 3)), normal(6, 3, 4, 5))
    assert float(penalty) == pytest.approx((float(jnp.linalg.norm(w.ravel())) - 1) ** 2, rel=1e-5)


def test_the_penalty_is_the_mean_over_samples_of_each_ones_own_slope() -> None:
    """A known mistake: one norm over the batch. f = x²/2 has the slope |x| at each sample."""
    x = jnp.float32([[0.0], [1.0], [3.0]])
    penalty = slope_penalty(lambda batch: (batch**2).sum(1) / 2, x)
    assert float(penalty) == pytest.approx((1 + 0 + 4) / 3, abs=1e-5)


def test_the_penalty_pushes_slopes_from_both_sides_towards_one() -> None:
    """Two-sided (section 4), not max(0, slope - 1)²."""
    for w, sign in ((2.0, 1), (0.5, -1)):
        gradient = jax.grad(lambda w: slope_penalty(lambda x: x[:, 0] * w, normal(4, 1)))(jnp.float32(w))
        assert float(gradient) == pytest.approx(2 * (w - 1), abs=1e-5)
        assert np.sign(float(gradient)) == sign


def test_a_flat_critic_has_a_finite_gradient() -> None:
    """A known mistake: the derivative of a bare square root at 0 is not finite."""
    gradient = jax.grad(lambda w: slope_penalty(lambda x: x @ w, normal(4, 2)))(jnp.zeros(2))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("norm", [False, True])
def test_the_penalty_is_the_one_of_finite_differences(norm: bool) -> None:
    """Slopes by differences of the network itself, sample by sample and pixel by pixel: no gradient is asked for."""
    critic = ConvCritic((1, 8, 8), 4, norm)
    params = jax.tree.map(jnp.asarray, critic.init(RNG))
    x, step = normal(3, 1, 8, 8), 2e-3
    moves = step * np.eye(64, dtype=np.float32).reshape(64, 1, 8, 8)
    scores = jax.jit(lambda batch: critic.apply(params, batch))
    rise = np.stack([scores(one + moves) - scores(one - moves) for one in x]) / (2 * step)
    expected = np.square(np.linalg.norm(rise, axis=1) - 1).mean()
    found = slope_penalty(lambda batch: critic.apply(params, batch), x)
    assert float(found) == pytest.approx(float(expected), rel=0.03)
