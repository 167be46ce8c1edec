"""The first GAN: hooks and options. Networks and update step are in ``models/vanilla.py``."""

from __future__ import annotations

from typing import Any

import ganzoo
from ganzoo_tensorflow.hooks import export, sample
from ganzoo_tensorflow.options import VanillaOptions

__all__ = ["describe", "export", "sample", "train"]


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
