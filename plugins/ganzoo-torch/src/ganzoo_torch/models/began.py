"""BEGAN (Berthelot, Schumm and Metz 2017): networks, losses, the balance, one update step, training.

D is an autoencoder; what it says of an image v is the error L(v) = mean |v − D(v)| (eq. 1). D learns to reconstruct
real images well and G's badly, G to make images that D reconstructs well. A weight k keeps L(G(z)) near γ·L(x).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.initialisation import initialise
from ganzoo_torch.networks import Shape

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.began import BeganOptions

BASE = 8


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from the image down to the base: halved, rounded up, until the shorter side is at most 8, at least once."""
    sizes = [(height, width)]
    while len(sizes) == 1 or min(sizes[-1]) > BASE:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


def conv(before: int, after: int, *, stride: int = 1) -> nn.Sequential:
    """A 3×3 convolution and an ELU; with stride 2 the size is halved and rounded up."""
    return nn.Sequential(nn.Conv2d(before, after, kernel_size=3, stride=stride, padding=1), nn.ELU())


class Enlarge(nn.Module):
    """Doubles the size by nearest neighbours, cropped to ``size`` where that is odd."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, h, w] → [N, C, *size]."""
        height, width = self.size
        return interpolate(x, scale_factor=2, mode="nearest")[:, :, :height, :width]


class Decoder(nn.Module):
    """Codes [N, code] → images [N, C, H, W]: two convolutions of ``width`` channels at every size (figure 1).

    The output is linear.
    """

    def __init__(self, code: int, shape: Shape, width: int) -> None:
        super().__init__()
        channels, *sides = shape
        *sizes, base = pyramid(*sides)
        layers: list[nn.Module] = [nn.Linear(code, width * base[0] * base[1]), nn.Unflatten(1, (width, *base))]
        layers += [conv(width, width), conv(width, width)]
        for size in reversed(sizes):
            layers += [Enlarge(size), conv(width, width), conv(width, width)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, channels, kernel_size=3, padding=1))

    def forward(self, z: Tensor) -> Tensor:
        """Images of codes."""
        return self.layers(z)


class Encoder(nn.Module):
    """Images [N, C, H, W] → codes [N, code]: n, 2n, 3n … channels, a linear code (figure 1)."""

    def __init__(self, code: int, shape: Shape, width: int) -> None:
        super().__init__()
        channels, *sides = shape
        sizes = pyramid(*sides)
        widths = [width * number for number in range(1, len(sizes) + 1)]
        layers: list[nn.Module] = [conv(channels, width)]
        for before, after in pairwise(widths):
            layers += [conv(before, before), conv(before, after, stride=2)]
        layers += [conv(widths[-1], widths[-1]), nn.Flatten()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1] * sizes[-1][0] * sizes[-1][1], code))

    def forward(self, x: Tensor) -> Tensor:
        """Codes of images."""
        return self.layers(x)


class Generator(nn.Module):
    """z [N, z_dim] → images [N, C, H, W]: D's decoder with weights of its own. In inference clipped to [-1, 1]."""

    def __init__(self, z_dim: int, shape: Shape, width: int) -> None:
        super().__init__()
        self.input_sizes = {"z": z_dim}
        self.decoder = Decoder(z_dim, shape, width)

    def forward(self, z: Tensor) -> Tensor:
        """Images for ``z``."""
        x = self.decoder(z)
        return x if self.training else x.clamp(-1, 1)


def build(o: BeganOptions, shape: Shape) -> tuple[Generator, nn.Module]:
    """Generator and autoencoder; the code is as large as z."""
    g = Generator(o.z_dim, shape, o.width)
    d = nn.Sequential(Encoder(o.z_dim, shape, o.width), Decoder(o.z_dim, shape, o.width))
    for net in (g, d):
        initialise(net, "glorot")
    return g, d


class Balance(nn.Module):
    """k of eq. 4: starts at 0, stays in [0, 1]. A module, so that it is saved with the networks."""

    def __init__(self, gamma: float, lambda_k: float) -> None:
        super().__init__()
        self.gamma = gamma
        self.lambda_k = lambda_k
        self.k: Tensor
        self.register_buffer("k", torch.zeros(()))

    def losses(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """D's and G's loss of the mean errors L(x) and L(G(z)): L(x) − k·L(G(z)), and L(G(z))."""
        return real - self.k * fake, fake

    @torch.no_grad()
    def update(self, real: Tensor, fake: Tensor) -> None:
        """k ← k + λ_k (γ·L(x) − L(G(z))), after the networks' update, from errors before it."""
        self.k.add_(self.lambda_k * (self.gamma * real - fake)).clamp_(0, 1)

    @torch.no_grad()
    def convergence(self, real: Tensor, fake: Tensor) -> Tensor:
        """M = L(x) + |γ·L(x) − L(G(z))| (section 3.4.1): falls as images get better and the balance holds."""
        return real + (self.gamma * real - fake).abs()


def errors(d: nn.Module, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """L(x) and L(G(z)): the mean absolute errors of reconstruction, over images, channels and pixels (eq. 1)."""
    both = torch.cat((real, fake))
    of_real, of_fake = (d(both) - both).abs().tensor_split(2)
    return of_real.mean(), of_fake.mean()


def step_both(
    g: nn.Module, d: nn.Module, optimisers: tuple[Optimizer, Optimizer], balance: Balance, real: Tensor, z: Tensor
) -> dict[str, Tensor]:
    """Update D and G once, both from one forward pass, then k. Returns what is logged, of before the update."""
    found = errors(d, real, g(z))
    d_loss, g_loss = balance.losses(*found)
    g_optimiser, d_optimiser = optimisers
    kit.descend_both(d_optimiser, d_loss, g_optimiser, g_loss)
    k, measure = balance.k.clone(), balance.convergence(*found)
    balance.update(*found)
    return {"d_loss": d_loss.detach(), "g_loss": g_loss.detach(), "k": k, "convergence": measure}


def rate(o: BeganOptions, step: int) -> float:
    """Adam's rate at a step: halved every ``lr_halving`` steps while that is not below ``lr_floor``."""
    return max(o.lr * 0.5 ** (step // o.lr_halving), min(o.lr, o.lr_floor))


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train BEGAN: D, G and k in every step. Returns G (or its average) in inference mode."""
    o: BeganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = (net.to(device) for net in build(o, run.data.spec.shape))
        optimisers = kit.adam(g.parameters(), o.lr, o.beta1), kit.adam(d.parameters(), o.lr, o.beta1)
        balance = Balance(o.gamma, o.lambda_k).to(device)
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        nets = {"g": g, "d": d, "balance": balance, **ema.nets}
        state = kit.State(nets, dict(zip("gd", optimisers, strict=True)))
        for step in run.steps(o.steps, state=state):
            kit.schedule(optimisers, lr=rate(o, step))
            z = feed.latents(o.batch, step, "both")["z"]
            logged = step_both(g, d, optimisers, balance, feed.reals(o.batch, step), z)
            ema.update(step)
            run.log(**logged)
    return ema.result.eval()
