"""Foreign generators whose samples are no function of their inputs: refused when they are opened, by a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.errors import ModelError
from ganzoo.generator.engine import Generator
from ganzoo.generator.foreign import Reading, open_foreign
from ganzoo.types import LatentSpec

LATENT = LatentSpec(z_dim=8)
Nodes = Sequence[onnx.NodeProto]


def model(path: Path, extra: Nodes, shape: tuple[int, ...] = (1, 8, 8), **constants: Any) -> Path:
    """A linear generator; ``extra`` turns its flat output in [-1, 1] to "odd", of which a tanh is taken for images."""
    last = [helper.make_node("Tanh" if len(shape) > 1 else "Identity", ["odd"], ["last"])]
    graphs.linear(path, LATENT, shape, extra=[*extra, *last], source="last")
    content = onnx.load(path)
    content.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    onnx.save(content, path)
    return path


def opened(path: Path) -> Generator:
    return open_foreign(path, Reading(latents=("z:8:normal",)), device="cpu")


def added(node: onnx.NodeProto, share: float = 1.0) -> Nodes:
    """A node's output "noise", ``share`` of it, added to what the generator gives."""
    scale = helper.make_node("Constant", [], ["share"], value_float=share)
    return [
        node,
        scale,
        helper.make_node("Mul", ["noise", "share"], ["part"]),
        helper.make_node("Add", ["flat", "part"], ["odd"]),
    ]


def looped() -> Nodes:
    """The noise of a Loop's body."""
    body = helper.make_graph(
        [
            helper.make_node("RandomUniform", [], ["drawn"], shape=[64]),
            helper.make_node("Add", ["sum", "drawn"], ["next"]),
            helper.make_node("Identity", ["go"], ["on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    return [helper.make_node("Loop", ["two", "", "flat"], ["odd"], body=body)]


NOISE: dict[str, tuple[str, Nodes, dict[str, Any]]] = {
    "normal": ("RandomNormalLike", added(helper.make_node("RandomNormalLike", ["flat"], ["noise"])), {}),
    "seeded": ("RandomNormalLike", added(helper.make_node("RandomNormalLike", ["flat"], ["noise"], seed=1.0)), {}),
    "tiny": ("RandomUniformLike", added(helper.make_node("RandomUniformLike", ["flat"], ["noise"]), 1e-6), {}),
    "one for all": ("RandomNormal", added(helper.make_node("RandomNormal", [], ["noise"], shape=[64])), {}),
    "dropout": (
        "Dropout",
        [  # where the mode is a constant, ONNX Runtime drops the operator
            helper.make_node("ReduceMax", ["flat"], ["top"], keepdims=0),
            helper.make_node("Less", ["top", "far"], ["training"]),
            helper.make_node("Dropout", ["flat", "ratio", "training"], ["odd"]),
        ],
        {"ratio": np.float32(0.3), "far": np.float32(9)},
    ),
    "bernoulli": (
        "Bernoulli",
        [
            helper.make_node("Sigmoid", ["flat"], ["p"]),
            helper.make_node("Bernoulli", ["p"], ["hit"]),
            helper.make_node("Mul", ["flat", "hit"], ["odd"]),
        ],
        {},
    ),
    "in a loop": ("RandomUniform", looped(), {"two": np.array(2)}),
}


@pytest.mark.parametrize("shape", [(1, 8, 8), (64,)], ids=["images", "points"])
@pytest.mark.parametrize("kind", NOISE)
def test_noise_inside_the_graph(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    operator, nodes, constants = NOISE[kind]
    path = model(tmp_path / "theirs.onnx", nodes, shape, **constants)
    with pytest.raises(ModelError) as caught:
        opened(path)
    assert str(caught.value) == (
        f"theirs.onnx gives other samples at every run from the same inputs: it draws noise itself ({operator}). "
        "Make the noise an input, as a part of z, and export it again."
    )


def test_noise_without_influence_is_nothing_to_refuse(tmp_path: Path) -> None:
    """StyleGAN's noise inputs of strength 0 stay in the graph; so does a Dropout that is told not to drop."""
    unused = added(helper.make_node("RandomNormalLike", ["flat"], ["noise"]), 0.0)
    assert opened(model(tmp_path / "a.onnx", unused)).sample(3).shape == (3, 1, 8, 8)
    idle = [helper.make_node("Dropout", ["flat", "ratio", "training"], ["odd"])]
    path = model(tmp_path / "b.onnx", idle, ratio=np.float32(0.3), training=np.array(False))
    assert opened(path).sample(3).shape == (3, 1, 8, 8)


FOUR = {name: np.ones(64, np.float32) for name in ("scale", "bias", "mean", "variance")}
BATCH: dict[str, tuple[str, Nodes, dict[str, Any]]] = {
    "batch norm": (
        r"\(BatchNormalization in training mode\)",
        [helper.make_node("BatchNormalization", ["flat", *FOUR], ["odd", "m", "v"], training_mode=1)],
        FOUR,
    ),
    "batch norm in parts": (
        r"\(BatchNormalization in training mode\?\)",
        [
            helper.make_node("ReduceMean", ["flat", "first"], ["mean"]),
            helper.make_node("Sub", ["flat", "mean"], ["odd"]),
        ],
        {"first": np.array([0])},
    ),
    "a little of the mean": (
        r"\(BatchNormalization in training mode\?\)",
        [
            helper.make_node("ReduceMean", ["flat", "first"], ["mean"]),
            helper.make_node("Mul", ["mean", "little"], ["part"]),
            helper.make_node("Sub", ["flat", "part"], ["odd"]),
        ],
        {"first": np.array([0]), "little": np.float32(0.01)},
    ),
    "its neighbour": (
        r"\(BatchNormalization in training mode\?\)",
        [
            helper.make_node("CumSum", ["flat", "zeroth"], ["sum"]),
            helper.make_node("Mul", ["sum", "little"], ["odd"]),
        ],
        {"zeroth": np.array(0), "little": np.float32(0.1)},
    ),
    "dynamic quantisation": (
        r"\(dynamic quantisation takes its scale from the whole batch\)",
        [
            helper.make_node("DynamicQuantizeLinear", ["flat"], ["q", "s", "point"]),
            helper.make_node("DequantizeLinear", ["q", "s", "point"], ["odd"]),
        ],
        {},
    ),
}


@pytest.mark.parametrize("shape", [(1, 8, 8), (64,)], ids=["images", "points"])
@pytest.mark.parametrize("kind", BATCH)
def test_samples_that_depend_on_their_batch(kind: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    reason, nodes, constants = BATCH[kind]
    path = model(tmp_path / "theirs.onnx", nodes, shape, **constants)
    sentence = rf"^theirs\.onnx gives other samples in another batch: its samples depend on their batch {reason}\. "
    with pytest.raises(ModelError, match=sentence + r"Export it in inference mode\.$"):
        opened(path)


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_points_of_any_scale_are_told_from_float_noise(factor: float, tmp_path: Path) -> None:
    plain = [helper.make_node("Mul", ["flat", "factor"], ["odd"])]
    path = model(tmp_path / "a.onnx", plain, (64,), factor=np.float32(factor))
    assert opened(path).sample(3).shape == (3, 64)
    shifted = [helper.make_node("CumSum", ["flat", "zeroth"], ["sum"]), helper.make_node("Mul", ["sum", "f"], ["odd"])]
    path = model(tmp_path / "b.onnx", shifted, (64,), f=np.float32(factor), zeroth=np.array(0))
    with pytest.raises(ModelError, match="depend on their batch"):
        opened(path)


def test_half_precision_is_no_dependence(tmp_path: Path) -> None:
    """What a half rounds away may differ by the batch; 1e-4 would be far too strict for it."""
    rng = np.random.default_rng(0)
    nodes = [
        helper.make_node("Cast", ["flat"], ["half"], to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["half", "W"], ["mixed"]),
        helper.make_node("Cast", ["mixed"], ["odd"], to=TensorProto.FLOAT),
    ]
    weights = rng.normal(0, 0.1, (64, 64)).astype(np.float16)
    path = model(tmp_path / "theirs.onnx", nodes, W=weights)
    assert opened(path).sample(3).shape == (3, 1, 8, 8)
