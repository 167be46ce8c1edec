"""The ``dcgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.dcgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class DcganOptions(ganzoo.Options):
    """Defaults are the paper's (sections 3 and 4)."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 128
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    width: Annotated[int, ganzoo.option("channels of the layers next to the image", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """DCGAN and its paper's facts."""
    return ganzoo.Variant(
        name="dcgan",
        backend="torch",
        summary="Convolutional GAN with batch norm",
        paper="Radford, Metz and Chintala 2015, arXiv:1511.06434",
        options=DcganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating cross-entropy on logits",
            optimiser="Adam (β1, .999), same rate for G and D",
            update_order="D, then G",
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import dcgan

    return dcgan.train(run)
