"""Making an exported graph faster, and the same at every export, without changing what it computes.

ONNX Runtime runs a transposed convolution on a grid of a few pixels far below the speed of the matrix product that it
is: on 8×8 digits that one layer takes most of a generator's time. So where its input has at most ``MOST_PIXELS`` pixels
it becomes Flatten → Gemm → Reshape, its matrix found by sending every unit vector through the layer itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.generator.engine import Session
from ganzoo.generator.graphs import inner_graphs, read_by

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

MOST_PIXELS = 4
MOST_NUMBERS = 1 << 20
"""A larger matrix is not worth the file it makes (4 MiB)."""

Shape = tuple[int, ...]


def dense_small_deconvolutions(model: onnx.ModelProto) -> None:
    """Rewrite ``model`` in place; layers whose shapes are not known beforehand are left as they are."""
    from onnx import shape_inference

    graph = model.graph
    inferred = shape_inference.infer_shapes(model).graph
    shapes = {value.name: _known(value) for value in (*inferred.value_info, *inferred.output)}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        before, after = shapes.get(node.input[0]) if node.input else None, shapes.get(node.output[0])
        fits = before is not None and after is not None and _small(before, after)
        if node.op_type == "ConvTranspose" and fits and all(name in constants for name in node.input[1:]):
            assert before is not None  # ``fits`` says so
            assert after is not None  # likewise
            nodes += _dense(model, node, [constants[name] for name in node.input[1:]], before, after)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused(graph)


def _known(value: onnx.ValueInfoProto) -> Shape | None:
    """The shape without its batch axis, where it is known."""
    sizes = tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim[1:])
    return sizes if sizes and all(sizes) else None


def _small(before: Shape, after: Shape) -> bool:
    return math.prod(before[1:]) <= MOST_PIXELS and math.prod(before) * math.prod(after) <= MOST_NUMBERS


def _dense(
    model: onnx.ModelProto, node: onnx.NodeProto, weights: list[onnx.TensorProto], before: Shape, after: Shape
) -> list[onnx.NodeProto]:
    from onnx import helper, numpy_helper

    units = np.eye(math.prod(before), dtype=np.float32).reshape(-1, *before)
    nothing = _alone(model, node, weights, np.zeros((1, *before), np.float32), after)
    matrix = _alone(model, node, weights, units, after) - nothing
    name = node.output[0]
    new = {
        f"{name}_matrix": matrix.reshape(len(units), -1),
        f"{name}_offset": nothing.reshape(-1),
        f"{name}_shape": np.array([-1, *after], np.int64),
    }
    model.graph.initializer.extend(numpy_helper.from_array(value, key) for key, value in new.items())
    matrix_name, offset, shape = new
    return [
        helper.make_node("Flatten", [node.input[0]], [f"{name}_flat"], axis=1),
        helper.make_node("Gemm", [f"{name}_flat", matrix_name, offset], [f"{name}_product"]),
        helper.make_node("Reshape", [f"{name}_product", shape], [name]),
    ]


def _alone(
    model: onnx.ModelProto, node: onnx.NodeProto, weights: list[onnx.TensorProto], x: Array, after: Shape
) -> Array:
    """Run one node by itself on ``x``."""
    from onnx import TensorProto, helper

    source = helper.make_tensor_value_info(node.input[0], TensorProto.FLOAT, list(x.shape))
    target = helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, [len(x), *after])
    graph = helper.make_graph([node], "layer", [source], [target], weights)
    layer = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return Session(layer.SerializeToString(), node.name, device="cpu").run({node.input[0]: x})[node.output[0]]


def _drop_unused(graph: onnx.GraphProto) -> None:
    used = {value.name for value in graph.output}.union(*(read_by(node) for node in graph.node))
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def number_names(model: onnx.ModelProto) -> None:
    """Name every inner value and node by its place: exporters count in orders that differ from run to run.

    A graph with inner graphs (If, Loop), which may use the names of the outer one, or with sparse constants is left as
    it is.
    """
    graph = model.graph
    if graph.sparse_initializer or any(inner_graphs(node) for node in graph.node):
        return
    border = {value.name for value in (*graph.input, *graph.output)} | {""}
    names = {name: name for name in border}
    constants = {tensor.name: tensor for tensor in graph.initializer}
    used: dict[str, onnx.TensorProto] = {}
    for place, node in enumerate(graph.node):
        for name in node.input:
            if name in constants and name not in used:
                used[name] = constants[name]
                names.setdefault(name, f"constant_{len(used)}")
        node.input[:] = [names[name] for name in node.input]
        names |= {name: f"value_{place}_{i}" for i, name in enumerate(node.output) if name not in border}
        node.output[:] = [names[name] for name in node.output]
        node.name = f"{node.op_type}_{place}"
    for name, tensor in used.items():
        tensor.name = names[name]
    kept = list(used.values())
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
