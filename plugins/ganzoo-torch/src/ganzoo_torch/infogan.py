"""The ``infogan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.infogan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import InfoganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """InfoGAN and its paper's facts."""
    return ganzoo.Variant(
        name="infogan",
        backend="torch",
        summary="GAN that learns interpretable codes by maximising mutual information",
        paper="Chen, Duan, Houthooft, Schulman, Sutskever and Abbeel 2016, arXiv:1606.03657",
        options=InfoganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy on logits + λ × mutual-information loss, in both steps",
            optimiser="Adam (β1, .999): lr_d for trunk and D head, lr_g for G and Q head",
            update_order="D, then G and Q",
        ),
        inputs=ganzoo.Inputs(z="z_dim", law="uniform", categorical="categorical", continuous="continuous"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import infogan

    return infogan.train(run)
