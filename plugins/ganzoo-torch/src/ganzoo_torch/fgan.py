"""The ``fgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.fgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import FganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """f-GAN and its paper's facts."""
    return ganzoo.Variant(
        name="fgan",
        backend="torch",
        summary="GAN that minimises any f-divergence, by option",
        paper="Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709",
        options=FganOptions,
        facts=ganzoo.Facts(
            loss="E g(D(x)) − E f*(g(D(G(z)))) of option divergence; G: its heuristic form (option heuristic)",
            optimiser="Adam (β1, .999), same rate for G and D",
            update_order="D, then G; the paper's Algorithm 1 moves both at once",
            batches="real and fake together; apart with norm=batch on images",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import fgan

    return fgan.train(run)
