"""The plugins' residual networks for 8×8 images in torch's own layers, as reference scripts write them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, interpolate, leaky_relu, relu
from torch.nn.utils.parametrizations import spectral_norm


class UpBlock(nn.Module):
    """SNGAN's block of G: upsampled before the first convolution and before the shortcut's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.b1, self.b2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.c1, self.c2 = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        self.sc = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.c1(interpolate(relu(self.b1(x)), scale_factor=2))
        return self.c2(relu(self.b2(h))) + self.sc(interpolate(x, scale_factor=2))


class DownBlock(nn.Module):
    """SNGAN's block of D: pooled after the second convolution and, but for the first block, after the shortcut's."""

    def __init__(self, before: int, width: int, *, halves: bool) -> None:
        super().__init__()
        self.first, self.halves = before != width, halves
        self.c1 = spectral_norm(nn.Conv2d(before, width, 3, padding=1))
        self.c2 = spectral_norm(nn.Conv2d(width, width, 3, padding=1))
        self.sc = spectral_norm(nn.Conv2d(before, width, 1)) if halves else None

    def forward(self, x: Tensor) -> Tensor:
        h = self.c2(relu(self.c1(x if self.first else relu(x))))
        if self.sc is None:
            return h + x
        return avg_pool2d(h, 2) + (self.sc(avg_pool2d(x, 2)) if self.first else avg_pool2d(self.sc(x), 2))


class SumPool(nn.Module):
    """ReLU and the sum over places."""

    def forward(self, x: Tensor) -> Tensor:
        return relu(x).sum((2, 3))


def sngan_networks(o: Any) -> tuple[nn.Module, nn.Module]:
    """SNGAN's G and D."""
    g = nn.Sequential(
        nn.Linear(o.z_dim, 4 * o.width_g),
        nn.Unflatten(1, (o.width_g, 2, 2)),
        UpBlock(o.width_g),
        UpBlock(o.width_g),
        nn.BatchNorm2d(o.width_g),
        nn.ReLU(),
        nn.Conv2d(o.width_g, 1, 3, padding=1),
        nn.Tanh(),
    )
    width = o.width_d
    blocks = [DownBlock(1, width, halves=True), DownBlock(width, width, halves=True)]
    blocks += [DownBlock(width, width, halves=False) for _ in range(2)]
    return g, nn.Sequential(*blocks, SumPool(), spectral_norm(nn.Linear(width, 1, bias=False)), nn.Flatten(0))


class BiasedActivation(nn.Module):
    """R3GAN's nonlinearity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x + self.bias, 0.2)


class Residual(nn.Module):
    """R3GAN's block."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        inner = 2 * channels
        self.layers = nn.Sequential(
            nn.Conv2d(channels, inner, 1, bias=False),
            BiasedActivation(inner),
            nn.Conv2d(inner, inner, 3, padding=1, groups=groups, bias=False),
            BiasedActivation(inner),
            nn.Conv2d(inner, channels, 1, bias=False),
        )
        nn.init.zeros_(self.layers[-1].weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Binomial(nn.Module):
    """[1, 2, 1] by a depthwise convolution."""

    def __init__(self, channels: int, *, up: bool) -> None:
        super().__init__()
        self.channels, self.up = channels, up
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(row, row).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.up:
            return conv_transpose2d(x, 4 * self.kernel, None, 2, 1, 1, self.channels)
        return conv2d(x, self.kernel, None, 2, 1, 1, self.channels)


class Basis(nn.Module):
    """A learnt picture for each channel, times a linear map of z."""

    def __init__(self, z_dim: int, channels: int) -> None:
        super().__init__()
        self.basis, self.linear = nn.Parameter(torch.randn(channels, 4, 4)), nn.Linear(z_dim, channels, bias=False)

    def forward(self, z: Tensor) -> Tensor:
        return self.basis * self.linear(z)[:, :, None, None]


class Weighed(nn.Module):
    """A depthwise convolution over the whole map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.randn(channels, 4, 4) / 4)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.basis[:, None], groups=x.shape[1]).flatten(1)


def r3gan_networks(o: Any) -> tuple[nn.Module, nn.Module]:
    """R3GAN's G and D."""
    width, wide = o.width, 2 * o.width

    def blocks(channels: int) -> list[nn.Module]:
        return [Residual(channels, o.cardinality) for _ in range(o.blocks)]

    g = nn.Sequential(
        Basis(o.z_dim, wide),
        *blocks(wide),
        nn.Conv2d(wide, width, 1, bias=False),
        Binomial(width, up=True),
        *blocks(width),
        nn.Conv2d(width, 1, 1, bias=False),
    )
    d = nn.Sequential(
        nn.Conv2d(1, width, 1, bias=False),
        *blocks(width),
        Binomial(width, up=False),
        nn.Conv2d(width, wide, 1, bias=False),
        *blocks(wide),
        Weighed(wide),
        nn.Linear(wide, 1, bias=False),
        nn.Flatten(0),
    )
    return g, d
