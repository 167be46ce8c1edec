"""The ``lsgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.lsgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import LsganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """LSGAN and its paper's facts."""
    return ganzoo.Variant(
        name="lsgan",
        backend="torch",
        summary="GAN with least-squares losses in place of cross-entropy",
        paper="Mao, Li, Xie, Lau, Wang and Smolley 2017, arXiv:1611.04076",
        options=LsganOptions,
        facts=ganzoo.Facts(
            loss="least squares on the linear output, factors ½",
            optimiser="Adam (β1, .999), same rate for G and D",
            update_order="D, then G",
            batches="real and fake apart where D has batch norm (option norm, images), else together",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import lsgan

    return lsgan.train(run)
