"""The graph around a foreign generator: our inputs before it, our output after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo.errors import ModelError
from ganzoo.generator.causes import DYNAMIC_BATCH
from ganzoo.generator.foreign.inputs import FIXED, NOISE
from ganzoo.generator.nodes import Nodes, prefix

if TYPE_CHECKING:
    import onnx

    from ganzoo.generator.foreign.inputs import ForeignInput
    from ganzoo.types import LatentSpec

Range = Literal["-1,1", "0,1", "0,255"]
_SCALES: dict[Range, tuple[float, float]] = {"-1,1": (1.0, 0.0), "0,1": (2.0, -1.0), "0,255": (1 / 127.5, -1.0)}
_PREFIX = "foreign/"
_PART = "part/"
_CONSTANTS_ALONE = 4
"""The IR version from which initialisers need not be inputs, too."""
_OLDEST_SCAN = 9
"""The opset in which Scan got the form that it has."""
_KINDS = {"float": "FLOAT", "double": "DOUBLE"}
RAW = "raw"
"""The foreign graph's samples as float32, in its own form."""


def bounds(value_range: Range) -> tuple[float, float]:
    """The numbers of a range."""
    low, high = value_range.split(",")
    return float(low), float(high)


def take_ours(model: onnx.ModelProto, inputs: Sequence[ForeignInput], output: str, latent: LatentSpec) -> None:
    """Put ``z`` and ``y`` of ``latent`` before the foreign graph, and let it give nothing but ``RAW``."""
    from onnx import TensorProto, helper

    model.ir_version = max(model.ir_version, _CONSTANTS_ALONE)
    graph = model.graph
    prefix(graph, _PREFIX)
    before = Nodes("before")
    del graph.input[:], graph.output[:], graph.value_info[:]
    graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", latent.z_dim]))
    if latent.classes:
        graph.input.append(helper.make_tensor_value_info("y", TensorProto.INT64, ["N"]))
    for each in inputs:
        last = _fixed(before, each) if each.law == FIXED else _drawn(before, each)
        kind = getattr(TensorProto, _KINDS.get(each.kind, each.kind.upper()))
        before.add("Cast", last, output=_PREFIX + each.name, to=kind)
    before.put_before(graph)
    graph.node.append(helper.make_node("Cast", [_PREFIX + output], [RAW], to=TensorProto.FLOAT))
    graph.output.append(helper.make_tensor_value_info(RAW, TensorProto.FLOAT, None))


def in_parts(model: onnx.ModelProto, latent: LatentSpec, size: int, shape: tuple[int, ...], name: str) -> None:
    """After ``take_ours``: run a graph that takes ``size`` samples on as many at a time, so that it takes any number.

    The graph becomes the body of a Scan over parts of the inputs; what the last part lacks is filled up with the first
    samples again, whose results are cut off. ``shape`` is that of one sample. Raises ModelError for opsets before 9.
    """
    import onnx
    from onnx import TensorProto, helper

    if any(each.domain in ("", "ai.onnx") and each.version < _OLDEST_SCAN for each in model.opset_import):
        raise ModelError(f"The batch axis of {name} is fixed at {size}, and its opset is too old.", DYNAMIC_BATCH)
    body, graph = onnx.GraphProto(), model.graph
    body.CopyFrom(graph)
    prefix(body, _PART)
    del body.input[:]
    inputs = list(graph.input)
    graph.Clear()
    graph.name = "parts"
    nodes, parts = Nodes("parts"), []
    n = nodes.add("Gather", nodes.add("Shape", "z"), nodes.integers(0))
    count = nodes.add("Div", nodes.add("Add", n, nodes.integers(size - 1)), nodes.integers(size))
    places = _numbers_below(nodes, nodes.add("Mul", count, nodes.integers(size)))
    places = nodes.add("Sub", places, nodes.add("Mul", nodes.add("Div", places, n), n))  # modulo n
    for each, tail in zip(inputs, ([latent.z_dim], []), strict=False):
        filled = nodes.add("Gather", each.name, places)
        parts.append(nodes.add("Reshape", filled, nodes.integers(-1, size, *tail)))
        kind = each.type.tensor_type.elem_type
        body.input.append(helper.make_tensor_value_info(_PART + each.name, kind, [size, *tail]))
    scanned = nodes.add("Scan", *parts, body=body, num_scan_inputs=len(parts))
    scanned = nodes.add("Reshape", scanned, nodes.integers(-1, *shape))
    nodes.add("Gather", scanned, _numbers_below(nodes, n), output=RAW)
    graph.input.extend(inputs)
    nodes.put_before(graph)
    graph.output.append(helper.make_tensor_value_info(RAW, TensorProto.FLOAT, None))


def _numbers_below(nodes: Nodes, count: str) -> str:
    """0 … count - 1, as opsets before 11 have no Range."""
    from onnx import numpy_helper

    ones = nodes.add("ConstantOfShape", count, value=numpy_helper.from_array(np.array([1], np.int64)))
    found = nodes.add("NonZero", ones)
    return nodes.add("Reshape", found, nodes.integers(-1))


def give_ours(model: onnx.ModelProto, transpose: bool, shape: tuple[int, ...], value_range: Range | None) -> None:
    """After ``take_ours``: give ``x`` [N, *shape] in the contract's range instead of ``RAW``."""
    from onnx import TensorProto, helper

    scale, shift = _SCALES[value_range] if value_range else (1.0, 0.0)
    nodes, last = Nodes("after"), RAW
    if transpose:
        channels, *pixels = shape
        last = nodes.add("Reshape", last, nodes.integers(-1, *pixels, channels))
        last = nodes.add("Transpose", last, perm=[0, 3, 1, 2])
    last = nodes.add("Reshape", last, nodes.integers(-1, *shape))
    last = nodes.add("Mul", last, nodes.number(scale))
    nodes.add("Add", last, nodes.number(shift), output="x")
    graph = model.graph
    graph.node.extend(nodes.nodes)
    graph.initializer.extend(nodes.constants)
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape]))


def _drawn(nodes: Nodes, each: ForeignInput) -> str:
    """Our input, in the form of theirs."""
    last = "z" if each.law in NOISE else "y"
    if each.law == "onehot":
        last = nodes.add("OneHot", last, nodes.integers(each.size), nodes.constant(np.array([0, 1], np.float32)))
    return nodes.add("Reshape", last, nodes.integers(-1, *each.tail))


def _fixed(nodes: Nodes, each: ForeignInput) -> str:
    """A number in the form of their input, once a sample where its first axis is open."""
    value = nodes.constant(np.array(each.value))
    if not each.batched:
        return nodes.add("Expand", value, nodes.integers(*each.shape)) if each.shape else value
    n = nodes.add("Gather", nodes.add("Shape", "z"), nodes.integers(0))
    return nodes.add("Expand", value, nodes.add("Concat", n, nodes.integers(*each.tail), axis=0))
