"""The graph around a foreign generator: our inputs before it, our output after it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from ganzoo.nodes import Nodes, prefix

if TYPE_CHECKING:
    import onnx

    from ganzoo.engine import Session

Range = Literal["-1,1", "0,1", "0,255"]
LAWS = ("normal", "uniform")
_SCALES: dict[Range, tuple[float, float]] = {"-1,1": (1.0, 0.0), "0,1": (2.0, -1.0), "0,255": (1 / 127.5, -1.0)}
_PREFIX = "foreign/"


class ForeignInput(msgspec.Struct, frozen=True):
    """An input of the foreign graph: the law is one of ``LAWS``, or ``labels`` or ``onehot``."""

    name: str
    size: int
    law: str


def input_form(item: Any, entry: ForeignInput) -> tuple[str, list[int]]:
    """The dtype a foreign input takes, and the shape after the batch axis."""
    kinds = {"float": "float32", "double": "float64"}
    name = item.type.removeprefix("tensor(").removesuffix(")")
    tail = [d if isinstance(d, int) else -1 for d in item.shape[1:]]
    if entry.law == "labels":
        return kinds.get(name, name), tail
    if tail.count(-1) == 1 and len(tail) > 1:  # one open dimension is the latent's own
        tail[tail.index(-1)] = entry.size
    return kinds.get(name, name), tail if tail and -1 not in tail else [entry.size]


def wrapped(
    model: onnx.ModelProto,
    session: Session,
    inputs: Sequence[ForeignInput],
    output: str,
    transpose: bool,
    shape: tuple[int, ...],
    value_range: Range | None,
) -> onnx.ModelProto:
    """Put ``z`` and ``y`` before the foreign graph, ``x`` [N, *shape] in the contract's range after it; return it."""
    from onnx import TensorProto, helper

    graph = model.graph
    prefix(graph, _PREFIX)
    before, after = Nodes("before"), Nodes("after")
    del graph.input[:], graph.output[:], graph.value_info[:]
    for each in inputs:
        own, kind, more = ("z", TensorProto.FLOAT, [each.size]) if each.law in LAWS else ("y", TensorProto.INT64, [])
        graph.input.append(helper.make_tensor_value_info(own, kind, ["N", *more]))
        _feed(before, own, each, *input_form(session.inputs[each.name], each))
    _give(after, _PREFIX + output, transpose, shape, value_range)
    before.put_before(graph)
    graph.node.extend(after.nodes)
    graph.initializer.extend(after.constants)
    graph.output.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape]))
    return model


def _feed(nodes: Nodes, own: str, each: ForeignInput, dtype: str, tail: list[int]) -> None:
    """Our input, in the form of theirs."""
    from onnx import helper

    last = own
    if each.law == "onehot":
        last = nodes.add("OneHot", last, nodes.integers(each.size), nodes.constant(np.array([0, 1], np.float32)))
    last = nodes.add("Reshape", last, nodes.integers(-1, *tail))
    nodes.add("Cast", last, output=_PREFIX + each.name, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _give(nodes: Nodes, last: str, transpose: bool, shape: tuple[int, ...], value_range: Range | None) -> None:
    """Their output, in the form of ours."""
    from onnx import TensorProto

    scale, shift = _SCALES[value_range] if value_range else (1.0, 0.0)
    last = nodes.add("Cast", last, to=TensorProto.FLOAT)
    if transpose:
        last = nodes.add("Transpose", last, perm=[0, 3, 1, 2])
    last = nodes.add("Reshape", last, nodes.integers(-1, *shape))
    last = nodes.add("Mul", last, nodes.number(scale))
    nodes.add("Add", last, nodes.number(shift), output="x")
