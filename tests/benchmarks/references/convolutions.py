"""The plugins' convolutional networks for 8×8 images in torch's own layers, as reference scripts write them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from ganzoo_torch.networks import dcgan_init
from torch import nn

from references.torch_loop import same_networks


def generator_layers(entry: int, width: int, hidden: int = 0) -> list[list[nn.Module]]:
    """Layers with what follows them: ``hidden`` units if any, a projection, two transposed convolutions."""
    front = [[nn.Linear(entry, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()]] if hidden else []
    return [
        *front,
        [
            nn.Linear(hidden or entry, 8 * width, bias=False),
            nn.Unflatten(1, (2 * width, 2, 2)),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
        ],
        [nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()],
        [nn.ConvTranspose2d(width, 1, 4, 2, 1), nn.Tanh()],
    ]


def generator(entry: int, width: int, hidden: int = 0) -> nn.Sequential:
    """Latents [N, entry] → images [N, 1, 8, 8]."""
    return nn.Sequential(*chain.from_iterable(generator_layers(entry, width, hidden)))


def features(width: int, side: int = 8) -> int:
    """How many features a trunk gives for images of this side."""
    return 2 * width * (side // 4) ** 2


def trunk(width: int, *, norm: bool, slope: float = 0.2, channels: int = 1, dropout: float = 0.0) -> list[nn.Module]:
    """Images [N, channels, h, w] → their features, by two convolutions."""
    norms = [nn.BatchNorm2d(2 * width, track_running_stats=False)] if norm else []
    drops = [[nn.Dropout(dropout)] if dropout else [] for _ in range(2)]
    return [
        nn.Conv2d(channels, width, 4, 2, 1),
        nn.LeakyReLU(slope),
        *drops[0],
        nn.Conv2d(width, 2 * width, 4, 2, 1, bias=not norm),
        *norms,
        nn.LeakyReLU(slope),
        *drops[1],
        nn.Flatten(),
    ]


def discriminator(width: int, *, norm: bool, side: int = 8, **details: Any) -> nn.Sequential:
    """Images → one logit each, [N]; ``details`` are the trunk's."""
    return nn.Sequential(*trunk(width, norm=norm, **details), nn.Linear(features(width, side), 1), nn.Flatten(0))


def alike(plain: Sequence[nn.Module], own: Sequence[nn.Module]) -> Sequence[nn.Module]:
    """The reference's networks, found to be the plugin's, with DCGAN's initial weights."""
    same_networks(plain, own)
    for net in plain:
        dcgan_init(net)
    return plain
