"""The ``wgan-gp`` plugin: facts and hooks. The GAN itself is in ``ganzoo_jax.models.wgan_gp``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ganzoo
from ganzoo_jax.options import WganGpOptions

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator


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


@ganzoo.hookimpl
def sample(model: Generator, inputs: dict[str, Any]) -> Any:
    """Images float32 [N, C, H, W] in [-1, 1], or points [N, d], for ``z``."""
    return model.sample(inputs["z"])


@ganzoo.hookimpl
def export(model: Generator, path: Path) -> bool:
    """Write the generator as one ONNX file."""
    from ganzoo_jax.onnx_file import export_generator

    return export_generator(model, path)
