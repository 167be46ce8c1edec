"""The nodes around somebody else's network: from bytes to its input, from its outputs to features and logits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganzoo.errors import ModelError, OptionError
from ganzoo.extractors.importing.reading import Adapter, ImageInput, image_input, keep_only, load, outputs, serialised
from ganzoo.extractors.resize import resized
from ganzoo.generator.engine import Session
from ganzoo.generator.nodes import Nodes, prefix, tensor

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

_PREFIX = "source/"
_BATCH_TOLERANCE = 1e-3
"""Of the largest feature: rounding of another batch size stays far below, a batch norm in training mode far above."""
_SIDE = 64
"""Of the test images, where the network takes any size."""

Size = tuple[int, int]


class Adapted(NamedTuple):
    """The new graph, what it does to bytes, the size it resizes to, and what was inferred."""

    model: onnx.ModelProto
    policy: str
    size: Size | None
    notes: list[str]


def adapted(file: Path, adapter: Adapter) -> Adapted:
    """The network between ``x`` uint8 [N, C, H, W] and ``features`` [N, d] (and ``logits`` [N, k]).

    Features of rank 3 [N, T, d] give their first token, of rank 4 [N, d, H, W] their mean over the grid. The result was
    run on images together and alone. Raises ModelError for a file that is no extractor, OptionError where something
    must be said.
    """
    notes: list[str] = []
    model = load(file)
    session = Session(serialised(model, file.name), file.name, device="cpu")
    given = image_input(file.name, session, adapter, notes)
    roles = outputs(file.name, session, adapter, notes)
    keep_only(model, file.name, given.name, list(roles.values()))
    size = _target(file.name, given, adapter, notes)
    before, steps = _before(file.name, given, adapter, size, notes)
    after = Nodes("after")
    for role, output in roles.items():
        steps += _flat(file.name, after, session.outputs[output], role)
    _between(model, given, size, before, after, list(roles))
    widths = _tried(file.name, model, given, size)
    for value in model.graph.output:
        value.type.tensor_type.shape.dim[1].dim_value = widths[value.name]
    if adapter.width and widths["features"] != adapter.width:
        notes.append(
            f"It has {widths['features']} features, where the published numbers were taken with {adapter.width}."
        )
    return Adapted(model, "; ".join(steps), size, notes)


def _target(name: str, given: ImageInput, adapter: Adapter, notes: list[str]) -> Size | None:
    """The size to resize to, if any."""
    fixed = (given.height, given.width) if given.height and given.width else None
    if adapter.resize in (None, "none"):
        if adapter.size:
            raise OptionError(f"{name} is given --size {adapter.size}, but no --resize.", "Say how: --resize bicubic.")
        if fixed:
            notes.append(f"It takes images of {fixed[0]}×{fixed[1]} only; --resize would let it take any.")
        return None
    size = (adapter.size, adapter.size) if adapter.size else fixed
    if size is None:
        raise OptionError(f"{name} takes images of any size.", "Say to which it is to resize them: --size 224.")
    if fixed and fixed != size:
        raise OptionError(
            f"{name} takes images of {fixed[0]}×{fixed[1]}, not {size[0]}×{size[1]}.", "Leave out --size."
        )
    if not adapter.size:
        notes.append(f"--size is {size[0]}×{size[1]}, which is what it takes.")
    return size


def _before(
    name: str, given: ImageInput, adapter: Adapter, size: Size | None, notes: list[str]
) -> tuple[Nodes, list[str]]:
    """From ``x`` to the network's input, and what that does in words."""
    nodes, steps = Nodes("before"), []
    x = nodes.add("Cast", "x", to=_number("float32"))
    if size and adapter.resize:
        x = resized(nodes, x, adapter.resize, size)
        steps.append(f"resize {adapter.resize} {size[0]}×{size[1]}")
    value_range = adapter.value_range
    if value_range is None and given.dtype == "uint8":
        value_range = "uint8"
        notes.append("--range is uint8, the type of its input.")
    if value_range is None:
        raise OptionError(
            f"{name} does not say which numbers it takes for black and white.",
            "Say it with --range 0,1, -1,1, 0,255 or uint8, before --mean and --std.",
        )
    if (value_range == "uint8") != (given.dtype == "uint8"):
        raise OptionError(f"{name} takes {given.dtype} numbers, not {value_range}.", "Choose another --range.")
    x = _scaled(nodes, x, value_range)
    steps.append(f"range {value_range.replace(',', '..')}")
    for operator, flag, values in (("Sub", "mean", adapter.mean), ("Div", "std", adapter.std)):
        if values is not None:
            x = nodes.add(operator, x, nodes.constant(_per_channel(name, flag, values, given)))
            steps.append(f"{flag} {', '.join(f'{value:g}' for value in values)}")
    if given.channels_last:
        x = nodes.add("Transpose", x, perm=[0, 2, 3, 1])
    nodes.add("Cast", x, to=_number(given.dtype), output=_PREFIX + given.name)
    return nodes, steps


def _scaled(nodes: Nodes, x: str, value_range: str) -> str:
    match value_range:
        case "0,1":
            return nodes.add("Div", x, nodes.number(255))
        case "-1,1":
            return nodes.add("Sub", nodes.add("Div", x, nodes.number(127.5)), nodes.number(1))
        case "uint8":  # a bicubic resize leaves the range
            return nodes.add("Clip", nodes.add("Round", x), nodes.number(0), nodes.number(255))
        case _:
            return x


def _per_channel(name: str, flag: str, values: tuple[float, ...], given: ImageInput) -> Array:
    if given.dtype == "uint8":
        raise OptionError(f"{name} takes bytes, which have no --{flag}.", f"Leave out --{flag}.")
    if len(values) not in (1, given.channels):
        raise OptionError(f"{name} takes {given.channels} channels, but --{flag} has {len(values)} numbers.")
    if not np.isfinite(values).all() or (flag == "std" and min(values) <= 0):
        raise OptionError(f"--{flag} {values} is out of range.", "A standard deviation is above 0.")
    return np.array(values, np.float32).reshape(1, -1, 1, 1)


def _flat(name: str, nodes: Nodes, item: Any, role: str) -> list[str]:
    """One number per feature from whatever the network gives, and how in words."""
    x, how = _PREFIX + item.name, []
    rank = len(item.shape)
    if rank == 3 and role == "features":
        x, how = nodes.add("Gather", x, nodes.constant(np.array(0, np.int64)), axis=1), ["first token"]
    elif rank == 4 and role == "features":
        x, how = nodes.add("Flatten", nodes.add("GlobalAveragePool", x)), ["mean over the grid"]
    elif rank != 2:
        wanted = "[N, d], [N, tokens, d] or [N, d, H, W]" if role == "features" else "[N, classes]"
        raise ModelError(f"{name} gives '{item.name}' {item.shape}, and {role} are {wanted}.")
    nodes.add("Cast", x, to=_number("float32"), output=role)
    return how


def _between(
    model: onnx.ModelProto, given: ImageInput, size: Size | None, before: Nodes, after: Nodes, roles: list[str]
) -> None:
    """Put our nodes around the network, in place. Its own names get a prefix, so that none can clash."""
    graph = model.graph
    prefix(graph, _PREFIX)
    before.put_before(graph)
    graph.node.extend(after.nodes)
    graph.initializer.extend(after.constants)
    height, width = ("H", "W") if size else (given.height or "H", given.width or "W")
    for field, values in (
        (graph.input, [tensor("x", "uint8", ["N", given.channels, height, width])]),
        (graph.output, [tensor(role, "float32", ["N", f"{role}_width"]) for role in roles]),
        (graph.value_info, []),
        (model.metadata_props, []),
    ):
        del field[:]
        field.extend(values)


def _tried(name: str, model: onnx.ModelProto, given: ImageInput, size: Size | None) -> Mapping[str, int]:
    """The widths of the outputs, from a run. Raises ModelError where images of one batch are not kept apart."""
    height, width = (_SIDE, _SIDE) if size else (given.height or _SIDE, given.width or _SIDE)
    x = np.random.default_rng(0).integers(0, 256, (3, given.channels, height, width)).astype(np.uint8)
    session = Session(serialised(model, name), name, device="cpu")
    together, alone = session.run({"x": x}), session.run({"x": x[:1]})
    for role, value in together.items():
        if value.ndim != 2 or len(value) != len(x) or not np.isfinite(value).all():
            raise ModelError(
                f"{name} gives {role} {list(value.shape)} for {len(x)} images, or some that are not finite."
            )
        if np.abs(value[:1] - alone[role]).max() > _BATCH_TOLERANCE * np.abs(value).max():
            raise ModelError(
                f"The {role} of {name} depend on the other images of a batch.", "Export it in evaluation mode."
            )
    return {role: value.shape[1] for role, value in together.items()}


def _number(kind: str) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
