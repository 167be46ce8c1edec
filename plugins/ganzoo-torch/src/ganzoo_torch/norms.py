"""Normalisation by name, for discriminators and generators, with and without class labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from ganzoo_torch.names import Norm

WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.Embedding)


def activations(kind: Norm, channels: int, *, statistics: bool = True) -> nn.Module:
    """A layer that normalises activations [N, channels, ...]; one that does nothing for ``none`` and ``spectral``.

    Layer norm takes all of a sample together (one group), instance norm each channel, group norm the largest number of
    groups up to 8 that divides the channels; each has a scale and a shift per channel. Batch norm without
    ``statistics`` keeps no running averages: for networks that only ever see training batches.
    """
    if kind == "batch":
        return batch(channels, statistics=statistics)
    if kind in ("layer", "group", "instance"):
        groups = {"layer": 1, "instance": channels}.get(kind) or max(n for n in range(1, 9) if channels % n == 0)
        return nn.GroupNorm(groups, channels)
    return nn.Identity()


def batch(channels: int, *, affine: bool = True, statistics: bool = True) -> nn.Module:
    """Batch norm over all axes but the second, its arguments named, since the second positional one is eps."""
    return AnyBatchNorm(channels, eps=1e-5, momentum=0.1, affine=affine, track_running_stats=statistics)


class AnyBatchNorm(nn.BatchNorm2d):
    """Batch norm of images [N, C, H, W] or vectors [N, C]."""

    def _check_input_dim(self, x: Tensor) -> None:
        if x.dim() not in (2, 4):
            raise ValueError(f"expected 2 or 4 axes, got {x.dim()}")


class Conditional(nn.Module):
    """Normalisation without scale and shift of its own, then those of each sample's class (Dumoulin et al. 2017).

    Scales begin at 1 and shifts at 0.
    """

    def __init__(self, kind: Norm, channels: int, classes: int) -> None:
        super().__init__()
        self.normalise = batch(channels, affine=False) if kind == "batch" else activations(kind, channels)
        self.scale = nn.Embedding(classes, channels)
        self.shift = nn.Embedding(classes, channels)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """[N, channels, ...] and labels int64 [N] → the same shape."""
        form = (x.shape[0], -1, *[1] * (x.dim() - 2))  # len(x) would fix the batch of an exported file
        return self.scale(y).view(form) * self.normalise(x) + self.shift(y).view(form)


def with_labels(layer: nn.Module, x: Tensor, y: Tensor | None) -> Tensor:
    """The layer's output for ``x``; the labels ``y`` are given to one that normalises by class."""
    return layer(x, y) if isinstance(layer, Conditional) else layer(x)


def through(layers: nn.Module, x: Tensor, y: Tensor | None) -> Tensor:
    """Pass ``x`` through layers in a row, giving the labels ``y`` to those that normalise by class."""
    for layer in layers.children():
        x = with_labels(layer, x, y)
    return x


def of_generator(kind: Norm, channels: int, classes: int) -> nn.Module:
    """The normalisation of a generator's layer: by class where there are classes."""
    return Conditional(kind, channels, classes) if classes else activations(kind, channels)


def spectral(net: nn.Module) -> nn.Module:
    """Divide every weight of ``net`` by its largest singular value (Miyato et al. 2018); returns ``net``.

    One power iteration for each forward pass in training, none in evaluation; a convolution's weight is a matrix
    [out, in·k·k], and no gradient flows through the two vectors. Scales and shifts by class are no weights.
    """
    scales = {part for owner in net.modules() if isinstance(owner, Conditional) for part in owner.modules()}
    for part in list(net.modules()):
        if isinstance(part, WEIGHTED) and part not in scales and not parametrize.is_parametrized(part):
            spectral_norm(part, n_power_iterations=1, eps=1e-12)
    return net


def bake(net: nn.Module) -> nn.Module:
    """Put the divided weights in place of the parametrised ones, for export; returns ``net``."""
    for part in list(net.modules()):
        if parametrize.is_parametrized(part):
            for name in list(part.parametrizations):
                parametrize.remove_parametrizations(part, name, leave_parametrized=True)
    return net


def singular_values(net: nn.Module) -> dict[str, float]:
    """The largest singular value of every weight as the network uses it, by full decomposition."""
    parts = {name: part for name, part in net.named_modules() if isinstance(part, WEIGHTED)}
    with torch.no_grad():
        return {name: float(torch.linalg.matrix_norm(_matrix(part), 2)) for name, part in parts.items()}


def _matrix(part: nn.Module) -> Tensor:
    axis = 1 if isinstance(part, nn.ConvTranspose2d) else 0
    return part.weight.transpose(0, axis).flatten(1)
