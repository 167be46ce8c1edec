"""The ``wgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.wgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import WganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


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
