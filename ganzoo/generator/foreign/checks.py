"""What the border asks of every generator, asked of one that no plugin exported: a sample is a function of its inputs.

Noise made inside the graph gives a score that differs from run to run; samples that depend on their batch give one that
depends on how many are drawn at a time. Neither can be seen in a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo import latents
from ganzoo.errors import ModelError
from ganzoo.generator.contract import PARITY_LIMIT
from ganzoo.generator.engine import check_finite
from ganzoo.generator.graphs import every_node, every_tensor

if TYPE_CHECKING:
    import onnx

    from ganzoo.generator.engine import Session
    from ganzoo.types import Array, LatentSpec

TRIED = 16
TRIED_OF_NOISE = 64
"""Where random operators are there: their noise may reach few samples."""
ALONE = 4
HALF_LIMIT = 2e-2
"""Instead of PARITY_LIMIT where numbers of 16 bits or fewer are computed with: theirs are rounded far more."""
GREY_LEVEL = 1 / 127.5
"""One of 256 levels: a generator of bytes may round to the next."""

_RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
_NARROW = {10, 16, 17, 18, 19, 20}  # onnx.TensorProto: FLOAT16, BFLOAT16 and those of eight bits


def check_samples(session: Session, model: onnx.ModelProto, latent: LatentSpec, name: str, *, levels: bool) -> None:
    """Raise ModelError where the same inputs give other samples on a second run, or in another batch.

    ``session`` runs the wrapped graph on the CPU, ``model`` is that graph; ``levels``: its images have 256 grey levels.
    """
    noise = random_operators(model)
    inputs = latents.samples(latent, 20260101, 0, TRIED_OF_NOISE if noise else TRIED)
    x = session.run(inputs)["x"]
    check_finite(x, 0, name.removesuffix(".onnx"))
    limit = _limit(model, x, levels, images=x.ndim > 2)
    again = session.run(inputs)["x"]
    if not np.array_equal(x, again) if noise else _apart(x, again) > limit:
        raise ModelError(
            f"{name} gives other samples at every run from the same inputs: it draws noise itself "
            f"({', '.join(noise) or 'no operator known for it was found'}).",
            "Make the noise an input, as a part of z, and export it again.",
        )
    order = np.arange(len(x))[::-1]
    alone = np.concatenate([session.run(_rows(inputs, [i]))["x"] for i in range(ALONE)])
    if max(_apart(x[order], session.run(_rows(inputs, order))["x"]), _apart(x[:ALONE], alone)) > limit:
        raise ModelError(
            f"{name} gives other samples in another batch: its samples depend on their batch ({_batch_reason(model)}).",
            "Export it in inference mode.",
        )


def random_operators(model: onnx.ModelProto) -> list[str]:
    """The kinds of operators that draw numbers, in every graph: the random ones, and Dropout in training mode."""
    return sorted({node.op_type for node in every_node(model) if node.op_type in _RANDOM or _drops(node)})


def _drops(node: onnx.NodeProto) -> bool:
    return node.op_type.endswith("Dropout") and len(node.input) > 2 and node.input[-1] != ""


def _batch_reason(model: onnx.ModelProto) -> str:
    """The operator that is known to look at the whole batch, or the most frequent cause as a question."""
    if any(node.op_type == "DynamicQuantizeLinear" for node in every_node(model)):
        return "dynamic quantisation takes its scale from the whole batch"
    training = any(node.op_type == "BatchNormalization" and len(node.output) > 1 for node in every_node(model))
    return "BatchNormalization in training mode" + ("" if training else "?")


def _limit(model: onnx.ModelProto, x: Array, levels: bool, *, images: bool) -> float:
    """The largest difference that float noise explains: of images in [-1, 1], of points relative to the largest."""
    narrow = any(tensor.data_type in _NARROW for tensor in every_tensor(model))
    limit = HALF_LIMIT if narrow else PARITY_LIMIT
    if images:
        return limit + (GREY_LEVEL if levels else 0)
    return limit * float(np.abs(x).max())


def _apart(x: Array, other: Array) -> float:
    return float(np.abs(x - other).max()) if x.shape == other.shape else float("inf")


def _rows(inputs: dict[str, Array], rows: list[int] | Array) -> dict[str, Array]:
    return {name: value[rows] for name, value in inputs.items()}
