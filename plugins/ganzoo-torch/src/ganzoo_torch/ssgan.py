"""The ``ssgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.ssgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


class SsganOptions(ganzoo.Options):
    """Defaults are those of the authors' run on MNIST, but for the number of updates."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    labelled: Annotated[int, ganzoo.option("samples of each class whose labels D is shown", ge=1)] = 10
    batch: Annotated[int, ganzoo.option("samples per batch, of labelled, unlabelled and fakes each", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z, uniform", ge=1)] = 100
    unlabelled_weight: Annotated[float, ganzoo.option("weight of the loss without labels", gt=0)] = 1.0
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 3e-3
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    noise_in: Annotated[float, ganzoo.option("σ of Gaussian noise on D's input in [0, 1]", ge=0)] = 0.3
    noise: Annotated[float, ganzoo.option("and on each of its hidden layers", ge=0)] = 0.5
    hidden: Annotated[int, ganzoo.option("units of D's first layer; the next have 1/2, 1/4, 1/4, 1/4", ge=4)] = 1000
    hidden_g: Annotated[int, ganzoo.option("units of G's two hidden layers", ge=1)] = 500
    ema_d: Annotated[float, ganzoo.option("decay of the average of D that is measured; 0: off", ge=0, lt=1)] = 0.9999
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The semi-supervised GAN and its paper's facts."""
    return ganzoo.Variant(
        name="ssgan",
        backend="torch",
        summary="GAN whose discriminator learns to classify from a few labels",
        paper="Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen 2016, arXiv:1606.03498",
        options=SsganOptions,
        facts=ganzoo.Facts(
            loss="D: cross-entropy of the labelled, + real or fake of all, on K logits beside a fixed 0; G: feature "
            "matching at D's last hidden layer, mean square",
            optimiser="Adam (β1, .999), same rate for both",
            update_order="D, then G",
            batches="labelled, unlabelled and fake together: D has no batch norm. Unlabelled are all of the data, the "
            "labelled among them; G's step compares with other ones than D's",
            ema="of D, which is measured, by ema_d; of G off unless the option ema > 0",
        ),
        inputs=ganzoo.Inputs(z="z_dim", law="uniform"),
        labelled=True,
        reports=(
            ganzoo.Report(
                name="ssl_error", direction="down", help="share of held-out samples that D puts into a wrong class"
            ),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import ssgan

    return ssgan.train(run)


@ganzoo.hookimpl
def measure(model: Any, run: ganzoo.MeasureRun) -> dict[str, ganzoo.Estimate]:
    """The error of the classifier that the generator carries."""
    return {"ssl_error": model.classifier.error(run.heldout)}
