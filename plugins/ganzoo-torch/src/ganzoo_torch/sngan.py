"""The ``sngan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.sngan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class SnganOptions(ganzoo.Options):
    """Defaults are the authors' run on CIFAR-10 (appendix B.4 and their code), but for the number of updates."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per D batch; G's has twice as many", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 128
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks, at the first step", gt=0)] = 2e-4
    lr_decay: Annotated[bool, ganzoo.option("the rate falls linearly to 0 over the run")] = True
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.0
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.9
    n_critic: Annotated[int, ganzoo.option("D updates per G update", ge=1)] = 5
    width_g: Annotated[int, ganzoo.option("channels of G's layers", ge=1)] = 256
    width_d: Annotated[int, ganzoo.option("channels of D's layers", ge=1)] = 128
    dequantise: Annotated[bool, ganzoo.option("add U(0, 1/128) to the real images that D sees")] = True
    conditional: Annotated[bool, ganzoo.option("class labels: scale and shift by class in G, projection in D")] = False
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


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
