"""Residual networks without normalisation (Huang et al. 2024, section 3), for any size from 8 to 64.

A network is a row of stages, one for each size, from a base of 4 to 7 pixels on the shorter side to the image; the
channels double where the size is halved. No layer but the nonlinearities has a bias. What keeps activations in range
is the initialisation alone: the last layer of each block begins at 0, so that every block begins as the identity, and
the others shrink with the number of blocks (Zhang et al. 2019, arXiv:1901.09321).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganzoo_torch.fast_layers import Pointwise
from ganzoo_torch.filters import Resampling, Size
from ganzoo_torch.networks import Shape

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
EXPANSION = 2


def sizes(height: int, width: int, least: int = 8) -> list[Size]:
    """Sizes from the image down to the base, halved and rounded up while the shorter side is ``least`` or more."""
    found = [(height, width)]
    while min(found[-1]) >= least:
        found.append((-(-found[-1][0] // 2), -(-found[-1][1] // 2)))
    return found


def scaled(layer: nn.Conv2d | nn.Linear, gain: float = 1.0) -> nn.Module:
    """The layer with weights N(0, gain² / in) (He et al. 2015)."""
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    return layer


def conv(before: int, after: int, size: int = 1, *, groups: int = 1, gain: float = 1.0) -> nn.Module:
    """A convolution without bias that keeps the size."""
    kind = Pointwise if size == 1 else nn.Conv2d
    layer = kind(before, after, size, padding=size // 2, groups=groups, bias=False)
    return scaled(layer, gain)


class Nonlinearity(nn.Module):
    """A bias for each channel, 0 at first, then leaky ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, h, w] → the same shape."""
        return leaky_relu(x + self.bias, SLOPE)


class Block(nn.Module):
    """x + 1×1(σ(grouped 3×3(σ(1×1(x))))), twice as wide inside; ``blocks`` is how many its network has.

    Each of the first two layers has the gain of its nonlinearity times blocks^(−1/4): fix-up's m = 3 layers in a
    branch give the exponent −1 / (2m − 2).
    """

    def __init__(self, channels: int, cardinality: int, blocks: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        gain = GAIN * blocks ** (-1 / 4)
        groups = math.gcd(inner, cardinality)
        self.layers = nn.Sequential(
            conv(channels, inner, gain=gain),
            Nonlinearity(inner),
            conv(inner, inner, 3, groups=groups, gain=gain),
            Nonlinearity(inner),
            conv(inner, channels, gain=0.0),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, channels, h, w] → the same shape."""
        return x + self.layers(x)


class Generator(nn.Module):
    """z [N, z_dim] → images [N, C, H, W].

    A learnt picture of the base's size for each channel, times a linear map of z; then stages, and a 1×1 at the end.
    Nothing bounds the images while training. In evaluation they are clipped to [−1, 1], for samples and in files.
    """

    def __init__(self, z_dim: int, shape: Shape, width: int, *, blocks: int, cardinality: int) -> None:
        super().__init__()
        self.input_sizes = {"z": z_dim}
        channels, height, breadth = shape
        *larger, base = sizes(height, breadth)
        count = blocks * (len(larger) + 1)
        wide = width << len(larger)
        self.basis = nn.Parameter(torch.randn(wide, *base))
        self.linear = scaled(nn.Linear(z_dim, wide, bias=False))
        layers: list[nn.Module] = [Block(wide, cardinality, count) for _ in range(blocks)]
        for size in reversed(larger):
            layers += [conv(wide, wide // 2), Resampling(size, up=True)]
            wide //= 2
            layers += [Block(wide, cardinality, count) for _ in range(blocks)]
        self.layers = nn.Sequential(*layers, conv(wide, channels))

    def forward(self, z: Tensor) -> Tensor:
        """Images for ``z``."""
        x = self.layers(self.basis * self.linear(z)[:, :, None, None])
        return x if self.training else x.clamp(-1, 1)


class Discriminator(nn.Module):
    """Images [N, C, H, W] → logits [N]: the generator's stages in reverse.

    At the end each channel's picture is weighed by one of the same size (a depthwise convolution), then a linear layer.
    """

    def __init__(self, shape: Shape, width: int, *, blocks: int, cardinality: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        *larger, base = sizes(height, breadth)
        count = blocks * (len(larger) + 1)
        wide = width
        layers: list[nn.Module] = [conv(channels, wide)]
        for size in larger:
            layers += [Block(wide, cardinality, count) for _ in range(blocks)]
            layers += [Resampling(size, up=False), conv(wide, 2 * wide)]
            wide *= 2
        layers += [Block(wide, cardinality, count) for _ in range(blocks)]
        self.layers = nn.Sequential(*layers)
        self.basis = nn.Parameter(torch.randn(wide, *base) / math.sqrt(math.prod(base)))
        self.linear = scaled(nn.Linear(wide, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        return self.linear((self.layers(x) * self.basis).sum((2, 3))).squeeze(1)
