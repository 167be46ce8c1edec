"""The ``stylegan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.stylegan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import StyleganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """StyleGAN2 and its paper's facts."""
    return ganzoo.Variant(
        name="stylegan",
        backend="torch",
        summary="StyleGAN2: styles that scale the weights of every layer, noise as an input",
        paper="Karras, Laine, Aittala, Hellsten, Lehtinen and Aila 2020, arXiv:1912.04958",
        options=StyleganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy on logits; γ/2 · R1, of sums over a sample's pixels; path length",
            optimiser="Adam (0, β2), same rate for G and D; β2 and rate rescaled for updates along lazy terms",
            update_order="G, then D; every r1_interval or path_interval steps one more, along the lazy term alone",
            batches="real and fake apart, each with its own deviations",
            ema="half-life of ema, at most the share ema_ramp of the steps so far; w's mean is copied",
        ),
        inputs=ganzoo.Inputs(z="z_dim", noise=3),
        reports=(
            ganzoo.Report(
                name="path_length_pixels",
                direction="down",
                help="mean squared change of the pixels per squared step on z's sphere, the noise held fixed",
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import stylegan

    return stylegan.train(run)


@ganzoo.hookimpl
def measure(model: nn.Module, run: ganzoo.MeasureRun) -> dict[str, ganzoo.Estimate]:
    """How smooth the generator is in z."""
    from ganzoo_torch.models import stylegan

    return {"path_length_pixels": stylegan.path_length(model, run)}
