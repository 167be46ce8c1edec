"""The ``pacgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.pacgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class PacganOptions(ganzoo.Options):
    """Defaults are the paper's stacked MNIST; its points have z_dim 2, batch 100, lr 1e-4, beta1 .8 (section 4.1)."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    pack: Annotated[
        int, ganzoo.option("m: samples that D judges together; 1: a plain GAN, the paper's baseline", ge=1, le=4)
    ] = 2
    batch: Annotated[int, ganzoo.option("packs per batch, real ones and fakes each", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer of G; of D half as many", ge=2)] = 400
    pieces: Annotated[int, ganzoo.option("points: linear pieces of each of D's maxout units", ge=2)] = 5
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """PacGAN and its paper's facts."""
    return ganzoo.Variant(
        name="pacgan",
        backend="torch",
        summary="GAN whose D judges several samples together",
        paper="Lin, Khetan, Fanti and Oh 2018, arXiv:1712.04086",
        options=PacganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy on the logits of packs",
            optimiser="Adam, same rate for G and D",
            update_order="both at once, from one forward pass, as in the authors' code for points",
            latents="the same z for both networks",
            batches="batch counts packs of pack samples; points: real and fake together; images: apart (batch norm)",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import pacgan

    return pacgan.train(run)
