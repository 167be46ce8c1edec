"""The ``pacgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.pacgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import PacganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """PacGAN and its paper's facts."""
    return ganzoo.Variant(
        name="pacgan",
        backend="torch",
        summary="GAN whose D judges several samples together",
        paper="Lin, Khetan, Fanti and Oh 2018, arXiv:1712.04086",
        options=PacganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy on the logits of packs",
            optimiser="Adam, same rate for G and D",
            update_order="both at once, from one forward pass, as in the authors' code for points",
            latents="the same z for both networks",
            batches="batch counts packs of pack samples; points: real and fake together; images: apart (batch norm)",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import pacgan

    return pacgan.train(run)
