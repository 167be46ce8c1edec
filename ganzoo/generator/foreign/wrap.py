"""The graph around a foreign generator: our inputs before it, our output after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ganzoo.generator.foreign.inputs import FIXED, NOISE
from ganzoo.generator.nodes import Nodes, prefix

if TYPE_CHECKING:
    import onnx

    from ganzoo.generator.foreign.inputs import ForeignInput
    from ganzoo.types import LatentSpec

Range = Literal["-1,1", "0,1", "0,255"]
_SCALES: dict[Range, tuple[float, float]] = {"-1,1": (1.0, 0.0), "0,1": (2.0, -1.0), "0,255": (1 / 127.5, -1.0)}
_PREFIX = "foreign/"
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


def give_ours(model: onnx.ModelProto, transpose: bool, shape: tuple[int, ...], value_range: Range | None) -> None:
    """After ``take_ours``: give ``x`` [N, *shape] in the contract's range instead of ``RAW``."""
    from onnx import TensorProto, helper

    scale, shift = _SCALES[value_range] if value_range else (1.0, 0.0)
    nodes, last = Nodes("after"), RAW
    if transpose:
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
