"""The ``unrolled`` plugin: facts and hooks. The GAN itself is in ``ganzoo_torch.models.unrolled``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_torch.hooks import export, sample
from ganzoo_torch.options import UnrolledOptions

if TYPE_CHECKING:
    from torch import nn

__all__ = ["describe", "export", "sample", "train"]


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
