"""The ``gan`` plugin: facts and hooks of the workbench. What it puts together is in ``ganzoo_torch.models.gan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.combinations import fault
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import GanOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train", "validate"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The workbench."""
    return ganzoo.Variant(
        name="gan",
        backend="torch",
        summary="Workbench: any loss, penalty, network and norm, by option",
        paper="none: each block names its own",
        options=GanOptions,
        facts=ganzoo.Facts(
            loss="option loss, on logits; option penalty in D's loss",
            optimiser="option optimiser; rates lr_g and lr_d",
            update_order="D n_critic times, then G",
            n_critic="n_critic",
            latents="fresh z for each network's step; conditional: fakes have the labels of the reals in D's step",
            batches="real and fake together; apart with norm=batch. A relativistic G is compared with D's last reals",
        ),
        inputs=ganzoo.Inputs(z="z_dim", labels="conditional"),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def validate(options: GanOptions, data: ganzoo.DataSpec) -> str:
    """Which combinations make no sense, and why."""
    return fault(options, data)


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import gan

    return gan.train(run)
