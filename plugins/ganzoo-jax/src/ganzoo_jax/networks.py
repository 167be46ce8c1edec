"""Networks as plain functions of pytrees: DCGAN-style convolutions for any size from 8 to 64, and MLPs.

Weights are drawn by NumPy. Inside the networks images are [N, H, W, C]; outside, as everywhere in ganzoo, [N, C, H, W].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ganzoo_jax.fast_layers import KERNEL, down, up

Shape = tuple[int, ...]
Params = list[dict[str, Any]]
"""One dict of arrays per layer."""

SLOPE = 0.2
HE, LINEAR = math.sqrt(2.0), 1.0


def weights(rng: np.random.Generator, fan_in: int, shape: Shape, gain: float) -> dict[str, Any]:
    """``w`` of N(0, gain² / fan_in) (He et al. 2015 for gain √2) and a zero bias ``b`` for its last axis."""
    w = rng.standard_normal(shape, np.float32) * np.float32(gain / math.sqrt(fan_in))
    return {"w": w, "b": np.zeros(shape[-1], np.float32)}


def affine(layer: dict[str, Any], x: Any) -> Any:
    """x·w + b over the last axis of [N, features]."""
    return lax.dot(x, layer["w"]) + layer["b"]


def leaky_relu(x: Any) -> Any:
    """Slope .2 below zero, as in WGAN-GP's critics."""
    return jnp.where(x > 0, x, SLOPE * x)


def layer_norm(layer: dict[str, Any], x: Any) -> Any:
    """Each sample normalised over all its features (Ba et al. 2016), then scaled and shifted per channel."""
    axes = tuple(range(1, x.ndim))
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * layer["scale"] + layer["shift"]


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from the image down to the base, halved and rounded up: 28×28 → [(28, 28), (14, 14), (7, 7), (4, 4)].

    The shorter side of the base is about 4, but there are at least two halvings.
    """
    sizes = [(height, width)]
    for _ in range(max(2, round(math.log2(min(height, width) / 4)))):
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


@dataclass(frozen=True)
class ConvGenerator:
    """z [N, z_dim] → images [N, C, H, W] in [-1, 1]: projection, transposed convolutions, ReLU, tanh; no norm layers.

    ``width`` channels enter the last layer, twice as many each layer before it.
    """

    z_dim: int
    shape: Shape
    width: int

    def init(self, rng: np.random.Generator) -> Params:
        """Fresh weights."""
        *sizes, base = self._sizes()
        widths = [*(self.width * 2**i for i in reversed(range(len(sizes)))), self.shape[0]]
        params = [weights(rng, self.z_dim, (self.z_dim, base[0] * base[1] * widths[0]), HE)]
        for number, (before, after) in enumerate(pairwise(widths), start=1):
            layer = weights(rng, 4 * before, (4 * before, 4 * after), LINEAR if number == len(sizes) else HE)
            params.append({"w": layer["w"], "b": np.zeros(after, np.float32)})
        return params

    def apply(self, params: Params, z: Any) -> Any:
        """Images for latents."""
        *sizes, base = self._sizes()
        x = affine(params[0], z).reshape(-1, *base, params[1]["w"].shape[0] // 4)
        for layer, size in zip(params[1:], reversed(sizes), strict=True):
            x = up(layer, jax.nn.relu(x), size)
        return jnp.tanh(x).transpose(0, 3, 1, 2)

    def _sizes(self) -> list[tuple[int, int]]:
        return pyramid(*self.shape[1:])


@dataclass(frozen=True)
class ConvCritic:
    """Images [N, C, H, W] → one unbounded score each, [N]: strided convolutions, leaky ReLU, a linear layer.

    ``norm``: layer norm after each convolution but the first. Never batch norm: the penalty is one of each sample's own
    gradient, which a norm over the batch would mix with the others' (section 4 of the paper).
    """

    shape: Shape
    width: int
    norm: bool = False

    def init(self, rng: np.random.Generator) -> Params:
        """Fresh weights."""
        channels, height, breadth = self.shape
        depth = len(pyramid(height, breadth)) - 1
        widths = [channels, *(self.width * 2**i for i in range(depth))]
        params = []
        for number, (before, after) in enumerate(pairwise(widths)):
            layer = weights(rng, KERNEL**2 * before, (KERNEL**2 * before, after), HE)
            if self.norm and number:
                layer |= {"scale": np.ones(after, np.float32), "shift": np.zeros(after, np.float32)}
            params.append(layer)
        features = (height >> depth) * (breadth >> depth) * widths[-1]
        return [*params, weights(rng, features, (features, 1), LINEAR)]

    def apply(self, params: Params, x: Any) -> Any:
        """Scores of images."""
        *convolutions, last = params
        x = x.transpose(0, 2, 3, 1)
        for layer in convolutions:
            x = down(layer, x)
            x = leaky_relu(layer_norm(layer, x) if "scale" in layer else x)
        return affine(last, x.reshape(len(x), -1))[:, 0]


def mlp(rng: np.random.Generator, entry: int, hidden: int, exit_: int) -> Params:
    """Weights of three hidden layers and a linear output."""
    widths = [entry, hidden, hidden, hidden]
    return [
        *(weights(rng, before, (before, after), HE) for before, after in pairwise(widths)),
        weights(rng, hidden, (hidden, exit_), LINEAR),
    ]


def run_mlp(params: Params, x: Any) -> Any:
    """Three ReLU layers and a linear one."""
    *layers, last = params
    for layer in layers:
        x = jax.nn.relu(affine(layer, x))
    return affine(last, x)


@dataclass(frozen=True)
class PointGenerator:
    """z [N, z_dim] → points [N, d]: a ReLU MLP."""

    z_dim: int
    shape: Shape
    hidden: int

    def init(self, rng: np.random.Generator) -> Params:
        """Fresh weights."""
        return mlp(rng, self.z_dim, self.hidden, self.shape[0])

    def apply(self, params: Params, z: Any) -> Any:
        """Points for latents."""
        return run_mlp(params, z)


@dataclass(frozen=True)
class PointCritic:
    """Points [N, d] → one unbounded score each, [N]: a ReLU MLP."""

    shape: Shape
    hidden: int

    def init(self, rng: np.random.Generator) -> Params:
        """Fresh weights."""
        return mlp(rng, self.shape[0], self.hidden, 1)

    def apply(self, params: Params, x: Any) -> Any:
        """Scores of points."""
        return run_mlp(params, x)[:, 0]


def pair(z_dim: int, shape: Shape, *, width: int, hidden: int, norm: bool) -> tuple[Any, Any]:
    """A generator and its adversary: convolutions for images (C, H, W), with ``width``, MLPs for points (d,)."""
    if len(shape) == 1:
        return PointGenerator(z_dim, shape, hidden), PointCritic(shape, hidden)
    return ConvGenerator(z_dim, shape, width), ConvCritic(shape, width, norm)
