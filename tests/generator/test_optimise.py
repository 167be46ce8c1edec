"""Small transposed convolutions become matrix products that compute the same."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.generator.engine import Session
from ganzoo.generator.optimise import dense_small_deconvolutions, number_names


def deconvolution(side: int, channels: int = 3, *, bias: bool = True, fixed: bool = True) -> onnx.ModelProto:
    """x [N, 6, side, side] through a transposed 4×4 convolution of stride 2, then a ReLU."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(6, channels, 4, 4)), "b": rng.normal(size=channels)}
    used = ["w", "b"] if bias else ["w"]
    size = side if fixed else "S"
    graph = helper.make_graph(
        [
            helper.make_node("ConvTranspose", ["x", *used], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Identity", ["y"], ["z"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 6, size, size])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", channels, None, None])],
        [numpy_helper.from_array(weights[name].astype(np.float32), name) for name in used],
    )
    # Shapes of graph inputs are not in value_info: one more node gives the layer an inferred input.
    graph.node.insert(0, helper.make_node("Relu", ["x"], ["r"]))
    graph.node[1].input[0] = "r"
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def operators(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("side", [1, 2])
def test_a_small_layer_becomes_one_product(side: int, bias: bool) -> None:
    before, after = deconvolution(side, bias=bias), deconvolution(side, bias=bias)
    dense_small_deconvolutions(after)
    onnx.checker.check_model(after)
    assert operators(after) == ["Relu", "Flatten", "Gemm", "Reshape", "Identity"]
    assert "w" not in {tensor.name for tensor in after.graph.initializer}
    x = np.random.default_rng(1).normal(size=(5, 6, side, side)).astype(np.float32)
    old, new = (Session(m.SerializeToString(), "m", device="cpu").run({"x": x})["z"] for m in (before, after))
    np.testing.assert_allclose(new, old, atol=1e-5)


@pytest.mark.parametrize(("side", "fixed"), [(3, True), (2, False)])
def test_large_layers_and_unknown_sizes_are_left_alone(side: int, fixed: bool) -> None:
    model = deconvolution(side, fixed=fixed)
    before = model.SerializeToString(deterministic=True)
    dense_small_deconvolutions(model)
    assert model.SerializeToString(deterministic=True) == before


def test_names_depend_on_places_alone() -> None:
    """Two exports of one graph that differ in inner names and in the order of constants become the same bytes."""
    first, second = deconvolution(2), deconvolution(2)
    for node in second.graph.node:
        node.input[:] = [f"odd_{name}" if name not in ("x",) else name for name in node.input]
        node.output[:] = [f"odd_{name}" if name != "z" else name for name in node.output]
        node.name = f"odd_{node.output[0]}"
    tensors = [*second.graph.initializer][::-1]
    for tensor in tensors:
        tensor.name = f"odd_{tensor.name}"
    del second.graph.initializer[:]
    second.graph.initializer.extend(tensors)
    x = np.random.default_rng(1).normal(size=(5, 6, 2, 2)).astype(np.float32)
    before = Session(second.SerializeToString(), "m", device="cpu").run({"x": x})["z"]
    for model in (first, second):
        number_names(model)
        onnx.checker.check_model(model)
    assert first.SerializeToString(deterministic=True) == second.SerializeToString(deterministic=True)
    after = Session(second.SerializeToString(), "m", device="cpu").run({"x": x})["z"]
    np.testing.assert_array_equal(after, before)
