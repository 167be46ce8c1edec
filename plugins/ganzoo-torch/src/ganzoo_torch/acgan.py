"""The ``acgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.acgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import AcganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


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
