"""The ``acgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.acgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.names import Norm

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class AcganOptions(ganzoo.Options):
    """Defaults are DCGAN's, in batches of 100 as in the paper."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z, to which G joins the label", ge=1)] = 100
    class_weight: Annotated[float, ganzoo.option("weight of the class loss beside the source loss", gt=0)] = 1.0
    class_fakes: Annotated[
        bool, ganzoo.option("D learns the classes of fakes, too, as in the paper; off: of reals alone, as in StarGAN")
    ] = True
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("normalisation in D")] = "batch"
    dropout: Annotated[float, ganzoo.option("share of D's activations dropped", ge=0, lt=1)] = 0.0
    width: Annotated[int, ganzoo.option("channels of the layers next to the image", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """AC-GAN and its paper's facts."""
    return ganzoo.Variant(
        name="acgan",
        backend="torch",
        summary="Conditional GAN whose discriminator names the class in place of being told it",
        paper="Odena, Olah and Shlens 2017, arXiv:1610.09585",
        options=AcganOptions,
        facts=ganzoo.Facts(
            loss="source: non-saturating cross-entropy; class: cross-entropy on logits, of reals and fakes in D "
            "(reals alone with class_fakes=false, as in StarGAN), of fakes in G",
            optimiser="Adam (β1, .999), same rate for both",
            update_order="D, then G",
            latents="fresh z and uniform labels for each network's step; D's reals with their own",
        ),
        inputs=ganzoo.Inputs(z="z_dim", labels=True),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import acgan

    return acgan.train(run)
