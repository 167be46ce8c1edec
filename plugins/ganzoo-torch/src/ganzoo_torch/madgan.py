"""The ``madgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.madgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, measure, sample
from ganzoo_torch.options import MadganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """MAD-GAN and its paper's facts."""
    return ganzoo.Variant(
        name="madgan",
        backend="torch",
        summary="k generators and a D that tells real samples and each one's fakes apart",
        paper="Ghosh, Kulharia, Namboodiri, Torr and Dokania 2018, arXiv:1704.02906",
        options=MadganOptions,
        facts=ganzoo.Facts(
            loss="cross-entropy of D's softmax over k + 1 classes, for G of the class of reals; a sum over generators: "
            "the fakes of all weigh k times what the reals do",
            optimiser="Adam (β1, .999): lr_g for generators, lr_d for D",
            update_order="D, then all generators",
            latents="the same z for all generators and for both steps",
            batches="real and fake apart; the fakes of all generators together",
        ),
        inputs=ganzoo.Inputs(z="z_dim", categorical="generators"),
        takes=("image", "points"),
        reports=(
            ganzoo.Report(
                name="component_purity",
                direction="none",
                help="share of fresh fakes whose generator D's softmax over generators names; chance is 1/generators",
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generators; the framework is imported here, not before."""
    from ganzoo_torch.models import madgan

    return madgan.train(run)
