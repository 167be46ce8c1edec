"""The ``sngan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.sngan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import SnganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """SNGAN and its paper's facts."""
    return ganzoo.Variant(
        name="sngan",
        backend="torch",
        summary="ResNet GAN with spectral normalisation and hinge loss",
        paper="Miyato et al. 2018, arXiv:1802.05957; with labels Miyato and Koyama 2018, arXiv:1802.05637",
        options=SnganOptions,
        inputs=ganzoo.Inputs(z="z_dim", labels="conditional"),
        facts=ganzoo.Facts(
            loss="hinge on logits; G raises D's mean logit",
            optimiser="Adam (β1, β2), same rate for G and D, linear to 0 (option lr_decay)",
            update_order="G, then D n_critic times",
            n_critic="n_critic",
            latents="fresh z for each network's step; conditional: fakes have the labels of the reals in D's step",
            batches="real and fake together, one power iteration for both; G's batch is twice D's",
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import sngan

    return sngan.train(run)
