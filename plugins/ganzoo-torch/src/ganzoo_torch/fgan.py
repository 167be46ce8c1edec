"""The ``fgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.fgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.names import DivergenceName, Norm

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class FganOptions(ganzoo.Options):
    """Defaults are the paper's MNIST run (section 4.1) but for the networks, which are DCGAN's."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    divergence: Annotated[DivergenceName, ganzoo.option("what G minimises an estimate of")] = "kl"
    heuristic: Annotated[
        bool, ganzoo.option("G maximises E g(D(G(z))) (section 3.2) in place of minimising the divergence's bound")
    ] = True
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("images: normalisation in D")] = "none"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """f-GAN and its paper's facts."""
    return ganzoo.Variant(
        name="fgan",
        backend="torch",
        summary="GAN that minimises any f-divergence, by option",
        paper="Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709",
        options=FganOptions,
        facts=ganzoo.Facts(
            loss="E g(D(x)) − E f*(g(D(G(z)))) of option divergence; G: its heuristic form (option heuristic)",
            optimiser="Adam (β1, .999), same rate for G and D",
            update_order="D, then G; the paper's Algorithm 1 moves both at once",
            batches="real and fake together; apart with norm=batch on images",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import fgan

    return fgan.train(run)
