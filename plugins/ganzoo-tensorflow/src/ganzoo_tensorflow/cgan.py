"""The conditional GAN: hooks and options. Networks and update step are in ``models/cgan.py``."""

from __future__ import annotations

from typing import Any

import ganzoo
from ganzoo_tensorflow.hooks import export, sample
from ganzoo_tensorflow.options import CganOptions

__all__ = ["describe", "export", "sample", "train"]


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
