"""The ``mgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.mgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, measure, sample
from ganzoo_torch.options import MganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """MGAN and its paper's facts."""
    return ganzoo.Variant(
        name="mgan",
        backend="torch",
        summary="k generators, held apart by a classifier that tells which one made a fake",
        paper="Hoang, Nguyen, Le and Phung 2018, arXiv:1708.02556",
        options=MganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy + C's cross-entropy of fakes alone: × 1 for C, as in the authors' code, "
            "× beta for G; all are means, so that the fakes of all generators together weigh what the reals do",
            optimiser="Adam (β1, .999): lr_g for generators, lr_d for D and C; the same in the authors' code",
            update_order="D and C, then all generators",
            latents="the same z for all generators and for both steps, as in the authors' code",
            batches="real and fake apart; the fakes of all generators together",
        ),
        inputs=ganzoo.Inputs(z="z_dim", law="uniform", categorical="generators"),
        takes=("image", "points"),
        reports=(
            ganzoo.Report(
                name="component_purity",
                direction="none",
                help="share of fresh fakes whose generator C, trained beside D, names; chance is 1/generators",
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generators; the framework is imported here, not before."""
    from ganzoo_torch.models import mgan

    return mgan.train(run)
