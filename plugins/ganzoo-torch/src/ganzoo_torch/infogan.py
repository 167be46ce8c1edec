"""The ``infogan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.infogan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


class InfoganOptions(ganzoo.Options):
    """Defaults are the paper's MNIST run (Appendix C.1) and, for λ and the variance, the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 128
    z_dim: Annotated[int, ganzoo.option("size of z, the incompressible noise", ge=1)] = 62
    categorical: Annotated[int, ganzoo.option("values of the categorical code", ge=2)] = 10
    continuous: Annotated[int, ganzoo.option("number of continuous codes, U(-1, 1)", ge=0)] = 2
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate, G and Q head", gt=0)] = 1e-3
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate, shared trunk and D head", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    lambda_cat: Annotated[float, ganzoo.option("λ of the categorical code", ge=0)] = 1.0
    lambda_cont: Annotated[float, ganzoo.option("λ of the continuous codes; .1 suits a learned variance", ge=0)] = 1.0
    variance: Annotated[Literal["fixed", "learned"], ganzoo.option("Q's variance of the codes; fixed: 1")] = "fixed"
    dense_norm: Annotated[
        bool, ganzoo.option("batch norm in D's dense layer, as in the paper; off is steadier on narrow nets")
    ] = True
    width: Annotated[int, ganzoo.option("channels next to the image; dense layers have 16 times as many", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


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
            batches="real and fake apart; q_error: of held-out samples, shuffled, in batches as large (batch norm)",
        ),
        inputs=ganzoo.Inputs(z="z_dim", law="uniform", categorical="categorical", continuous="continuous"),
        reports=(
            ganzoo.Report(
                name="q_error",
                direction="down",
                help="share of held-out samples whose code, as Q reads it, is not the one matched to their class",
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import infogan

    return infogan.train(run)


@ganzoo.hookimpl
def measure(model: Any, run: ganzoo.MeasureRun) -> dict[str, ganzoo.Estimate]:
    """The error of Q as a classifier, where the data have labels; they are used for this alone."""
    return {} if run.heldout.y is None else {"q_error": model.recogniser.error(run.heldout)}
