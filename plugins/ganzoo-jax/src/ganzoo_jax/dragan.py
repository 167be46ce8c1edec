"""The ``dragan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_jax.models.dragan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_jax.hooks import export, sample
from ganzoo_jax.options import DraganOptions

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """DRAGAN, its paper's facts, and what its implementations differ in."""
    return ganzoo.Variant(
        name="dragan",
        backend="jax",
        summary="GAN with a gradient penalty around the data",
        paper="Kodali, Abernethy, Hays and Kira 2017, arXiv:1705.07215",
        options=DraganOptions,
        inputs=ganzoo.Inputs(z="z_dim", law="uniform"),
        facts=ganzoo.Facts(
            loss="non-saturating on logits + λ (‖∇D(x + δ)‖ − 1)² on the logit, x real; δ ~ N(0, cI) unless the option "
            "noise says otherwise",
            optimiser="Adam (β1, β2), same rate for G and D",
            update_order="D, then G through the new D",
            latents="fresh z for each network's step, from U(-1, 1)",
            batches="real and fake in one D batch (no batch norm), perturbed reals in another",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Generator:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_jax.models import dragan
    from ganzoo_jax.onnx_file import require_jax2onnx

    require_jax2onnx()
    return dragan.train(run)
