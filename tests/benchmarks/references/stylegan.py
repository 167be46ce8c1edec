"""PyTorch reference of StyleGAN2 for 8×8 images.

Layers as in the authors' PyTorch code without its compiled kernels: equalised weights are scaled in each pass, styles
scale activations, filters are depthwise convolutions. It is that code, too, which freezes the network that does not
move, where the other references compute gradients of both.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from ganzoo_torch.models.stylegan import MEMORY, SPEED, build
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, linear, pad, softplus

from references import Step, Task, written_for
from references.torch_loop import adam, averaged, descend, reals, same_networks

SIDE = 8
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
KERNEL = torch.outer(TAPS, TAPS)


def active(x: Tensor) -> Tensor:
    """Leaky ReLU of gain √2."""
    return leaky_relu(x, 0.2) * math.sqrt(2)


def blurred(x: Tensor, padding: int, gain: float = 1.0) -> Tensor:
    """The filter [1, 3, 3, 1]² on each channel."""
    channels = x.shape[1]
    return conv2d(pad(x, [padding] * 4), gain * KERNEL.expand(channels, 1, 4, 4), groups=channels)


class Linear(nn.Module):
    """An equalised linear layer; ``speed`` is that of its weights."""

    def __init__(self, before: int, after: int, bias: float = 0.0, speed: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(after, before) / speed)
        self.bias = nn.Parameter(torch.full((after,), bias / speed))
        self.scale, self.speed = speed / math.sqrt(before), speed

    def forward(self, x: Tensor) -> Tensor:
        """[N, before] → [N, after]."""
        return linear(x, self.weight * self.scale, self.bias * self.speed)


class Conv(nn.Module):
    """An equalised convolution and its activation; ``halves``: of stride 2 after the filter."""

    def __init__(self, before: int, after: int, size: int, *, halves: bool = False) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(after, before, size, size)), nn.Parameter(torch.zeros(after))
        self.scale, self.halves = 1 / math.sqrt(before * size**2), halves

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, h, w] → [N, after, h', w']."""
        weight = self.weight * self.scale
        if self.halves:
            return active(conv2d(blurred(x, 2), weight, self.bias, stride=2))
        return active(conv2d(x, weight, self.bias, padding=weight.shape[2] // 2))


class Modulated(nn.Module):
    """A modulated convolution of weights that each sample scales; with ``demodulate`` outputs are scaled back."""

    def __init__(self, o: Any, before: int, after: int, size: int, *, demodulate: bool, doubles: bool = False) -> None:
        super().__init__()
        self.style = Linear(o.w_dim, before, 1.0)
        self.weight = nn.Parameter(torch.randn(after, before, size, size))
        self.demodulate, self.doubles = demodulate, doubles
        self.scale = 1.0 if demodulate else 1 / math.sqrt(before * size**2)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Activations and w [N, w_dim]."""
        styles = self.style(w) * self.scale
        y = x * styles[:, :, None, None]
        if self.doubles:
            y = blurred(conv_transpose2d(y, self.weight.transpose(0, 1), stride=2), 1, 4.0)
        else:
            y = conv2d(y, self.weight, padding=self.weight.shape[2] // 2)
        if not self.demodulate:
            return y
        each = self.weight * styles[:, None, :, None, None]
        return y * (each.square().sum((2, 3, 4)) + 1e-8).rsqrt()[:, :, None, None]


class Layer(nn.Module):
    """A modulated 3×3 convolution with noise, bias and activation."""

    def __init__(self, o: Any, before: int, after: int, *, doubles: bool = False) -> None:
        super().__init__()
        self.conv = Modulated(o, before, after, 3, demodulate=True, doubles=doubles)
        self.strength, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(after, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Noise is drawn here."""
        x = self.conv(x, w)
        return active(x + torch.randn(len(x), 1, *x.shape[2:]) * self.strength + self.bias)


class ToImage(nn.Module):
    """A modulated 1×1 convolution to one channel, and a bias."""

    def __init__(self, o: Any, before: int) -> None:
        super().__init__()
        self.conv, self.bias = Modulated(o, before, 1, 1, demodulate=False), nn.Parameter(torch.zeros(1, 1, 1))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[N, before, h, w] → [N, 1, h, w]."""
        return self.conv(x, w) + self.bias


class Generator(nn.Module):
    """z [N, z_dim] → images [N, 1, 8, 8], by sizes 4 and 8."""

    def __init__(self, o: Any) -> None:
        super().__init__()
        widths = [o.z_dim, *[o.w_dim] * o.mapping]
        self.mapping = nn.ModuleList(Linear(*pair, speed=SPEED) for pair in itertools.pairwise(widths))
        self.register_buffer("mean", torch.zeros(o.w_dim))
        wide = 2 * o.width
        self.constant = nn.Parameter(torch.randn(1, wide, SIDE // 2, SIDE // 2))
        self.first, self.first_image = Layer(o, wide, wide), ToImage(o, wide)
        self.second, self.third = Layer(o, wide, o.width, doubles=True), Layer(o, o.width, o.width)
        self.image = ToImage(o, o.width)

    def latents(self, z: Tensor) -> Tensor:
        """w of z; its mean is followed."""
        w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping:
            w = active(layer(w))
        self.mean.copy_(w.detach().mean(0).lerp(self.mean, MEMORY))
        return w

    def forward(self, z: Tensor) -> Tensor:
        """Images."""
        w = self.latents(z)
        x = self.first(self.constant.repeat(len(z), 1, 1, 1), w)
        small = self.first_image(x, w)
        x = self.third(self.second(x, w), w)
        return conv_transpose2d(small, 4 * KERNEL[None, None], stride=2, padding=1) + self.image(x, w)


class Discriminator(nn.Module):
    """Images [N, 1, 8, 8] → logits [N]."""

    def __init__(self, o: Any) -> None:
        super().__init__()
        wide = 2 * o.width
        self.group = o.group
        self.blocks = nn.Sequential(Conv(1, o.width, 1), Conv(o.width, o.width, 3), Conv(o.width, wide, 3, halves=True))
        self.last = Conv(wide + 1, wide, 3)
        self.dense, self.logit = Linear(wide * (SIDE // 2) ** 2, wide), Linear(wide, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.last(self.with_deviation(self.blocks(x)))
        return self.logit(active(self.dense(x.flatten(1)))).squeeze(1)

    def with_deviation(self, x: Tensor) -> Tensor:
        """One more channel: the mean deviation over groups of samples."""
        group = math.gcd(len(x), self.group)
        y = x.reshape(group, -1, *x.shape[1:])
        y = y - y.mean(0)
        y = (y.square().mean(0) + 1e-8).sqrt().mean((1, 2, 3))
        return torch.cat((x, y.reshape(-1, 1, 1, 1).repeat(group, 1, *x.shape[2:])), 1)


def stylegan(task: Task) -> Step:
    """G, then D in two passes, and now and then D along R1 alone."""
    o, steps = task.options, itertools.count()
    written_for(o, residual=False, path_weight=0.0, mixing=0.0)
    g, d = Generator(o), Discriminator(o)
    same_networks((g, d), build(o, task.data.spec.shape, task.latent.noise))
    part = o.r1_interval / (o.r1_interval + 1) if o.gamma else 1.0
    g_adam, d_adam = adam(g.parameters(), o.lr, 0.0, o.beta2), adam(d.parameters(), o.lr * part, 0.0, o.beta2**part)
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def moves(one: nn.Module, other: nn.Module) -> None:
        one.requires_grad_(True)
        other.requires_grad_(False)

    def step() -> tuple[float, float]:
        moves(g, d)
        g_loss = softplus(-d(g(torch.randn(o.batch, o.z_dim)))).mean()
        descend(g_adam, g_loss)
        moves(d, g)
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim))
        d_loss = softplus(-d(real)).mean() + softplus(d(fake)).mean()
        descend(d_adam, d_loss)
        if o.gamma and next(steps) % o.r1_interval == 0:
            real.requires_grad_()
            (slope,) = torch.autograd.grad(d(real).sum(), real, create_graph=True)
            descend(d_adam, o.r1_interval * o.gamma / 2 * slope.square().sum((1, 2, 3)).mean())
        average()
        return d_loss.item(), g_loss.item()

    return step
