"""StyleGAN2's layers (Karras et al. 2020, arXiv:1912.04958): modulated, equalised, filtered with [1, 3, 3, 1].

Weights are N(0, 1) and scaled where they are used (equalised rates, Karras et al. 2018, arXiv:1710.10196, section 4.1):
Adam then moves all of them at one speed. Each nonlinearity keeps the size of what goes through it: its gain is √2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear

from ganzoo_torch.filters import WIDE, Separable, Size, band

SLOPE = 0.2
GAIN = math.sqrt(2)
EPSILON = 1e-8


def active(x: Tensor) -> Tensor:
    """Leaky ReLU of slope .2; its gain of √2 is in the layer before it, since the function is homogeneous."""
    return leaky_relu(x, SLOPE)


class Linear(nn.Module):
    """[N, before] → [N, after]. ``speed`` is the rate of its weights and biases in relation to all others."""

    def __init__(self, before: int, after: int, *, bias: float = 0.0, gain: float = 1.0, speed: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before) / speed)
        self.bias = nn.Parameter(torch.full((after,), bias / speed))
        self.scale = gain * speed / math.sqrt(before)
        self.bias_scale = gain * speed

    def forward(self, x: Tensor) -> Tensor:
        """The linear map, times its gain."""
        return linear(x, self.weight * self.scale, self.bias * self.bias_scale)


class Conv(nn.Module):
    """[N, before, h, w] → [N, after, h', w'], times ``gain``; ``padding`` keeps the size of all but strided ones."""

    def __init__(
        self, before: int, after: int, size: int, *, stride: int = 1, bias: bool = True, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before, size, size))
        self.bias = nn.Parameter(torch.zeros(after)) if bias else None
        self.scale = gain / math.sqrt(before * size**2)
        self.gain = gain
        self.stride = stride
        self.padding = size // 2 if stride == 1 else 0

    def forward(self, x: Tensor) -> Tensor:
        """The convolution."""
        bias = None if self.bias is None else self.bias * self.gain
        return conv2d(x, self.weight * self.scale, bias, stride=self.stride, padding=self.padding)


def halving_conv(before: int, after: int, size: Size, *, gain: float) -> nn.Module:
    """A 3×3 convolution of stride 2 of what the filter makes of an image: ``size`` → its half, rounded up."""
    filters = (band(side, 2 * -(-side // 2) + 1, WIDE, first=-2) for side in size)
    return nn.Sequential(Separable(*filters), Conv(before, after, 3, stride=2, gain=gain))


class ModulatedConv(nn.Module):
    """A convolution with weights of each sample's own, w'ᵢⱼₖ = sᵢ·wᵢⱼₖ / √(Σᵢₖ (sᵢ·wᵢⱼₖ)² + ε) (eq. 1 and 3).

    That is to scale the input's channels by s, to convolve with the shared w, and to scale the output's channels by
    the root: nothing depends on how many samples there are. The styles s are linear in the sample's latent w. Without
    ``demodulate`` the root of the number of a value's weights takes that root's place. With ``doubles`` the size is
    doubled to that, one less where it is odd: a transposed convolution of stride 2, then the filter.
    """

    def __init__(
        self, w_dim: int, before: int, after: int, size: int, *, demodulate: bool = True, doubles: Size | None = None
    ) -> None:
        super().__init__()
        self.style = Linear(w_dim, before, bias=1.0)
        self.weight = nn.Parameter(torch.randn(after, before, size, size))
        self.demodulate = demodulate
        self.filter = None
        if doubles is not None:
            twice = [2 * tap for tap in WIDE]
            self.filter = Separable(*(band(2 * -(-side // 2) + 1, side, twice, first=-1) for side in doubles))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Activations [N or 1, before, h, w] and latents [N, w_dim] → [N, after, h', w']."""
        styles = self.style(w)
        if not self.demodulate:
            styles = styles / math.sqrt(self.weight[0].numel())
        x = x * styles[:, :, None, None]
        if self.filter is None:
            x = conv2d(x, self.weight, padding=self.weight.shape[2] // 2)
        else:
            x = self.filter(conv_transpose2d(x, self.weight.transpose(0, 1), stride=2))
        if not self.demodulate:
            return x
        squares = styles.square() @ self.weight.square().sum((2, 3)).t()
        return x * (squares + EPSILON).rsqrt()[:, :, None, None]


class StyledLayer(nn.Module):
    """A modulated 3×3 convolution, noise of a learnt strength (0 at first), a bias, leaky ReLU."""

    def __init__(self, w_dim: int, before: int, after: int, *, doubles: Size | None = None) -> None:
        super().__init__()
        self.conv = ModulatedConv(w_dim, before, after, 3, doubles=doubles)
        self.strength = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(after, 1, 1))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
        """Activations, latents [N, w_dim] and noise [N, 1, h', w'] → [N, after, h', w']."""
        return active(GAIN * (self.conv(x, w) + self.strength * noise + self.bias))


class ToImage(nn.Module):
    """Activations → the pixels that a size adds to the image: a modulated 1×1, not demodulated, and a bias."""

    def __init__(self, w_dim: int, before: int, channels: int) -> None:
        super().__init__()
        self.conv = ModulatedConv(w_dim, before, channels, 1, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, before, h, w] and latents [N, w_dim] → [N, channels, h, w]."""
        return self.conv(x, w) + self.bias


class Deviation(nn.Module):
    """Adds a channel: how much the samples of a group differ (Karras et al. 2018, section 3).

    The deviations of all values over the group are averaged into one number, which each of its samples gets. Groups
    have ``group`` samples, or fewer where that does not divide the batch: the greatest common divisor.
    """

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, h, w] → [N, C + 1, h, w]."""
        n, _, height, width = x.shape
        group = math.gcd(n, self.group)
        variance = x.reshape(group, n // group, -1).var(0, correction=0)
        mean = (variance + EPSILON).sqrt().mean(1)
        return torch.cat((x, mean.repeat(group).view(n, 1, 1, 1).expand(n, 1, height, width)), 1)
