"""The ``mgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.mgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, measure, sample
from ganzoo_torch.names import Norm

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


class MganOptions(ganzoo.Options):
    """Defaults are those of the authors' code for CIFAR-10."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    generators: Annotated[int, ganzoo.option("k, how many; 1 would be a plain GAN", ge=2)] = 10
    beta: Annotated[float, ganzoo.option("β, weight of C's cross-entropy in G's loss; in C's own it is 1", ge=0)] = 0.01
    batch: Annotated[int, ganzoo.option("real samples per batch", ge=2)] = 64
    fakes: Annotated[int, ganzoo.option("fakes of each generator per batch", ge=2)] = 12
    z_dim: Annotated[int, ganzoo.option("size of z, U(-1, 1)", ge=1)] = 100
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate, generators", gt=0)] = 2e-4
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate, D and C", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("images: normalisation in the trunk of D and C")] = "batch"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 128
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """MGAN and its paper's facts."""
    return ganzoo.Variant(
        name="mgan",
        backend="torch",
        summary="k generators, held apart by a classifier that tells which one made a fake",
        paper="Hoang, Nguyen, Le and Phung 2018, arXiv:1708.02556",
        options=MganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy + C's cross-entropy of fakes alone: × 1 for C, as in the authors' code, "
            "× beta for G; all are means, so that the fakes of all generators together weigh what the reals do",
            optimiser="Adam (β1, .999): lr_g for generators, lr_d for D and C; the same in the authors' code",
            update_order="D and C, then all generators",
            latents="the same z for all generators and for both steps, as in the authors' code",
            batches="real and fake apart; the fakes of all generators together",
        ),
        inputs=ganzoo.Inputs(z="z_dim", law="uniform", categorical="generators"),
        takes=("image", "points"),
        reports=(
            ganzoo.Report(
                name="component_purity",
                direction="none",
                help="share of fresh fakes whose generator C, trained beside D, names; chance is 1/generators",
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generators; the framework is imported here, not before."""
    from ganzoo_torch.models import mgan

    return mgan.train(run)
