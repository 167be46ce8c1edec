"""The ``stylegan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.stylegan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


class StyleganOptions(ganzoo.Options):
    """Defaults are the authors' configuration for CIFAR-10, but for steps, sizes and the average, which are small.

    "Elsewhere" are their configurations for other data.
    """

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 64
    w_dim: Annotated[int, ganzoo.option("size of w, which the mapping network makes of z", ge=1)] = 64
    mapping: Annotated[int, ganzoo.option("layers of the mapping network, whose rate is a hundredth", ge=1)] = 2
    width: Annotated[
        int, ganzoo.option("channels next to the image, doubled at half the size, up to fourfold", ge=1)
    ] = 64
    residual: Annotated[bool, ganzoo.option("residual blocks in D, as elsewhere")] = False
    group: Annotated[int, ganzoo.option("samples whose deviations D sees together", ge=1)] = 32
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks; β1 is 0", gt=0)] = 2.5e-3
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.99
    gamma: Annotated[float, ganzoo.option("γ of R1, γ/2 ‖∇D(x)‖²; 0: off", ge=0)] = 0.01
    r1_interval: Annotated[int, ganzoo.option("steps from one update along R1 to the next", ge=1)] = 16
    path_weight: Annotated[float, ganzoo.option("weight of the path length in G, elsewhere 2; 0: off", ge=0)] = 0.0
    path_interval: Annotated[int, ganzoo.option("steps from one update along it to the next", ge=1)] = 4
    mixing: Annotated[float, ganzoo.option("share of batches with styles of two z, elsewhere .9", ge=0, le=1)] = 0.0
    truncation: Annotated[float, ganzoo.option("ψ: sampled w lie so far from their mean; 1: off", ge=0, le=1)] = 1.0
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.999
    ema_ramp: Annotated[
        float, ganzoo.option("the average's half-life is at most this share of the steps so far", gt=0, le=1)
    ] = 0.05


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
    from ganzoo_torch.path_length import path_length

    return {"path_length_pixels": path_length(model, run)}
