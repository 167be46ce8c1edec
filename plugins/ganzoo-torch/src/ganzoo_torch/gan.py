"""The ``gan`` plugin: facts and hooks of the workbench. What it puts together is in ``ganzoo_torch.models.gan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.combinations import fault
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.names import Augment, Init, LossName, NetName, Norm, OptimiserName, PenaltyName

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train", "validate"]


class GanOptions(ganzoo.Options):
    """The workbench: every choice is a block's name or a number. Defaults are DCGAN's, with a D without batch norm."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    loss: Annotated[LossName, ganzoo.option("adversarial loss")] = "nonsaturating"
    penalty: Annotated[PenaltyName, ganzoo.option("penalty on D")] = "none"
    penalty_weight: Annotated[float, ganzoo.option("weight of the penalty in D's loss", gt=0)] = 10.0
    net: Annotated[NetName, ganzoo.option("both networks; auto: dcgan for images, mlp for points")] = "auto"
    norm: Annotated[Norm, ganzoo.option("normalisation in D")] = "none"
    norm_g: Annotated[Norm, ganzoo.option("normalisation in G")] = "batch"
    conditional: Annotated[bool, ganzoo.option("class labels: scale and shift by class in G, projection in D")] = False
    init: Annotated[Init, ganzoo.option("initial weights; default: the network's own")] = "default"
    optimiser: Annotated[OptimiserName, ganzoo.option("of both networks")] = "adam"
    lr_g: Annotated[float, ganzoo.option("learning rate of G", gt=0)] = 2e-4
    lr_d: Annotated[float, ganzoo.option("learning rate of D", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1; sgd: the momentum", ge=0, lt=1)] = 0.5
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.999
    n_critic: Annotated[int, ganzoo.option("D updates per G update", ge=1)] = 1
    clip: Annotated[float, ganzoo.option("bound of D's weights, clipped after each update; 0: none", ge=0)] = 0.0
    smoothing: Annotated[float, ganzoo.option("label of real samples in D's loss; 1: off", gt=0.5, le=1)] = 1.0
    noise: Annotated[
        float, ganzoo.option("σ of Gaussian noise on all that D sees, falling to 0 over the run", ge=0)
    ] = 0.0
    augment: Annotated[Augment, ganzoo.option("differentiable augmentation of all that D sees")] = "none"
    dropout: Annotated[float, ganzoo.option("share of D's activations dropped", ge=0, lt=1)] = 0.0
    l1: Annotated[float, ganzoo.option("weight of the sum of |w| in both losses", ge=0)] = 0.0
    l2: Annotated[float, ganzoo.option("weight of half the sum of w² in both losses", ge=0)] = 0.0
    width: Annotated[int, ganzoo.option("images: channels (dcgan: next to the image; densenet: growth)", ge=1)] = 32
    hidden: Annotated[int, ganzoo.option("mlp: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The workbench."""
    return ganzoo.Variant(
        name="gan",
        backend="torch",
        summary="Workbench: any loss, penalty, network and norm, by option",
        paper="none: each block names its own",
        options=GanOptions,
        facts=ganzoo.Facts(
            loss="option loss, on logits; option penalty in D's loss",
            optimiser="option optimiser; rates lr_g and lr_d",
            update_order="D n_critic times, then G",
            n_critic="n_critic",
            latents="fresh z for each network's step; conditional: fakes have the labels of the reals in D's step",
            batches="real and fake together; apart with norm=batch. A relativistic G is compared with D's last reals",
        ),
        inputs=ganzoo.Inputs(z="z_dim", labels="conditional"),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def validate(options: GanOptions, data: ganzoo.DataSpec) -> str:
    """Which combinations make no sense, and why."""
    return fault(options, data)


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import gan

    return gan.train(run)
