"""The ``unrolled`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.unrolled``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import ganzoo
from ganzoo_torch.hooks import export, sample

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


class UnrolledOptions(ganzoo.Options):
    """Defaults are those of the authors' demonstration on a ring of Gaussians."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    unroll: Annotated[int, ganzoo.option("k: D updates that G looks ahead; 0: a plain GAN", ge=0, le=100)] = 5
    loss: Annotated[Literal["minimax", "nonsaturating"], ganzoo.option("G's loss, with the D of k updates later")] = (
        "minimax"
    )
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 512
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 256
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate of G", gt=0)] = 1e-3
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate of D, of unrolled updates too", gt=0)] = 1e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 32
    hidden: Annotated[int, ganzoo.option("points: units of each of the two hidden layers", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The unrolled GAN and its paper's facts."""
    return ganzoo.Variant(
        name="unrolled",
        backend="torch",
        summary="GAN whose G looks several updates of D ahead",
        paper="Metz, Poole, Pfau and Sohl-Dickstein 2017, arXiv:1611.02163",
        options=UnrolledOptions,
        facts=ganzoo.Facts(
            loss="cross-entropy on logits; G: its negative, reals' part included, or non-saturating (option loss)",
            optimiser="Adam; so are D's unrolled updates, from its moments at the time, as in the authors' code",
            update_order="both at once: D once, G along its gradient through unroll updates of D on the same batch",
            latents="the same z for both networks and for all unrolled updates",
            batches="real and fake together",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_torch.models import unrolled

    return unrolled.train(run)
