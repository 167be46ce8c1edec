"""Networks that several variants share: DCGAN-style convolutions for any size from 8 to 64, and plain MLPs."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from ganzoo_torch.fast_layers import THIN, ChannelsLast, ThinConv, ThinUpsampling
from ganzoo_torch.names import Norm
from ganzoo_torch.norms import activations, of_generator, through

Shape = tuple[int, ...]


def stages(height: int, width: int, *, dense: bool) -> int:
    """How often the size is halved: until the shorter side is about 4 (28 → 14 → 7 → 4), but at least twice.

    With a ``dense`` layer between, it stops earlier, at 7 or less (28 → 14 → 7, as in InfoGAN's Appendix C.1); without
    one, D would there judge the whole of a digit by one linear layer.
    """
    halvings = math.log2(min(height, width) / 4)
    return max(2, int(halvings) if dense else round(halvings))


def pyramid(height: int, width: int, *, dense: bool = False) -> list[tuple[int, int]]:
    """Sizes from the image down to the base, halved and rounded up: 28×28 → [(28, 28), (14, 14), (7, 7), (4, 4)]."""
    sizes = [(height, width)]
    for _ in range(stages(height, width, dense=dense)):
        sizes.append(tuple(-(-side // 2) for side in sizes[-1]))  # type: ignore[arg-type]  # two sides in, two out
    return sizes


def dcgan_init(net: nn.Module) -> None:
    """Weights N(0, .02), batch-norm scales N(1, .02), biases 0 (Radford et al. 2015, section 4, and its code)."""
    for part in net.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(part.weight, 0.0, 0.02)
        elif isinstance(part, nn.BatchNorm2d | nn.BatchNorm1d) and part.affine:
            nn.init.normal_(part.weight, 1.0, 0.02)
        else:
            continue
        if part.bias is not None:
            nn.init.zeros_(part.bias)


class Upsample(nn.Module):
    """Transposed convolution that doubles the size, cropped to ``size`` where that is odd.

    With ``groups`` it is as many convolutions side by side, each of its own part of the channels.
    """

    def __init__(self, before: int, after: int, size: tuple[int, int], *, bias: bool, groups: int = 1) -> None:
        super().__init__()
        kind = ThinUpsampling if after <= THIN and groups == 1 else nn.ConvTranspose2d
        self.conv = kind(before, after, kernel_size=4, stride=2, padding=1, bias=bias, groups=groups)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, h, w] → [N, after, *size], where ``size`` is 2h × 2w or one less."""
        x = self.conv(x)
        height, width = self.size
        return x if x.shape[2:] == self.size else x[:, :, :height, :width]


class ConvGenerator(nn.Module):
    """Latents [N, k] → images [N, C, H, W] in [-1, 1]: projection, then transposed convolutions, BN and ReLU, tanh.

    ``width`` channels enter the last layer, twice as many each layer before it. ``hidden`` > 0 puts a fully
    connected layer in front (InfoGAN). ``input_sizes`` names the inputs; all but the label ``y`` are joined, and ``y``
    chooses the scale and shift after each normalisation, for ``classes`` > 0.
    """

    def __init__(
        self,
        input_sizes: dict[str, int],
        shape: Shape,
        width: int,
        *,
        hidden: int = 0,
        norm: Norm = "batch",
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.input_sizes = input_sizes
        channels, height, breadth = shape
        *sizes, base = pyramid(height, breadth, dense=hidden > 0)
        widths = [width * 2**i for i in reversed(range(len(sizes)))]
        entry = sum(input_sizes.values())
        bias = norm in ("none", "spectral") and not classes
        layers: list[nn.Module] = []
        if hidden:
            layers += [nn.Linear(entry, hidden, bias=bias), of_generator(norm, hidden, classes), nn.ReLU()]
            entry = hidden
        layers += [nn.Linear(entry, widths[0] * base[0] * base[1], bias=bias), nn.Unflatten(1, (widths[0], *base))]
        layers += [ChannelsLast(), of_generator(norm, widths[0], classes), nn.ReLU()]
        for (before, after), size in zip(pairwise(widths), reversed(sizes), strict=False):
            layers += [Upsample(before, after, size, bias=bias), of_generator(norm, after, classes), nn.ReLU()]
        layers += [Upsample(widths[-1], channels, sizes[0], bias=True), nn.Tanh()]
        self.layers = nn.Sequential(*layers)
        dcgan_init(self)

    def forward(self, z: Tensor, c: Tensor | None = None, y: Tensor | None = None) -> Tensor:
        """Images for ``z`` [N, z_dim] and, where declared, ``c`` [N, code_dim] and labels ``y`` int64 [N]."""
        return through(self.layers, z if c is None else torch.cat((z, c), 1), y)


class ConvTrunk(nn.Module):
    """Images [N, C, H, W] → features [N, ``features``]: strided convolutions, leaky ReLU, normed but for the first."""

    def __init__(
        self, shape: Shape, width: int, *, slope: float = 0.2, norm: Norm, dense: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        channels, height, breadth = shape
        depth = stages(height, breadth, dense=dense)
        widths = [channels, *(width * 2**i for i in range(depth))]
        layers: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise(widths)):
            normed = norm not in ("none", "spectral") and number > 0
            kind = ThinConv if before <= THIN else nn.Conv2d
            layers.append(kind(before, after, kernel_size=4, stride=2, padding=1, bias=not normed))
            layers += [activations(norm, after, statistics=False)] if normed else []
            layers.append(nn.LeakyReLU(slope))
            layers += [nn.Dropout(dropout)] if dropout else []
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.features = widths[-1] * (height >> depth) * (breadth >> depth)
        dcgan_init(self)

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of images."""
        return self.layers(x)


def mlp(entry: int, hidden: int, exit_: int, *, depth: int = 3) -> nn.Sequential:
    """``depth`` hidden ReLU layers and a linear output, with PyTorch's default initialisation."""
    widths = [entry, *[hidden] * depth]
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(hidden, exit_))


class MlpGenerator(nn.Module):
    """z [N, z_dim], and labels where there are classes → images [N, C, H, W] in [-1, 1], or points [N, d].

    Three hidden ReLU layers, normed; tanh for images, nothing for points.
    """

    def __init__(
        self, input_sizes: dict[str, int], shape: Shape, hidden: int, *, norm: Norm = "batch", classes: int = 0
    ) -> None:
        super().__init__()
        self.input_sizes = input_sizes
        normed = bool(classes) or norm not in ("none", "spectral")
        layers: list[nn.Module] = []
        for before in (input_sizes["z"], hidden, hidden):
            norms = [of_generator(norm, hidden, classes)] if normed else []
            layers += [nn.Linear(before, hidden), *norms, nn.ReLU()]
        layers += [nn.Linear(hidden, math.prod(shape))]
        layers += [nn.Unflatten(1, shape), nn.Tanh()] if len(shape) > 1 else []
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Samples for ``z`` and, where there are classes, labels ``y`` int64 [N]."""
        return through(self.layers, z, y)
