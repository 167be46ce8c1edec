"""The ``lsgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.lsgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.names import Norm

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class LsganOptions(ganzoo.Options):
    """Defaults are the paper's: its rate for LSUN, and DCGAN's β1."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 1e-3
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    coding: Annotated[
        Literal["0-1", "pearson"], ganzoo.option("labels of fake, real and G's aim; 0-1: 0, 1, 1; pearson: -1, 1, 0")
    ] = "0-1"
    norm: Annotated[Norm, ganzoo.option("images: normalisation in D")] = "batch"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """LSGAN and its paper's facts."""
    return ganzoo.Variant(
        name="lsgan",
        backend="torch",
        summary="GAN with least-squares losses in place of cross-entropy",
        paper="Mao, Li, Xie, Lau, Wang and Smolley 2017, arXiv:1611.04076",
        options=LsganOptions,
        facts=ganzoo.Facts(
            loss="least squares on the linear output, factors ½",
            optimiser="Adam (β1, .999), same rate for G and D",
            update_order="D, then G",
            batches="real and fake apart where D has batch norm (option norm, images), else together",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import lsgan

    return lsgan.train(run)
