"""Densely connected networks for GANs: every layer of a block reads what all layers before it gave (Huang et al. 2017).

A block of ``LAYERS`` layers adds as many times ``width`` channels; a 1×1 convolution then halves the channels, and the
size is doubled (generator, nearest neighbour) or halved (discriminator, average pooling).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu, relu

from ganzoo_torch.names import Norm
from ganzoo_torch.networks import Shape, pyramid, stages
from ganzoo_torch.norms import activations, of_generator, with_labels

LAYERS = 3
SLOPE = 0.2


class DenseBlock(nn.Module):
    """``LAYERS`` times: norm, activation, 3×3 to ``growth`` channels, joined to what came in."""

    def __init__(self, before: int, growth: int, norms: list[nn.Module], slope: float) -> None:
        super().__init__()
        self.slope = slope
        self.norms = nn.ModuleList(norms)
        self.convs = nn.ModuleList(nn.Conv2d(before + i * growth, growth, 3, padding=1) for i in range(len(norms)))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """[N, before, h, w] → [N, before + layers · growth, h, w]."""
        for norm, conv in zip(self.norms, self.convs, strict=True):
            h = leaky_relu(with_labels(norm, x, y), self.slope)
            x = torch.cat((x, conv(h)), 1)
        return x


def _widths(width: int, blocks: int) -> list[tuple[int, int]]:
    """Channels before each block and after it: 2·width at first, then half of what the block before gave."""
    found, before = [], 2 * width
    for _ in range(blocks):
        found.append((before, before + LAYERS * width))
        before = found[-1][1] // 2
    return found


class DenseNetGenerator(nn.Module):
    """z [N, z_dim], and labels where there are classes → images [N, C, H, W] in [-1, 1]."""

    def __init__(
        self, input_sizes: dict[str, int], shape: Shape, width: int, *, norm: Norm = "batch", classes: int = 0
    ) -> None:
        super().__init__()
        self.input_sizes = input_sizes
        channels, height, breadth = shape
        *sizes, base = pyramid(height, breadth, dense=True)
        self.sizes = sizes[::-1]
        widths = _widths(width, len(sizes))
        self.project = nn.Linear(input_sizes["z"], 2 * width * base[0] * base[1])
        self.unflatten = nn.Unflatten(1, (2 * width, *base))
        self.blocks = nn.ModuleList(
            DenseBlock(before, width, [of_generator(norm, before + i * width, classes) for i in range(LAYERS)], 0.0)
            for before, _ in widths
        )
        self.transitions = nn.ModuleList(nn.Conv2d(after, after // 2, 1) for _, after in widths)
        self.norm = of_generator(norm, widths[-1][1] // 2, 0)
        self.out = nn.Conv2d(widths[-1][1] // 2, channels, 3, padding=1)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Images for ``z`` and, where there are classes, labels ``y`` int64 [N]."""
        x = self.unflatten(self.project(z))
        for block, transition, (height, width) in zip(self.blocks, self.transitions, self.sizes, strict=True):
            x = interpolate(transition(block(x, y)), scale_factor=2.0, mode="nearest")[:, :, :height, :width]
        return self.out(relu(self.norm(x))).tanh()


class DenseNetTrunk(nn.Module):
    """Images [N, C, H, W] → features [N, ``features``], flat."""

    def __init__(self, shape: Shape, width: int, *, norm: Norm, dropout: float = 0.0) -> None:
        super().__init__()
        channels, height, breadth = shape
        depth = stages(height, breadth, dense=True)
        widths = _widths(width, depth)
        self.entry = nn.Conv2d(channels, 2 * width, 3, padding=1)
        self.blocks = nn.ModuleList(
            DenseBlock(
                before, width, [activations(norm, before + i * width, statistics=False) for i in range(LAYERS)], SLOPE
            )
            for before, _ in widths
        )
        self.transitions = nn.ModuleList(nn.Conv2d(after, after // 2, 1) for _, after in widths)
        self.dropout = nn.Dropout(dropout)
        self.features = widths[-1][1] // 2 * (height >> depth) * (breadth >> depth)

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of images."""
        x = self.entry(x)
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            x = self.dropout(avg_pool2d(transition(block(x)), 2))
        return leaky_relu(x.flatten(1), SLOPE)
