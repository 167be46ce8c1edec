"""The ``madgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.madgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, measure, sample
from ganzoo_torch.names import Norm

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


class MadganOptions(ganzoo.Options):
    """Defaults are not the paper's, but DCGAN's rates, few generators and few layers of their own."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    generators: Annotated[int, ganzoo.option("k, how many; 1 would be a plain GAN", ge=2)] = 4
    own_layers: Annotated[int, ganzoo.option("last layers that each generator has to itself; 0: all of them", ge=0)] = 2
    batch: Annotated[int, ganzoo.option("real samples per batch", ge=2)] = 64
    fakes: Annotated[int, ganzoo.option("fakes of each generator per batch", ge=2)] = 16
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate, generators", gt=0)] = 2e-4
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate, D", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("images: normalisation in D")] = "batch"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """MAD-GAN and its paper's facts."""
    return ganzoo.Variant(
        name="madgan",
        backend="torch",
        summary="k generators and a D that tells real samples and each one's fakes apart",
        paper="Ghosh, Kulharia, Namboodiri, Torr and Dokania 2018, arXiv:1704.02906",
        options=MadganOptions,
        facts=ganzoo.Facts(
            loss="cross-entropy of D's softmax over k + 1 classes, for G of the class of reals; a sum over generators: "
            "the fakes of all weigh k times what the reals do",
            optimiser="Adam (β1, .999): lr_g for generators, lr_d for D",
            update_order="D, then all generators",
            latents="the same z for all generators and for both steps",
            batches="real and fake apart; the fakes of all generators together",
        ),
        inputs=ganzoo.Inputs(z="z_dim", categorical="generators"),
        takes=("image", "points"),
        reports=(
            ganzoo.Report(
                name="component_purity",
                direction="none",
                help="share of fresh fakes whose generator D's softmax over generators names; chance is 1/generators",
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generators; the framework is imported here, not before."""
    from ganzoo_torch.models import madgan

    return madgan.train(run)
