"""The ``began`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.began``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class BeganOptions(ganzoo.Options):
    """Defaults are the paper's (sections 3.5 and 4), the halving of the rates that of a widely used implementation."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 16
    z_dim: Annotated[int, ganzoo.option("size of z, U(-1, 1), and of the autoencoder's code", ge=1)] = 64
    gamma: Annotated[float, ganzoo.option("γ, the diversity: L(G(z)) / L(x) in equilibrium", gt=0, le=1)] = 0.5
    lambda_k: Annotated[float, ganzoo.option("λ_k, the rate at which k follows the balance", gt=0)] = 1e-3
    lr: Annotated[float, ganzoo.option("Adam's learning rate at first, both networks", gt=0)] = 1e-4
    lr_halving: Annotated[int, ganzoo.option("steps after which the rate is halved, again and again", ge=1)] = 100_000
    lr_floor: Annotated[float, ganzoo.option("the rate is never halved to below this", ge=0)] = 2e-5
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.9
    width: Annotated[int, ganzoo.option("n, the channels of the decoders' layers", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


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
