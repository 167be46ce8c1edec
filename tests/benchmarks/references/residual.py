"""PyTorch references of GANs with residual networks, these in torch's own layers."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, interpolate, leaky_relu, relu, softplus
from torch.nn.utils.parametrizations import spectral_norm

from references import Step, Task
from references.torch_loop import adam, averaged, descend, reals, same_networks


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


def sngan(task: Task) -> Step:
    """G on twice the batch, then D on reals and fakes in two passes, n_critic times."""
    from ganzoo_torch.models.sngan import build, rate

    o = task.options
    g, d = sngan_networks(o)
    same_networks((g, d), build(o, task.data.spec.shape, 0))
    g_adam, d_adam = (adam(net.parameters(), o.lr, o.beta1, o.beta2) for net in (g, d))
    decays = [
        torch.optim.lr_scheduler.LambdaLR(each, lambda n: rate(o, min(n, o.steps)) / o.lr) for each in (g_adam, d_adam)
    ]
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def critic_step() -> float:
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim))
        real = real + torch.rand_like(real) / 128
        loss = relu(1 - d(real)).mean() + relu(1 + d(fake.detach())).mean()
        descend(d_adam, loss)
        return loss.item()

    def step() -> tuple[float, float]:
        g_loss = -d(g(torch.randn(2 * o.batch, o.z_dim))).mean()
        descend(g_adam, g_loss)
        for _ in range(o.n_critic):
            d_loss = critic_step()
        for decay in decays:
            decay.step()
        average()
        return d_loss, g_loss.item()

    return step


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


def r3gan(task: Task) -> Step:
    """D on reals and fakes in two passes, each with its penalty; then G against the reals."""
    from ganzoo_torch.models.r3gan import build, cosine

    o, steps = task.options, itertools.count()
    g, d = r3gan_networks(o)
    same_networks((g, d), build(o, task.data.spec.shape))
    adams = g_adam, d_adam = [adam(net.parameters(), o.lr, 0.0, o.beta2) for net in (g, d)]
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def penalty(logits: Tensor, x: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
        return slope.square().sum((1, 2, 3))

    def step() -> tuple[float, float]:
        now = min(next(steps), o.steps)
        for group in (group for optimiser in adams for group in optimiser.param_groups):
            group.update(lr=cosine(o.lr, o.lr_end, o, now), betas=(0.0, cosine(o.beta2, o.beta2_end, o, now)))
        real = next(batches).requires_grad_()
        fake = g(torch.randn(o.batch, o.z_dim)).detach().requires_grad_()
        of_real, of_fake = d(real), d(fake)
        penalties = penalty(of_real, real) + penalty(of_fake, fake)
        d_loss = softplus(of_fake - of_real).mean()
        descend(d_adam, d_loss + cosine(o.gamma, o.gamma_end, o, now) / 2 * penalties.mean())
        g_loss = softplus(d(real.detach()) - d(g(torch.randn(o.batch, o.z_dim)))).mean()
        descend(g_adam, g_loss)
        average()
        return d_loss.item(), g_loss.item()

    return step
