"""Residual networks for GANs (Miyato et al. 2018, appendix B.4; Gulrajani et al. 2017), for any size from 8 to 64.

The generator's base is 4 to 7 pixels on the shorter side (2 for images of 8); each block doubles the size, cropped by
one where that is odd. All blocks have the same number of channels, as in the paper's networks for CIFAR-10.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, relu

from ganzoo_torch.names import Norm
from ganzoo_torch.networks import Shape, pyramid, stages
from ganzoo_torch.norms import activations, of_generator, with_labels

PLAIN = 2  # blocks of the discriminator that keep the size, after those that halve it


def conv(before: int, after: int, size: int = 3) -> nn.Conv2d:
    """A convolution that keeps the size, Glorot-uniform weights, zero bias."""
    layer = nn.Conv2d(before, after, size, padding=size // 2)
    nn.init.xavier_uniform_(layer.weight, gain=2**0.5 if size == 3 else 1.0)
    nn.init.zeros_(layer.bias)
    return layer


class UpBlock(nn.Module):
    """norm, ReLU, nearest upsampling, 3×3, norm, ReLU, 3×3, beside an upsampled 1×1."""

    def __init__(self, before: int, after: int, size: tuple[int, int], norm: Norm, classes: int) -> None:
        super().__init__()
        self.size = size
        self.norms = nn.ModuleList([of_generator(norm, before, classes), of_generator(norm, after, classes)])
        self.convs = nn.ModuleList([conv(before, after), conv(after, after)])
        self.shortcut = conv(before, after, 1)

    def forward(self, x: Tensor, y: Tensor | None) -> Tensor:
        """[N, before, h, w] → [N, after, *size]."""
        h = self.convs[0](self._up(relu(with_labels(self.norms[0], x, y))))
        h = self.convs[1](relu(with_labels(self.norms[1], h, y)))
        return h + self._up(self.shortcut(x))  # a 1×1 before or after the upsampling is the same

    def _up(self, x: Tensor) -> Tensor:
        height, width = self.size
        return interpolate(x, scale_factor=2.0, mode="nearest")[:, :, :height, :width]


class ResNetGenerator(nn.Module):
    """z [N, z_dim], and labels where there are classes → images [N, C, H, W] in [-1, 1]."""

    def __init__(
        self, input_sizes: dict[str, int], shape: Shape, width: int, *, norm: Norm = "batch", classes: int = 0
    ) -> None:
        super().__init__()
        self.input_sizes = input_sizes
        channels, height, breadth = shape
        *sizes, base = pyramid(height, breadth, dense=True)
        self.project = nn.Linear(input_sizes["z"], width * base[0] * base[1])
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        self.unflatten = nn.Unflatten(1, (width, *base))
        self.blocks = nn.ModuleList(UpBlock(width, width, size, norm, classes) for size in reversed(sizes))
        self.norm = of_generator(norm, width, 0)
        self.out = conv(width, channels)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Images for ``z`` and, where there are classes, labels ``y`` int64 [N]."""
        x = self.unflatten(self.project(z))
        for block in self.blocks:
            x = block(x, y)
        return self.out(relu(self.norm(x))).tanh()


class DownBlock(nn.Module):
    """(norm,) ReLU, 3×3, (norm,) ReLU, 3×3, average pooling where it ``halves``, beside a 1×1 and the same pooling.

    The first block of a network reads pixels: it has no ReLU before its first convolution.
    """

    def __init__(self, before: int, after: int, norm: Norm, *, halves: bool, first: bool = False) -> None:
        super().__init__()
        self.halves, self.first = halves, first
        quiet: Norm = "none" if first else norm
        self.norms = nn.ModuleList(
            [activations(quiet, before, statistics=False), activations(norm, after, statistics=False)]
        )
        self.convs = nn.ModuleList([conv(before, after), conv(after, after)])
        self.shortcut = conv(before, after, 1) if halves or before != after else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, h, w] → [N, after, h, w], or half of that size."""
        h = self.convs[0](x if self.first else relu(self.norms[0](x)))
        h = self.convs[1](relu(self.norms[1](h)))
        if not self.halves:
            return h + self.shortcut(x)
        return avg_pool2d(h, 2) + self.shortcut(avg_pool2d(x, 2))  # pooling first is the same for a 1×1, and cheaper


class ResNetTrunk(nn.Module):
    """Images [N, C, H, W] → features [N, width]: blocks that halve, two that do not, ReLU, the sum over places."""

    def __init__(self, shape: Shape, width: int, *, norm: Norm, dropout: float = 0.0) -> None:
        super().__init__()
        channels, height, breadth = shape
        halving = stages(height, breadth, dense=True)
        widths = [channels, *[width] * (halving + PLAIN)]
        self.blocks = nn.ModuleList(
            DownBlock(before, after, norm, halves=number < halving, first=number == 0)
            for number, (before, after) in enumerate(pairwise(widths))
        )
        self.dropout = nn.Dropout(dropout)
        self.features = width

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of images."""
        for block in self.blocks:
            x = self.dropout(block(x))
        return relu(x).sum((2, 3))
