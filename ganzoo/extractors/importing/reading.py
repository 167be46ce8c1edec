"""What an ONNX file of somebody else takes and gives, and which of it an extractor needs.

Where a file leaves one reading only it is inferred, and said; otherwise the error lists what the file has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from ganzoo.errors import ModelError, OptionError
from ganzoo.extractors.graph import GREY, RGB
from ganzoo.generator.declared import check_graph
from ganzoo.generator.engine import read_model
from ganzoo.generator.graphs import every_tensor, external_files
from ganzoo.generator.nodes import OLDEST_OPSET, keep_outputs
from ganzoo.limits import check_size

if TYPE_CHECKING:
    import onnx

    from ganzoo.extractors.resize import Resize
    from ganzoo.generator.engine import Session

PixelRange = Literal["uint8", "0,255", "0,1", "-1,1"]
RANGES: tuple[PixelRange, ...] = get_args(PixelRange)

_TYPES = {"float": "float32", "double": "float64", "float16": "float16", "uint8": "uint8"}
_LARGEST = 1 << 31
"""Bytes; protobuf writes no larger message."""


@dataclass(frozen=True)
class Adapter:
    """How a network takes images and gives features; None where it is to be inferred.

    ``mean`` and ``std`` are of the chosen range, one number per channel or one for all. ``names`` are the inputs and
    outputs to take where nothing was said and there are several; ``width`` is that of published numbers.
    """

    input: str | None = None
    features: str | None = None
    logits: str | None = None
    value_range: PixelRange | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resize: Resize | None = None
    size: int | None = None
    names: tuple[str, ...] | None = None
    width: int | None = None

    def over(self, other: Adapter) -> Adapter:
        """This one, with ``other`` where it says nothing."""
        pairs = {field.name: (getattr(self, field.name), getattr(other, field.name)) for field in fields(self)}
        return Adapter(**{name: theirs if given is None else given for name, (given, theirs) in pairs.items()})


class ImageInput(NamedTuple):
    """The input that takes the images: dtype, and sizes with 0 where any is taken."""

    name: str
    dtype: str
    channels: int
    height: int
    width: int
    channels_last: bool


def load(file: Path) -> onnx.ModelProto:
    """The model of a file, its external data included, at an opset that our nodes can be put before."""
    import onnx
    from onnx import version_converter

    try:
        model = onnx.load_model_from_string(read_model(file))
        _check_beside(file, external_files(model))
        check_graph(model, file.name)
        _check_external(model, file)
        onnx.load_external_data_for_model(model, str(file.parent))
    except ModelError:
        raise
    except Exception as error:  # protobuf's errors share no public base class
        raise ModelError(f"{file} cannot be read as an ONNX model ({type(error).__name__}).") from error
    opset = max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0)
    if opset >= OLDEST_OPSET:
        return model
    try:
        return version_converter.convert_version(model, OLDEST_OPSET)
    except Exception as error:  # the converter raises whatever its C++ side does
        raise ModelError(
            f"{file} has the opset {opset}, which could not be brought to {OLDEST_OPSET}.",
            f"Export it with opset {OLDEST_OPSET} or later.",
        ) from error


def _check_beside(file: Path, names: Sequence[str]) -> None:
    """Raise ModelError unless every name is that of a plain file in the folder of ``file``."""
    folder = file.parent.resolve()
    for name in names:
        if Path(name).name == name and not (folder / name).exists():
            raise ModelError(f"{file} keeps weights in '{name}', which is not there.", "Put it beside the file.")
        if Path(name).name != name or (folder / name).resolve().parent != folder:
            raise ModelError(
                f"{file} keeps weights in '{name}', which is not a file beside it.",
                "Save it as one file: onnx.save(model, path, save_as_external_data=False).",
            )


def _check_external(model: onnx.ModelProto, file: Path) -> None:
    """Raise ModelError where what the tensors take of the files beside is too much: many may take the same part."""
    total = 0
    for tensor in every_tensor(model):
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if entries:
            length = int(entries.get("length") or 0)
            total += length or (file.parent / entries["location"]).stat().st_size
    check_size(total, f"The weights that {file} takes of other files", ModelError)


def serialised(model: onnx.ModelProto, name: str) -> bytes:
    """The bytes of a model. Raises ModelError where they would be too many."""
    if model.ByteSize() >= _LARGEST:
        raise ModelError(f"{name} is larger than the 2 GiB of one ONNX file.", "Export a smaller one, or in float16.")
    content: bytes = model.SerializeToString()
    return content


def _form(item: Any) -> str:
    kind = item.type.removeprefix("tensor(").removesuffix(")")
    return f"'{item.name}' ({kind} [{', '.join(str(size) for size in item.shape)}])"


def _listed(items: Any) -> str:
    return ", ".join(_form(item) for item in items)


def image_input(name: str, session: Session, adapter: Adapter, notes: list[str]) -> ImageInput:
    """The input for the images. Raises OptionError where several could be it, ModelError where none can."""
    chosen = _chosen(name, "takes", session.inputs, adapter.input, "--input", adapter, notes)
    item = session.inputs[chosen]
    kind = _TYPES.get(item.type.removeprefix("tensor(").removesuffix(")"))
    sizes = [size if isinstance(size, int) and size > 0 else 0 for size in item.shape]
    if kind is None or len(sizes) != 4:
        raise ModelError(f"{name} takes {_form(item)}, and images are [N, C, H, W] numbers.")
    if sizes[0]:
        raise ModelError(
            f"{name} has a fixed batch of {sizes[0]}: {_form(item)}.", "Export it with an open batch axis."
        )
    last = sizes[1] not in (GREY, RGB) and sizes[3] in (GREY, RGB)
    channels, height, width = (sizes[3], *sizes[1:3]) if last else sizes[1:]
    if channels not in (0, GREY, RGB):
        raise ModelError(f"{name} takes {_form(item)}: neither one nor three channels.")
    if last:
        notes.append(f"The channels of '{chosen}' come last.")
    if not channels:
        notes.append(f"The channels of '{chosen}' are open; it is given three.")
    return ImageInput(chosen, kind, channels or RGB, height, width, last)


def _chosen(
    name: str,
    verb: str,
    available: Mapping[str, Any],
    wanted: str | None,
    flag: str,
    adapter: Adapter,
    notes: list[str],
) -> str:
    """The input or output that was asked for; where nothing was, the only one or the one the preset knows."""
    if wanted is not None:
        if wanted not in available:
            raise OptionError(
                f"{name} {verb} no '{wanted}', but {_listed(available.values())}.", f"Say which with {flag}."
            )
        return wanted
    found = list(available) if len(available) == 1 else [key for key in available if key in (adapter.names or ())]
    if len(found) != 1:
        raise OptionError(f"{name} {verb} {_listed(available.values())}.", f"Say which with {flag}.")
    notes.append(f"{flag} is '{found[0]}'.")
    return found[0]


def outputs(name: str, session: Session, adapter: Adapter, notes: list[str]) -> dict[str, str]:
    """The outputs by their role, ``features`` and maybe ``logits``. Raises OptionError where several could be it."""
    rest = {key: item for key, item in session.outputs.items() if key != adapter.logits}
    if adapter.logits and len(rest) == len(session.outputs):
        raise OptionError(
            f"{name} gives no '{adapter.logits}', but {_listed(session.outputs.values())}.", "Say which with --logits."
        )
    if not rest:
        raise OptionError(f"{name} gives {_listed(session.outputs.values())} only, which --logits names.")
    roles = {"features": _chosen(name, "gives", rest, adapter.features, "--features", adapter, notes)}
    return {**roles, "logits": adapter.logits} if adapter.logits else roles


def keep_only(model: onnx.ModelProto, name: str, given: str, wanted: Sequence[str]) -> None:
    """Drop what the wanted outputs do not need. Raises ModelError where they need more than the images."""
    graph = model.graph
    needed = keep_outputs(graph, wanted)
    known = {value.name for value in graph.initializer} | {value.values.name for value in graph.sparse_initializer}
    others = [value.name for value in graph.input if value.name in needed - known - {given}]
    if others:
        raise ModelError(f"{name} needs more than images for {', '.join(wanted)}: {', '.join(others)}.")
