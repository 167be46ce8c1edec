"""The convolutions against XLA's own, and the forms of the networks."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ganzoo_jax.fast_layers import down, up
from ganzoo_jax.networks import ConvCritic, ConvGenerator, PointCritic, PointGenerator, layer_norm, pyramid
from jax import lax

RNG = np.random.default_rng(0)
DIMENSIONS = ("NHWC", "HWIO", "NHWC")
SHAPES = [(1, 8, 8), (4, 9, 35), (3, 64, 64)]


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape, np.float32)


@pytest.mark.parametrize("size", [(4, 4), (7, 5), (9, 12)])
def test_down_is_a_convolution(size: tuple[int, int]) -> None:
    kernel, bias, x = normal(4, 4, 3, 6), normal(6), normal(2, *size, 3)
    expected = lax.conv_general_dilated(x, kernel, (2, 2), ((1, 1), (1, 1)), dimension_numbers=DIMENSIONS) + bias
    y = down({"w": kernel.reshape(-1, 6), "b": bias}, jnp.asarray(x))
    assert y.shape == (2, size[0] // 2, size[1] // 2, 6)
    np.testing.assert_allclose(y, expected, atol=1e-5)


@pytest.mark.parametrize(("size", "wanted"), [((2, 2), (4, 4)), ((3, 5), (6, 10)), ((4, 4), (7, 8))])
def test_up_is_a_transposed_convolution(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    kernel, bias, x = normal(4, 4, 3, 6), normal(6), normal(2, *size, 3)
    expected = lax.conv_transpose(x, kernel, (2, 2), ((2, 2), (2, 2)), dimension_numbers=DIMENSIONS) + bias
    # lax slides the kernel over the spread image: a corner's pixel (r, c) meets output (s, t) at tap (2r - s + 1, ...).
    w = np.zeros((2, 2, 3, 2, 2, 6), np.float32)
    for r, c, s, t in np.ndindex(2, 2, 2, 2):
        w[r, c, :, s, t] = kernel[2 * r - s + 1, 2 * c - t + 1]
    y = up({"w": w.reshape(12, 24), "b": bias}, jnp.asarray(x), wanted)
    np.testing.assert_allclose(y, expected[:, : wanted[0], : wanted[1]], atol=1e-5)


def test_sizes_are_halved_to_about_four() -> None:
    assert pyramid(28, 28) == [(28, 28), (14, 14), (7, 7), (4, 4)]
    assert pyramid(8, 8) == [(8, 8), (4, 4), (2, 2)]
    assert pyramid(9, 35) == [(9, 35), (5, 18), (3, 9)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("norm", [False, True])
def test_image_networks_have_the_right_forms(shape: tuple[int, int, int], norm: bool) -> None:
    g, critic = ConvGenerator(5, shape, 4), ConvCritic(shape, 4, norm)
    x = jax.jit(g.apply)(g.init(RNG), normal(3, 5))
    assert x.shape == (3, *shape)
    assert np.abs(x).max() <= 1
    params = critic.init(RNG)
    assert jax.jit(critic.apply)(params, x).shape == (3,)
    assert any("scale" in layer for layer in params) == norm
    assert "scale" not in params[0]


def test_point_networks_are_linear_at_the_end() -> None:
    g, critic = PointGenerator(5, (2,), 16), PointCritic((2,), 16)
    params = g.init(RNG)
    x = g.apply(params, normal(3, 5))
    assert x.shape == (3, 2)
    assert critic.apply(critic.init(RNG), x).shape == (3,)
    params[-1]["w"] = params[-1]["w"] * 1000
    assert np.abs(g.apply(params, normal(3, 5))).max() > 1


@pytest.mark.parametrize("critic", [ConvCritic((1, 8, 8), 4), PointCritic((2,), 16)], ids=["images", "points"])
def test_the_critic_has_no_sigmoid(critic: Any) -> None:
    params, x = critic.init(RNG), normal(4, *critic.shape)
    scores = critic.apply(params, x)
    params[-1] = jax.tree.map(lambda value: 1000 * value, params[-1])
    np.testing.assert_allclose(critic.apply(params, x), 1000 * scores, rtol=1e-4)


@pytest.mark.parametrize("norm", [False, True])
def test_the_critic_has_no_batch_norm(norm: bool) -> None:
    """A known mistake: with a norm over the batch, a sample's score depends on the others, and so does its gradient."""
    critic = ConvCritic((1, 8, 8), 8, norm)
    params, x = critic.init(RNG), normal(6, 1, 8, 8)
    jacobian = jax.jit(jax.jacobian(lambda batch: critic.apply(params, batch)))(x)
    own = np.einsum("iichw->ichw", jacobian)
    assert np.abs(own).max() > 1e-3
    for i in range(6):
        others = np.delete(np.asarray(jacobian[i]), i, axis=0)
        assert not others.any()


def test_layer_norm_normalises_each_sample_over_all_its_features() -> None:
    x = 5 + 3 * normal(4, 3, 3, 2)
    y = np.asarray(layer_norm({"scale": np.ones(2, "f"), "shift": np.zeros(2, "f")}, jnp.asarray(x)))
    np.testing.assert_allclose(y.mean((1, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(y.std((1, 2, 3)), 1, atol=1e-3)
