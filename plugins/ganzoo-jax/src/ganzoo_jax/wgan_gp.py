"""The ``wgan-gp`` plugin: facts and hooks. The GAN itself is in ``ganzoo_jax.models.wgan_gp``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ganzoo
from ganzoo_jax.hooks import export, sample
from ganzoo_jax.options import WganGpOptions

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator

__all__ = ["describe", "export", "sample", "train"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """WGAN-GP and its paper's facts."""
    return ganzoo.Variant(
        name="wgan-gp",
        backend="jax",
        summary="Wasserstein GAN with a gradient penalty",
        paper="Gulrajani, Ahmed, Arjovsky, Dumoulin and Courville 2017, arXiv:1704.00028",
        options=WganGpOptions,
        facts=ganzoo.Facts(
            loss="difference of mean critic scores + λ (‖∇f‖ − 1)² on random interpolates, no sigmoid",
            optimiser="Adam (β1, β2), same rate for G and critic",
            update_order="critic n_critic times, then G",
            n_critic="n_critic (5)",
            batches="real and fake in one critic batch (no batch norm), interpolates in another",
        ),
        takes=("image", "points"),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Generator:
    """Train on ``run.data`` and return the generator; the framework is imported here, not before."""
    from ganzoo_jax.models import wgan_gp
    from ganzoo_jax.onnx_file import require_jax2onnx

    require_jax2onnx()
    return wgan_gp.train(run)
