"""The ``hgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.hgan``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train", "validate"]


class HganOptions(ganzoo.Options):
    """Defaults are those of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    discriminators: Annotated[int, ganzoo.option("K", ge=2)] = 8
    objective: Annotated[
        Literal["hypervolume", "mean", "softmax", "max", "mgda"],
        ganzoo.option("what G makes of its K losses; mgda: their gradients' common descent direction"),
    ] = "hypervolume"
    slack: Annotated[float, ganzoo.option("hypervolume: δ, the nadir point over the largest loss", gt=1)] = 1.1
    lambda_: Annotated[float, ganzoo.option("softmax: λ; 0 is the mean, a large one the max", ge=0)] = 0.8
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, all networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    filters: Annotated[int, ganzoo.option("images: channels of each D's random projection", ge=1)] = 1
    width_g: Annotated[int, ganzoo.option("images: channels of G next to the image", ge=1)] = 64
    width_d: Annotated[int, ganzoo.option("images: channels of each D's first layer", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


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
