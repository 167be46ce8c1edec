"""An extractor's ONNX file: what it says of itself, and the nodes put before it: the 8-bit grid."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ganzoo.errors import ModelError
from ganzoo.generator.declared import check_graph
from ganzoo.generator.engine import read_model
from ganzoo.generator.nodes import Nodes, keep_outputs

if TYPE_CHECKING:
    import onnx

GREY, RGB = 1, 3
_FLOAT, _UINT8 = 1, 2
"""TensorProto's numbers of the two types."""
_GRID = "ganzoo_grid"
GRID_INPUT = f"{_GRID}/x"
"""The input of a graph after ``grid_first``."""
INFO_KEY = "ganzoo_extractor"


class ExtractorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What an imported extractor's file says of itself in its metadata."""

    summary: str
    policy: str
    """What the graph does to bytes before the network sees them."""
    source_sha256: str
    size: tuple[int, int] | None = None
    """Height and width to which the graph resizes; None where it takes images as they are."""


class GridInput(NamedTuple):
    """What an extractor's graph takes, and what is done to samples before it."""

    shape: tuple[int | None, ...]
    """Without the batch; None where any size is taken."""
    policy: tuple[str, ...]


def identity(digest: str, tap: str) -> str:
    """The sha256 of a computation: that of its file where the file has one meaning, else of file and tap."""
    return digest if tap == "features" else hashlib.sha256(f"{digest} {tap}".encode()).hexdigest()


def parsed(content: bytes, name: str) -> onnx.ModelProto:
    """The model in an ONNX file. Raises ModelError where it is none, or would take too much memory."""
    import onnx

    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf's errors share no public base class
        raise ModelError(f"{name} is no ONNX model: {type(error).__name__}.") from error
    check_graph(model, name)
    return model


def extractor_info(model: onnx.ModelProto, name: str) -> ExtractorInfo | None:
    """What an imported file says of itself; None for any other. Raises ModelError where it is damaged."""
    texts = [entry.value for entry in model.metadata_props if entry.key == INFO_KEY]
    if not texts:
        return None
    try:
        return msgspec.json.decode(texts[0], type=ExtractorInfo)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ModelError(f"{name} has damaged metadata: {error}.", "Import the extractor again.") from error


def with_info(model: onnx.ModelProto, info: ExtractorInfo) -> bytes:
    """The bytes of a model that says this of itself."""
    from onnx import helper

    helper.set_model_props(model, {INFO_KEY: msgspec.json.encode(info).decode()})
    content: bytes = model.SerializeToString()
    return content


def grid_first(model: onnx.ModelProto, name: str, tap: str, logits: str) -> GridInput:
    """Let the graph take samples in [-1, 1] as ``GRID_INPUT``, and keep the outputs ``tap`` and ``logits`` only.

    A sample x becomes clip(round((x + 1) · 127.5), 0, 255), ``quantise`` in ONNX, and goes on as the graph takes it: as
    uint8, or as float32 in [-1, 1] (``scale``). A graph that takes three channels is given grey images with the channel
    repeated. Changes ``model`` in place. Raises ModelError where it is no extractor.
    """
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if [value.name for value in inputs] != ["x"] or tap not in [value.name for value in graph.output]:
        raise ModelError(f"{name} is no extractor: it must take 'x' and give '{tap}'.")
    taken = inputs[0].type.tensor_type
    if taken.elem_type not in (_FLOAT, _UINT8) or len(taken.shape.dim) < 2:
        raise ModelError(f"{name} is no extractor: its 'x' must be float32 or uint8, of known rank.")
    shape = tuple(dim.dim_value or None for dim in taken.shape.dim[1:])
    replicate = len(shape) == 3 and shape[0] == RGB
    keep_outputs(graph, (tap, logits))
    _chain(taken.elem_type == _UINT8, replicate).put_before(graph)
    inputs[0].name, taken.elem_type = GRID_INPUT, _FLOAT
    if replicate:
        taken.shape.dim[1].dim_param = "C"
    return GridInput(shape, ("8-bit grid", "grey replicated to RGB") if replicate else ("8-bit grid",))


def _chain(to_bytes: bool, replicate: bool) -> Nodes:
    nodes = Nodes(_GRID)
    one, half = nodes.number(1), nodes.number(127.5)
    x = nodes.add("Round", nodes.add("Mul", nodes.add("Add", GRID_INPUT, one), half))
    x = nodes.add("Clip", x, nodes.number(0), nodes.number(255))
    x = nodes.add("Cast", x, to=_UINT8) if to_bytes else nodes.add("Sub", nodes.add("Div", x, half), one)
    if replicate:
        x = nodes.add("Expand", x, nodes.integers(1, RGB, 1, 1))
    nodes.add("Identity", x, output="x")
    return nodes


class ExtractorFacts(NamedTuple):
    """What can be said of an extractor's file without running it."""

    sha256: str
    width: int
    """Features; 0 where the file leaves it open."""
    summary: str
    policy: str


def file_facts(path: Path, tap: str) -> ExtractorFacts:
    """Read them. Raises ModelError where the file is no extractor."""
    content = read_model(path)
    model = parsed(content, path.name)
    info = extractor_info(model, path.name)
    widths = [value.type.tensor_type.shape.dim[-1].dim_value for value in model.graph.output if value.name == tap]
    if not widths:
        raise ModelError(f"{path.name} is no extractor: it does not give '{tap}'.")
    digest = identity(hashlib.sha256(content).hexdigest(), tap)
    return ExtractorFacts(digest, widths[0], info.summary if info else "", info.policy if info else "")
