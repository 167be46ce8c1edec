"""The ``ssgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.ssgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import SsganOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "measure", "sample", "train"]


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
