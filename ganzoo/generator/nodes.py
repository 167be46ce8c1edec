"""Writing ONNX nodes in the order of computation, without naming every inner value by hand.

Only operators whose form has not changed since opset 13 are used with it, so that nodes can be put before a graph that
somebody else exported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.generator.graphs import inner_graphs, read_by

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

OLDEST_OPSET = 13
IR_VERSION = 8


class Nodes:
    """Nodes and constants under one prefix; values are called by their names."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """One node with one output, which is called ``output`` or by its place."""
        from onnx import helper

        output = output or f"{self.prefix}/{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, value: Array) -> str:
        """An initialiser of the array's own dtype."""
        from onnx import numpy_helper

        name = f"{self.prefix}/constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def number(self, value: float) -> str:
        """A float32 constant."""
        return self.constant(np.array(value, np.float32))

    def integers(self, *values: int) -> str:
        """An int64 vector."""
        return self.constant(np.array(values, np.int64))

    def put_before(self, graph: onnx.GraphProto) -> None:
        """Make these the first nodes of a graph."""
        rest = list(graph.node)
        del graph.node[:]
        graph.node.extend([*self.nodes, *rest])
        graph.initializer.extend(self.constants)


def tensor(name: str, kind: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    """An input or output of a graph: ``kind`` as NumPy spells it, open dimensions by a name."""
    from onnx import helper

    value: onnx.ValueInfoProto = helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), shape
    )
    return value


def keep_outputs(graph: onnx.GraphProto, wanted: Collection[str]) -> set[str]:
    """Drop the other outputs and what only they need, which ONNX Runtime would compute all the same.

    Returns the names of all values that are still needed.
    """
    needed, kept = set(wanted), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= read_by(node)
    for field, values in (
        (graph.node, kept[::-1]),
        (graph.initializer, [value for value in graph.initializer if value.name in needed]),
        (graph.output, [value for value in graph.output if value.name in wanted]),
    ):
        del field[:]
        field.extend(values)
    return needed


def prefix(graph: onnx.GraphProto, text: str) -> None:
    """Rename every value, in inner graphs too: onnx.compose misses what those take from the graph around them."""
    for node in graph.node:
        node.input[:] = [name and text + name for name in node.input]
        node.output[:] = [name and text + name for name in node.output]
        for inner in inner_graphs(node):
            prefix(inner, text)
    sparse = [tensor.values for tensor in graph.sparse_initializer]
    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info, *sparse):
        value.name = text + value.name
    del graph.quantization_annotation[:]
