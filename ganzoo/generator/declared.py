"""What an ONNX file declares, held to its bytes, to the metadata and to the limit before anything is made of it.

ONNX Runtime computes what depends on constants alone when it opens a graph: a node of 30 bytes is a constant of 3 GB
then. How large values become is inferred by onnx, for one sample; what is known only when the graph runs is not seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ModelError
from ganzoo.generator.graphs import every_graph, every_sparse, every_tensor
from ganzoo.limits import check_size

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import LatentSpec

AT_ONCE = 64
"""Samples that are made at once at least, of every generator: those that parity is shown with."""
_NUMBER = 4
"""Bytes of a float32."""
_CLASS = 1024
"""Bytes that a class takes at most: its name, and what is counted of it."""
_BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2}
"""Bytes of a number by onnx.TensorProto's element type; narrower ones are packed in many ways, and count as one."""
_PLAIN = {1: "float_data", 6: "int32_data", 7: "int64_data", 11: "double_data"}
_SMALL = 1024
"""Numbers of a constant that may be a shape, which inference looks into."""


def check_sample(latent: LatentSpec, shape: tuple[int, ...], name: str, at_once: int = AT_ONCE) -> None:
    """Raise ModelError where the inputs or outputs of a few samples, or the names of the classes, are too large."""
    numbers = {"latents": latent.numbers, "samples": math.prod(shape)}
    for what, size in numbers.items():
        check_size(at_once * _NUMBER * size, f"{at_once} {what} of {name}, {size} numbers each,", ModelError)
    check_size(_CLASS * latent.classes, f"The {latent.classes} classes of {name}", ModelError)


def check_graph(model: onnx.ModelProto, name: str) -> None:
    """Raise ModelError for text that is none, for a stored tensor that is not what it declares, and for values that are
    too large.
    """
    named = (each.name for each in (*model.graph.input, *model.graph.output))
    texts = (text for entry in model.metadata_props for text in (entry.key, entry.value))
    if any(isinstance(text, bytes) for text in (*named, *texts)):  # protobuf gives what is no UTF-8 as bytes
        raise ModelError(f"{name} is damaged: its names or its metadata are not UTF-8.")
    for tensor in every_tensor(model):
        _check_tensor(tensor, name)
    for sparse in every_sparse(model):  # ONNX Runtime makes dense ones of them
        _check_value(sparse.dims, sparse.values.data_type, f"The sparse tensor '{sparse.values.name}' of {name}")
    inferred = _inferred(model)
    if inferred is None:
        return  # ONNX Runtime says what is wrong with it
    sizes = {}
    for graph in every_graph(inferred):
        for value in (*graph.value_info, *graph.output):
            kind = value.type.tensor_type
            dims = [dim.dim_value or 1 for dim in kind.shape.dim]
            sizes[value.name] = _check_value(dims, kind.elem_type, f"The value '{value.name}' of {name}")
    constant = sum(sizes.get(output, 0) for output in _constant_outputs(model))
    check_size(constant, f"All that depends on constants alone in {name}", ModelError)


def _check_tensor(tensor: onnx.TensorProto, name: str) -> None:
    held = _held(tensor)
    if min(tensor.dims, default=0) < 0 or held not in (None, math.prod(tensor.dims)):
        raise ModelError(
            f"{name} is damaged: its tensor '{tensor.name}' declares {list(tensor.dims)} numbers and holds {held or 0}."
        )


def _held(tensor: onnx.TensorProto) -> int | None:
    """How many numbers are stored; None where they lie elsewhere or are packed."""
    size = _BYTES.get(tensor.data_type)
    if size is None or tensor.data_location == tensor.EXTERNAL:
        return None
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data) // size
    field = _PLAIN.get(tensor.data_type)
    return len(getattr(tensor, field)) if field else None


def _check_value(dims: Iterable[int], kind: int, what: str) -> int:
    """The bytes of a value of these dimensions."""
    dims = list(dims)
    size = math.prod(dims) * _BYTES.get(kind, 1)
    check_size(size, f"{what}, {dims},", ModelError)
    return size


def _inferred(model: onnx.ModelProto) -> onnx.ModelProto | None:
    """The graph with the sizes of its values, without its weights; None where it is no valid one."""
    import onnx

    try:
        return onnx.shape_inference.infer_shapes(_skeleton(model), data_prop=True)
    except Exception:  # noqa: BLE001 - onnx raises bare exceptions of several libraries
        return None


def _skeleton(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with large weights as inputs, and without what it says of the sizes of its own values."""
    import onnx
    from onnx import helper

    made, graph = onnx.ModelProto(ir_version=model.ir_version), model.graph
    made.opset_import.extend(model.opset_import)
    made.functions.extend(model.functions)
    made.graph.name = graph.name or "graph"
    made.graph.node.extend(graph.node)
    made.graph.input.extend(graph.input)
    made.graph.output.extend(helper.make_empty_tensor_value_info(value.name) for value in graph.output)
    given = {value.name for value in graph.input}
    for tensor in graph.initializer:
        if math.prod(tensor.dims) <= _SMALL:
            made.graph.initializer.append(tensor)
        elif tensor.name not in given:
            made.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return made


def _constant_outputs(model: onnx.ModelProto) -> Iterator[str]:
    """Outputs of the main graph's nodes that depend on no input; they stand in the order of computation."""
    graph = model.graph
    known = {tensor.name for tensor in graph.initializer} | {each.values.name for each in graph.sparse_initializer}
    for node in graph.node:
        if all(name in known for name in node.input if name):
            known |= set(node.output)
            yield from node.output


def check_border(
    wanted: Mapping[str, tuple[int, ...]], declared: Mapping[str, Any], kinds: Mapping[str, str], name: str
) -> None:
    """Raise ModelError where the inputs and the output of a graph are not declared as the metadata have them.

    ``wanted`` has the shape of each without the batch, ``kinds`` its element type, ``declared`` what ONNX Runtime says;
    dimensions that are open fit any.
    """
    for key, tail in wanted.items():
        item = declared[key]
        sizes = [size if isinstance(size, int) and size > 0 else None for size in item.shape or ()]
        fits = len(sizes) == 1 + len(tail) and all(
            size in (None, each) for size, each in zip(sizes[1:], tail, strict=True)
        )
        if item.shape and not fits:
            found = ", ".join("N" if i == 0 else str(size or "?") for i, size in enumerate(sizes))
            meant = ", ".join(["N", *map(str, tail)])
            raise ModelError(f"{name} declares '{key}' as [{found}], but by its metadata it is [{meant}].")
        if item.type != f"tensor({kinds[key]})":
            raise ModelError(f"{name} declares '{key}' as {item.type}, but it must be tensor({kinds[key]}).")
