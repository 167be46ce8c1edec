"""The ``began`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.began``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import BeganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """BEGAN and its paper's facts."""
    return ganzoo.Variant(
        name="began",
        backend="torch",
        summary="GAN whose D is an autoencoder, kept in balance with G",
        paper="Berthelot, Schumm and Metz 2017, arXiv:1703.10717",
        options=BeganOptions,
        facts=ganzoo.Facts(
            loss="L1 error of the autoencoder: D's L(x) - k L(G(z)), G's L(G(z)); k starts at 0 and stays in [0, 1]",
            optimiser="Adam, same rate for G and D, halved every lr_halving steps",
            update_order="both at once, from one forward pass; then k",
            latents="the same z, U(-1, 1), for both networks",
            batches="real and fake together",
        ),
        inputs=ganzoo.Inputs(law="uniform"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import began

    return began.train(run)
