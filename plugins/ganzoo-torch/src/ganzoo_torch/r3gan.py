"""The ``r3gan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.r3gan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import R3ganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """R3GAN and its paper's facts."""
    return ganzoo.Variant(
        name="r3gan",
        backend="torch",
        summary="Relativistic GAN with R1 and R2, without normalisation",
        paper="Huang, Gokaslan, Kuleshov and Tompkin 2024, arXiv:2501.05441",
        options=R3ganOptions,
        facts=ganzoo.Facts(
            loss="relativistic pairing on logits; R1 and R2 at every D step, weight γ/2",
            optimiser="Adam (0, β2), same rate for G and D; rate, β2, γ and EMA on cosine schedules",
            update_order="D, then G",
            latents="fresh z for each network's step",
            batches="real and fake together; G is compared with the reals of D's step",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import r3gan

    return r3gan.train(run)
