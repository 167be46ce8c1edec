"""The ``dcgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.dcgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import DcganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """DCGAN and its paper's facts."""
    return ganzoo.Variant(
        name="dcgan",
        backend="torch",
        summary="Convolutional GAN with batch norm",
        paper="Radford, Metz and Chintala 2015, arXiv:1511.06434",
        options=DcganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy on logits",
            optimiser="Adam (β1, .999), same rate for G and D",
            update_order="D, then G",
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import dcgan

    return dcgan.train(run)
