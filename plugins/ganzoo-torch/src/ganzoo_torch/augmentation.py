"""Differentiable augmentation (DiffAugment; Zhao et al. 2020, arXiv:2006.10738): D only ever sees augmented samples.

The same random law is applied to real and fake images, in D's and in G's step, and gradients pass through it. Images
are [N, C, H, W] in [−1, 1]. All randomness comes from torch's default generator; every sample has draws of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

Augmentation = Callable[[Tensor], Tensor]


def _each(x: Tensor) -> Tensor:
    """U(0, 1) for each image: [N, 1, 1, 1]."""
    return torch.rand(len(x), 1, 1, 1, device=x.device)


def colour(x: Tensor) -> Tensor:
    """Brightness by ±½, saturation by 0 to 2, contrast by ½ to 3/2, in this order."""
    x = x + _each(x) - 0.5
    grey = x.mean(1, keepdim=True)
    x = grey + 2 * _each(x) * (x - grey)
    mean = x.mean((1, 2, 3), keepdim=True)
    return mean + (0.5 + _each(x)) * (x - mean)


def translate(x: Tensor) -> Tensor:
    """Shift by up to an eighth of each side, at least by one pixel; what comes in is 0, mid-grey."""
    height, width = x.shape[2:]
    reach = max(1, (height + 4) // 8), max(1, (width + 4) // 8)
    rows = _window(x, height, reach[0])
    columns = _window(x, width, reach[1])
    padded = pad(x, (reach[1], reach[1], reach[0], reach[0]))
    batch = torch.arange(len(x), device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[batch, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def _window(x: Tensor, size: int, reach: int) -> Tensor:
    """For each image the places of ``size`` neighbours in a side padded by ``reach``: int64 [N, size]."""
    shift = torch.randint(0, 2 * reach + 1, (len(x), 1), device=x.device)
    return shift + torch.arange(size, device=x.device)


def cutout(x: Tensor) -> Tensor:
    """A rectangle of half the sides, anywhere in the image and partly beyond it, is 0."""
    height, width = x.shape[2:]
    rows, columns = (_outside(x, side) for side in (height, width))
    return x * (rows[:, None, :, None] | columns[:, None, None, :])


def _outside(x: Tensor, side: int) -> Tensor:
    """For each image, which places of a side a stretch of half of it does not cover: bool [N, side]."""
    length = max(1, side // 2)
    centre = torch.randint(0, side + 1 - length % 2, (len(x), 1), device=x.device)
    place = torch.arange(side, device=x.device) - centre + length // 2
    return (place < 0) | (place >= length)


STEPS = {"colour": colour, "translation": translate, "cutout": cutout}


def policy(name: str) -> Augmentation:
    """The augmentation that a name such as ``translation+cutout`` stands for; ``none`` leaves samples as they are."""
    steps = [] if name == "none" else [STEPS[part] for part in name.split("+")]

    def apply(x: Tensor) -> Tensor:
        for step in steps:
            x = step(x)
        return x

    return apply
