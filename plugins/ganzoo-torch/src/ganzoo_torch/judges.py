"""Discriminators put together of a trunk that gives features and a linear logit, and the usual pair of networks."""

from __future__ import annotations

import math
from typing import Protocol

from torch import Tensor, nn

from ganzoo_torch.names import Norm
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, MlpGenerator, Shape
from ganzoo_torch.norms import activations


class Trunk(Protocol):
    """What a discriminator stands on: a module from samples [N, ...] to features [N, ``features``]."""

    features: int

    def __call__(self, x: Tensor) -> Tensor:
        """Features of a batch."""


class Judge(nn.Module):
    """One logit per sample [N]: linear in a trunk's features h, plus ⟨embed(y), h⟩ where there are classes.

    The inner product is the projection of Miyato and Koyama 2018 (arXiv:1802.05637, eq. 3).
    """

    def __init__(self, trunk: Trunk, classes: int = 0, *, bias: bool = True) -> None:
        super().__init__()
        self.trunk = trunk
        self.logit = nn.Linear(trunk.features, 1, bias=bias)
        self.embed = nn.Embedding(classes, trunk.features) if classes else None

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Logits of samples [N, ...] with, where there are classes, labels ``y`` int64 [N]."""
        h = self.trunk(x)
        logit = self.logit(h).squeeze(1)
        return logit if self.embed is None else logit + (self.embed(y) * h).sum(1)


class MlpTrunk(nn.Module):
    """Samples of any shape → features [N, hidden]: three hidden layers, normed but for the first, leaky ReLU."""

    def __init__(self, shape: Shape, hidden: int, *, norm: Norm, dropout: float = 0.0, slope: float = 0.2) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for number, before in enumerate((math.prod(shape), hidden, hidden)):
            layers += [nn.Linear(before, hidden)]
            layers += [activations(norm, hidden, statistics=False)] if number else []
            layers += [nn.LeakyReLU(slope), *([nn.Dropout(dropout)] if dropout else [])]
        self.layers = nn.Sequential(*layers)
        self.features = hidden

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of samples."""
        return self.layers(x)


def usual_generator(z_dim: int, shape: Shape, *, width: int, hidden: int) -> MlpGenerator | ConvGenerator:
    """DCGAN's generator for images (C, H, W), an MLP without normalisation for points (d,)."""
    inputs = {"z": z_dim}
    points = len(shape) == 1
    return MlpGenerator(inputs, shape, hidden, norm="none") if points else ConvGenerator(inputs, shape, width)


def usual_trunk(shape: Shape, *, width: int, hidden: int, norm: Norm) -> MlpTrunk | ConvTrunk:
    """DCGAN's trunk with ``norm`` for images (C, H, W), an MLP without normalisation for points (d,)."""
    return MlpTrunk(shape, hidden, norm="none") if len(shape) == 1 else ConvTrunk(shape, width, norm=norm)


def usual_pair(shape: Shape, z_dim: int, *, width: int, hidden: int, norm: Norm) -> tuple[nn.Module, nn.Module]:
    """DCGAN's generator and discriminator for images (C, H, W), MLPs without normalisation for points (d,).

    ``norm`` is the discriminator's for images.
    """
    g = usual_generator(z_dim, shape, width=width, hidden=hidden)
    return g, Judge(usual_trunk(shape, width=width, hidden=hidden, norm=norm))
