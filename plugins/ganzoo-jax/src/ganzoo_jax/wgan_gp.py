"""The ``wgan-gp`` plugin: options, facts and hooks. The GAN itself is in ``ganzoo_jax.models.wgan_gp``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import ganzoo

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator


class WganGpOptions(ganzoo.Options):
    """Defaults are those of the paper's Algorithm 1, batch and z_dim those of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=1)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 128
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 1e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.0
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.9
    penalty: Annotated[float, ganzoo.option("λ, the gradient penalty's weight", ge=0)] = 10.0
    n_critic: Annotated[int, ganzoo.option("critic updates per generator update", ge=1)] = 5
    critic_norm: Annotated[
        Literal["none", "layer"], ganzoo.option("images: norm layers of the critic; never batch norm")
    ] = "none"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 512
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


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
    """Train on ``run.data``; see ``ganzoo_jax.models.wgan_gp.train``."""
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
