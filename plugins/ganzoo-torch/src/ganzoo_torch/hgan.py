"""The ``hgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.hgan``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import HganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train", "validate"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The GAN of hypervolume maximisation and its paper's facts."""
    return ganzoo.Variant(
        name="hgan",
        backend="torch",
        summary="GAN with several D that see random projections; G maximises a hypervolume",
        paper="Albuquerque, Monteiro, Doan, Considine, Falk and Mitliagkas 2019, arXiv:1901.08680",
        options=HganOptions,
        facts=ganzoo.Facts(
            loss="cross-entropy on logits, non-saturating for G with each D, all made one by option objective. "
            "The authors' code divides hypervolume's by the sum of its weights, which Adam hardly notices",
            optimiser="Adam, same rate for G and all D; the projections are never moved",
            update_order="all D, then G",
            batches="all D the same; real and fake together",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def validate(options: HganOptions, data: ganzoo.DataSpec) -> str:
    """A projection has fewer values than an image."""
    if data.kind == "points":
        return ""
    channels, height, width = data.shape
    values = options.filters * (height // 2) * (width // 2)
    if values < math.prod(data.shape):
        return ""
    return (
        f"filters={options.filters} makes projections of {values} values, no fewer than an image of {data.name} has: "
        f"use at most {4 * channels - 1}."
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import hgan

    return hgan.train(run)
