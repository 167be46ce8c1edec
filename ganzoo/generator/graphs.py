"""One walk over everything in an ONNX model: the main graph, those inside its nodes, and its local functions.

Whoever looks at ``model.graph`` alone misses what a Loop, an If, a Scan or a function holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ganzoo.errors import ModelError

if TYPE_CHECKING:
    import onnx

_LOCATION = "location"
"""The key under which a tensor names the file of its external data."""
_NO_WEIGHTS = (6, 7, 8, 9)
"""onnx.TensorProto: INT32, INT64, STRING, BOOL, the types of shapes, axes and conditions."""


def inner_graphs(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """The graphs directly inside a node (If, Loop, Scan)."""
    return list(_graphs_of(node.attribute))


def every_graph(model: onnx.ModelProto) -> Iterator[onnx.GraphProto]:
    """The main graph first, then those of training and every inner one, at any depth, of functions too."""
    yield from _with_inner(model.graph)
    for training in model.training_info:
        yield from _with_inner(training.initialization)
        yield from _with_inner(training.algorithm)
    for function in model.functions:
        for graph in _graphs_of(function.attribute_proto):
            yield from _with_inner(graph)
        for node in function.node:
            for graph in inner_graphs(node):
                yield from _with_inner(graph)


def every_node(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node of every graph and function."""
    for graph in every_graph(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def every_tensor(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every stored tensor: initialisers, dense and sparse, and those in attributes (Constant)."""
    for graph in every_graph(model):
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for node in every_node(model):
        yield from _tensors_of(node.attribute)
    for function in model.functions:
        yield from _tensors_of(function.attribute_proto)


def every_sparse(model: onnx.ModelProto) -> Iterator[onnx.SparseTensorProto]:
    """Every sparse tensor: those of the graphs and those in attributes."""
    for graph in every_graph(model):
        yield from graph.sparse_initializer
    for node in every_node(model):
        yield from _sparse_of(node.attribute)


def read_by(node: onnx.NodeProto) -> set[str]:
    """Every value that a node reads, by its inner graphs too."""
    found = set(node.input)
    for graph in inner_graphs(node):
        found |= {value.name for value in graph.output}.union(*(read_by(each) for each in graph.node))
    return found


def parameter_count(model: onnx.ModelProto) -> int:
    """How many numbers a model stores as its weights, in all its graphs and functions.

    These are all of the initialisers, and those of the tensors in nodes (Constant) that may be weights: of more than
    one element, and of no type that shapes, axes and conditions have. Of sparse tensors the stored values count, not
    the zeros between them; what a function stores counts once, however often it is called.
    """
    held = [
        math.prod(tensor.dims)
        for graph in every_graph(model)
        for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer))
    ]
    attributes = [node.attribute for node in every_node(model)] + [each.attribute_proto for each in model.functions]
    for each in attributes:
        held += [count for count in map(_weights_in, _values_of(each)) if count > 1]
        held += [len(one.floats) for one in each if one.name == "value_floats" and len(one.floats) > 1]
    return sum(held)


def _weights_in(tensor: onnx.TensorProto) -> int:
    return 0 if tensor.data_type in _NO_WEIGHTS else math.prod(tensor.dims)


def external_files(model: onnx.ModelProto) -> list[str]:
    """The files beside the model's own that its tensors name, as they are spelled there; "" where one names none."""
    return sorted(
        {
            next((entry.value for entry in tensor.external_data if entry.key == _LOCATION), "")
            for tensor in every_tensor(model)
            if tensor.external_data or tensor.data_location == tensor.EXTERNAL
        }
    )


def refuse_external_data(model: onnx.ModelProto, name: str) -> None:
    """Raise ModelError where a model takes weights from another file, which anybody may have named."""
    found = external_files(model)
    if found:
        raise ModelError(
            f"{name} keeps weights in a second file ('{found[0]}'), which is not read.",
            "Save it as one file: onnx.save(model, path, save_as_external_data=False).",
        )


def _with_inner(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for inner in inner_graphs(node):
            yield from _with_inner(inner)


def _graphs_of(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.GraphProto]:
    for attribute in attributes:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _tensors_of(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.TensorProto]:
    attributes = list(attributes)
    yield from _values_of(attributes)
    for sparse in _sparse_of(attributes):
        yield sparse.indices


def _values_of(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.TensorProto]:
    for attribute in attributes:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        yield from (sparse.values for sparse in _sparse_of([attribute]))


def _sparse_of(attributes: Iterable[onnx.AttributeProto]) -> Iterator[onnx.SparseTensorProto]:
    for attribute in attributes:
        yield from attribute.sparse_tensors
        if attribute.HasField("sparse_tensor"):
            yield attribute.sparse_tensor
