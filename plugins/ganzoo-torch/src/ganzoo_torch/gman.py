"""The ``gman`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.gman``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import GmanOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """GMAN and its paper's facts."""
    return ganzoo.Variant(
        name="gman",
        backend="torch",
        summary="GAN with several unlike D, whose losses G weighs from mean to max",
        paper="Durugkar, Gemp and Mahadevan 2017, arXiv:1611.01673",
        options=GmanOptions,
        facts=ganzoo.Facts(
            loss="cross-entropy on logits; G: option loss with each D, all made one by option objective. "
            "through_weights: the softmax's weights carry gradient, as in the authors' code; other code fixes them",
            optimiser="Adam, same rate for G and all D; λ that G learns is moved with G",
            update_order="all at once, from one forward pass, as in the authors' code",
            latents="the same z, U(-1, 1), for G and D, a part of its own for each D",
            batches="each D has reals and fakes of its own; real and fake together",
        ),
        inputs=ganzoo.Inputs(law="uniform"),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import gman

    return gman.train(run)
