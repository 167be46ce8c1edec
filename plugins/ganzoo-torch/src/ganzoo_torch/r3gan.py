"""The ``r3gan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.r3gan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class R3ganOptions(ganzoo.Options):
    """Defaults are the paper's where they do not depend on the data: the rates, both β, the tenfold fall of γ.

    Networks and batch are small. γ has no rule across data sets, and the paper searches it for each.
    """

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=1)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 64
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks, at the first step", gt=0)] = 2e-4
    lr_end: Annotated[float, ganzoo.option("and at the last", gt=0)] = 5e-5
    beta2: Annotated[float, ganzoo.option("Adam's β2 at the first step; β1 is 0", ge=0, lt=1)] = 0.9
    beta2_end: Annotated[float, ganzoo.option("and at the last", ge=0, lt=1)] = 0.99
    gamma: Annotated[float, ganzoo.option("γ of R1 and R2 at the first step", gt=0)] = 1.0
    gamma_end: Annotated[float, ganzoo.option("and at the last", gt=0)] = 0.1
    width: Annotated[int, ganzoo.option("images: channels next to the image, doubled at half the size", ge=1)] = 32
    blocks: Annotated[int, ganzoo.option("images: residual blocks at each size", ge=1)] = 2
    cardinality: Annotated[
        int, ganzoo.option("images: groups of the 3×3 convolutions; fewer where they do not divide", ge=1)
    ] = 8
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[
        float, ganzoo.option("decay of G's moving average at the end; its half-life grows from 0; 0: off", ge=0, lt=1)
    ] = 0.999


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """R3GAN and its paper's facts."""
    return ganzoo.Variant(
        name="r3gan",
        backend="torch",
        summary="Relativistic GAN with R1 and R2, without normalisation",
        paper="Huang, Gokaslan, Kuleshov and Tompkin 2024, arXiv:2501.05441",
        options=R3ganOptions,
        facts=ganzoo.Facts(
            loss="relativistic pairing on logits; R1 and R2 at every D step, weight γ/2",
            optimiser="Adam (0, β2), same rate for G and D; rate, β2, γ and EMA on cosine schedules",
            update_order="D, then G",
            latents="fresh z for each network's step",
            batches="real and fake together; G is compared with the reals of D's step",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import r3gan

    return r3gan.train(run)
