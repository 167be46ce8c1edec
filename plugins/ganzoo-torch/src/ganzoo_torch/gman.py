"""The ``gman`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.gman``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class GmanOptions(ganzoo.Options):
    """Defaults are those of the authors' code, and of section 3.4 for λ that G learns; each D is DCGAN's."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    discriminators: Annotated[int, ganzoo.option("N", ge=2)] = 5
    objective: Annotated[
        Literal["mean", "softmax", "max", "learned"],
        ganzoo.option("what G makes of its N losses; learned: softmax with a λ that G learns"),
    ] = "softmax"
    lambda_: Annotated[float, ganzoo.option("softmax: λ; 0 is the mean, a large one the max", ge=0)] = 1.0
    reward: Annotated[float, ganzoo.option("learned: c, G's loss is less by cλ", ge=0)] = 1e-3
    through_weights: Annotated[
        bool, ganzoo.option("softmax, learned: G's gradient passes through the weights, as in the authors' code")
    ] = True
    loss: Annotated[Literal["minimax", "nonsaturating"], ganzoo.option("G's loss with each D")] = "minimax"
    batch: Annotated[int, ganzoo.option("samples per batch of each D; G's has N times as many", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z, U(-1, 1)", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, all networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    dropout: Annotated[float, ganzoo.option("share that the last D drops; the first none", ge=0, lt=1)] = 0.5
    width: Annotated[
        int, ganzoo.option("images: channels next to the image, of G and the first D; the last D has half", ge=2)
    ] = 64
    hidden: Annotated[
        int, ganzoo.option("points: units of each hidden layer of G and the first D; the last D has half", ge=2)
    ] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """GMAN and its paper's facts."""
    return ganzoo.Variant(
        name="gman",
        backend="torch",
        summary="GAN with several unlike D, whose losses G weighs from mean to max",
        paper="Durugkar, Gemp and Mahadevan 2017, arXiv:1611.01673",
        options=GmanOptions,
        facts=ganzoo.Facts(
            loss="cross-entropy on logits; G: option loss with each D, all made one by option objective. "
            "through_weights: the softmax's weights carry gradient, as in the authors' code; other code fixes them",
            optimiser="Adam, same rate for G and all D; λ that G learns is moved with G",
            update_order="all at once, from one forward pass, as in the authors' code",
            latents="the same z, U(-1, 1), for G and D, a part of its own for each D",
            batches="each D has reals and fakes of its own; real and fake together",
        ),
        inputs=ganzoo.Inputs(law="uniform"),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import gman

    return gman.train(run)
