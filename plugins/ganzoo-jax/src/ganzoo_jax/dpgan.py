"""The ``dpgan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_jax.models.dpgan``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_jax.hooks import export, sample
from ganzoo_jax.options import DpganOptions

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The differentially private GAN, its paper's facts, and what is charged."""
    return ganzoo.Variant(
        name="dpgan",
        backend="jax",
        summary="GAN whose D learns by clipped and noised gradients, with (ε, δ) differential privacy",
        paper="Xie, Lin, Wang, Wang and Zhou 2018, arXiv:1802.06739; DP-SGD of Abadi et al. 2016, arXiv:1607.00133",
        options=DpganOptions,
        facts=ganzoo.Facts(
            loss="non-saturating on logits; each real sample's gradient is clipped to the norm C, and their sum "
            "has noise of the standard deviation σC; G only sees D",
            optimiser="Adam (β1, β2), a rate each for G and D",
            update_order="D n_critic times, then G through the new D",
            n_critic="n_critic (1)",
            latents="fresh z for each network's step",
            batches="each real sample with the probability batch/n (Poisson sampling), as many fakes as expected, "
            "clipped alike; no batch norm",
        ),
        takes=("image", "points"),
        reports=(
            ganzoo.Report(
                name="epsilon", direction="down", help="ε of differential privacy that the training spent, at delta"
            ),
            ganzoo.Report(name="delta", direction="none", help="δ of differential privacy"),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Generator:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_jax.models import dpgan
    from ganzoo_jax.onnx_file import require_jax2onnx

    require_jax2onnx()
    return dpgan.train(run)
