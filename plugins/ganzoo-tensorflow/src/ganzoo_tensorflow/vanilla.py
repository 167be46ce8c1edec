"""The first GAN: hooks and options. Networks and update step are in ``models/vanilla.py``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import ganzoo
from ganzoo_tensorflow.hooks import export, sample

__all__ = ["describe", "export", "sample", "train"]


class VanillaOptions(ganzoo.Options, frozen=True):
    """Defaults fit 8×8 to 28×28 grey images and 2-D points."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("images per step and network", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    hidden: Annotated[int, ganzoo.option("units of a hidden layer", ge=1)] = 256
    depth: Annotated[int, ganzoo.option("hidden layers of each network", ge=1)] = 2
    batch_norm: Annotated[bool, ganzoo.option("batch norm in G's hidden layers")] = True
    loss: Annotated[
        Literal["non-saturating", "minimax"],
        ganzoo.option("G maximises log D(G(z)), or minimises log(1 - D(G(z)))"),
    ] = "non-saturating"
    k: Annotated[int, ganzoo.option("D updates before each G update", ge=1)] = 1
    lr: Annotated[float, ganzoo.option("learning rate of both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's first decay", ge=0, lt=1)] = 0.5
    ema: Annotated[float, ganzoo.option("decay of G's running average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The first GAN, with the settings it is usually run with today."""
    return ganzoo.Variant(
        name="vanilla",
        backend="tensorflow",
        summary="The first GAN: two multilayer perceptrons",
        paper="Goodfellow et al. 2014, arXiv:1406.2661",
        options=VanillaOptions,
        facts=ganzoo.Facts(
            loss="non-saturating log loss on logits; option loss=minimax for eq. 1",
            optimiser="Adam 2e-4 (0.5, 0.999) for both; the paper: SGD with momentum",
            update_order="D k times, then G",
            n_critic="option k (1)",
            batches="real and fake in one D batch (D has no batch norm)",
        ),
        inputs=ganzoo.Inputs(z="z_dim"),
        takes=("image", "points"),
        sizes=(1, 64),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Any:
    """Return the trained generator, a Keras model."""
    from ganzoo_tensorflow import kit
    from ganzoo_tensorflow.models.vanilla import Vanilla

    return kit.train(Vanilla, run)
