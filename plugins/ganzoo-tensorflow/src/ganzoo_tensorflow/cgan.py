"""The conditional GAN: hooks and options. Networks and update step are in ``models/cgan.py``."""

from __future__ import annotations

from typing import Annotated, Any

import ganzoo
from ganzoo_tensorflow.hooks import export, sample

__all__ = ["describe", "export", "sample", "train"]


class CganOptions(ganzoo.Options, frozen=True):
    """Defaults fit 8×8 to 32×32 images."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 4000
    batch: Annotated[int, ganzoo.option("images per step and network", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    width: Annotated[int, ganzoo.option("channels next to the image; they double at each halving", ge=1)] = 32
    lr: Annotated[float, ganzoo.option("learning rate of both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's first decay", ge=0, lt=1)] = 0.5
    ema: Annotated[float, ganzoo.option("decay of G's running average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The conditional GAN in the convolutional form of DCGAN."""
    return ganzoo.Variant(
        name="cgan",
        backend="tensorflow",
        summary="Conditional GAN: the class label is an input of G and D",
        paper="Mirza and Osindero 2014, arXiv:1411.1784",
        options=CganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating log loss on logits",
            optimiser="Adam 2e-4 (0.5, 0.999) for both (DCGAN's; the paper: SGD with momentum)",
            update_order="D, then G",
            latents="fresh z and uniform y for each network's step; D's real images with their own labels",
            batches="real and fake in one D batch (D has no batch norm)",
        ),
        inputs=ganzoo.Inputs(z="z_dim", labels=True),
        takes=("image",),
        sizes=(8, 64),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Any:
    """Return the trained generator, a Keras model."""
    from ganzoo_tensorflow import kit
    from ganzoo_tensorflow.models.cgan import Cgan

    return kit.train(Cgan, run)
