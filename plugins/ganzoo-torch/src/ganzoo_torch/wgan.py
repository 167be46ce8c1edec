"""The ``wgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.wgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class WganOptions(ganzoo.Options):
    """Defaults are those of the paper's Algorithm 1 and, for the warm-up, of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("RMSprop's learning rate, both networks", gt=0)] = 5e-5
    clip: Annotated[float, ganzoo.option("bound of the critic's weights", gt=0)] = 0.01
    n_critic: Annotated[int, ganzoo.option("critic updates per generator update", ge=1)] = 5
    warmup_critic: Annotated[int, ganzoo.option("critic updates at a warm-up step", ge=1)] = 100
    warmup_steps: Annotated[int, ganzoo.option("first generator steps that are warm-up steps; 0: none", ge=0)] = 25
    warmup_every: Annotated[int, ganzoo.option("and so is every such step, 0 included", ge=1)] = 500
    critic_norm: Annotated[bool, ganzoo.option("images: batch norm in the critic, as in the authors' code")] = True
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 512
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """WGAN and its paper's facts."""
    return ganzoo.Variant(
        name="wgan",
        backend="torch",
        summary="Wasserstein GAN with weight clipping",
        paper="Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875",
        options=WganOptions,
        facts=ganzoo.Facts(
            loss="difference of mean critic scores (Wasserstein-1), no sigmoid",
            optimiser="RMSprop (α .99), same rate for G and critic",
            update_order="critic n_critic times, clipped after each, then G",
            n_critic="n_critic; warmup_critic at the first warmup_steps and every warmup_every-th step",
            batches="real and fake apart where the critic has batch norm (option critic_norm, images), else together",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import wgan

    return wgan.train(run)
