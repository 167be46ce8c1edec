"""The ``dragan`` plugin: facts and hooks. The GAN itself is in ``ganzoo_jax.models.dragan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ganzoo
from ganzoo_jax.options import DraganOptions

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator


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


@ganzoo.hookimpl
def sample(model: Generator, inputs: dict[str, Any]) -> Any:
    """Images float32 [N, C, H, W] in [-1, 1], or points [N, d], for ``z``."""
    return model.sample(inputs["z"])


@ganzoo.hookimpl
def export(model: Generator, path: Path) -> bool:
    """Write the generator as one ONNX file."""
    from ganzoo_jax.onnx_file import export_generator

    return export_generator(model, path)
