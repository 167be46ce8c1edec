"""ONNX generators that were not exported by ganzoo: read as the contract's ``z``, ``y`` → ``x`` by flags or inference.

A wrapper graph renames, reshapes and rescales, so that a foreign generator is sampled by the same engine, on the same
device, as any other. What the graph leaves open is asked for; what it leaves one reading of is inferred and said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from ganzoo import __version__
from ganzoo.engine import METADATA_KEY, Generator, GeneratorInfo, Session, read_model
from ganzoo.errors import ModelError, UsageError
from ganzoo.files import readable
from ganzoo.foreign.wrap import LAWS, ForeignInput, Range, input_form, wrapped
from ganzoo.latents import samples
from ganzoo.types import DataSpec, LatentSpec

if TYPE_CHECKING:
    from ganzoo.types import Array

Layout = Literal["nchw", "nhwc"]
_LABELS = ("labels", "onehot")
_PASSING = {"Reshape", "Transpose", "Identity", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Slice"}
_BOUNDED: dict[str, Range] = {"Tanh": "-1,1", "Sigmoid": "0,1"}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How to read a foreign generator; what is left out is inferred where the graph leaves one reading only."""

    latents: tuple[str, ...] = ()
    """``NAME:SIZE:LAW`` each, with the law ``normal``, ``uniform``, ``labels`` (class numbers) or ``onehot``; the law
    alone where the graph has one input."""
    output: str = ""
    layout: Layout | None = None
    value_range: Range | None = None


def open_foreign(
    path: Path, reading: Reading, data: DataSpec | None = None, *, device: str = "auto", threads: int = 1
) -> tuple[Generator, list[str]]:
    """Open a generator that has no ganzoo metadata; ``data`` is the form of what it is compared with.

    Returns it with one sentence per thing that was inferred. Raises UsageError where a flag is needed or wrong, and
    ModelError where the graph does not run.
    """
    import onnx

    content = read_model(path)
    session = Session(content, path.name, device="cpu", threads=threads)
    said: list[str] = []
    inputs = _inputs(session, path.name, reading, data, said)
    output = _output(session, path.name, reading)
    latent = _latent(inputs)
    given = _feeds(session, inputs, samples(latent, 0, 0, 2))
    produced = session.run(given)[output]
    model = onnx.load_from_string(content)
    transpose, shape = _form(produced, path.name, reading, data, said)
    value_range = _value_range(model.graph, output, produced, path.name, reading, said) if len(shape) > 1 else None
    name = readable(path.stem)
    form = DataSpec(name=name, kind="image" if len(shape) > 1 else "points", shape=shape, classes=latent.classes)
    graph = wrapped(model, session, inputs, output, transpose, shape, value_range)
    _describe(graph, name, form, latent, value_range)
    return Generator(path, device=device, threads=threads, adapted=graph.SerializeToString()), said


def _inputs(
    session: Session, name: str, reading: Reading, data: DataSpec | None, said: list[str]
) -> list[ForeignInput]:
    given = dict(_parsed(text, session, name) for text in reading.latents)
    for key, item in session.inputs.items():
        if key in given:
            continue
        if "int" in item.type and data is not None and data.classes:
            given[key] = ForeignInput(key, data.classes, "labels")
            said.append(f"input '{key}' is read as the class label, 0 to {data.classes - 1}")
        else:
            law = (
                f"{key}:{data.classes if data else 10}:labels" if "int" in item.type else f"{key}:{_size(item)}:normal"
            )
            raise UsageError(
                f"{name} has no ganzoo metadata: takes {_shown(session.inputs)}, gives {_shown(session.outputs)}.",
                f"Say how '{key}' is drawn, for example --latent {law}.",
            )
    inputs = list(given.values())
    for laws, what in ((LAWS, "latent"), (_LABELS, "class label")):
        if sum(each.law in laws for each in inputs) > 1:
            raise UsageError(f"{name} was given more than one {what} input.", "ganzoo draws one z and one label.")
    if not any(each.law in LAWS for each in inputs):
        raise UsageError(f"{name} was given no latent input.", "Add --latent NAME:SIZE:normal.")
    return inputs


def _parsed(text: str, session: Session, name: str) -> tuple[str, ForeignInput]:
    parts = text.split(":")
    if len(parts) == 1 and len(session.inputs) == 1:
        only, item = next(iter(session.inputs.items()))
        parts = [only, str(_size(item)), text]
    if len(parts) != 3 or not parts[1].isdecimal() or int(parts[1]) < 1 or parts[2] not in (*LAWS, *_LABELS):
        raise UsageError(
            f"--latent '{text}' is not NAME:SIZE:LAW.",
            f"The law is one of {', '.join((*LAWS, *_LABELS))}; for example z:128:normal or y:10:labels.",
        )
    if parts[0] not in session.inputs:
        raise UsageError(f"{name} has no input '{parts[0]}'; it takes {_shown(session.inputs)}.")
    return parts[0], ForeignInput(parts[0], int(parts[1]), parts[2])


def _size(item: Any) -> Any:
    """The size of one latent: the product of the static dimensions after the batch, or SIZE where one is open."""
    dims = item.shape[1:]
    return int(np.prod(dims)) if dims and all(isinstance(d, int) for d in dims) else "SIZE"


def _shown(items: Any) -> str:
    return ", ".join(f"{name} {item.type.removeprefix('tensor')} {item.shape}" for name, item in items.items())


def _output(session: Session, name: str, reading: Reading) -> str:
    if reading.output and reading.output not in session.outputs:
        raise UsageError(f"{name} has no output '{reading.output}'; it gives {_shown(session.outputs)}.")
    if not reading.output and len(session.outputs) > 1:
        raise UsageError(f"{name} gives {_shown(session.outputs)}.", "Say which are the samples with --output NAME.")
    return reading.output or next(iter(session.outputs))


def _latent(inputs: Sequence[ForeignInput]) -> LatentSpec:
    z = next(each for each in inputs if each.law in LAWS)
    classes = next((each.size for each in inputs if each.law in _LABELS), 0)
    return LatentSpec(z_dim=z.size, law="normal" if z.law == "normal" else "uniform", classes=classes)


def _feeds(session: Session, inputs: Sequence[ForeignInput], drawn: dict[str, Array]) -> dict[str, Array]:
    """Two samples' worth of the foreign inputs, to see what comes out."""
    feeds = {}
    for each in inputs:
        dtype, tail = input_form(session.inputs[each.name], each)
        value = drawn["z"] if each.law in LAWS else drawn["y"]
        if each.law == "onehot":
            value = np.eye(each.size)[value]
        if value.size != 2 * int(np.prod(tail)):
            raise UsageError(f"Input '{each.name}' takes {tail} numbers a sample, but --latent says {each.size}.")
        feeds[each.name] = value.reshape(2, *tail).astype(dtype)
    return feeds


def _form(
    x: Array, name: str, reading: Reading, data: DataSpec | None, said: list[str]
) -> tuple[bool, tuple[int, ...]]:
    """Whether to transpose NHWC → NCHW, and the shape of one sample in our layout."""
    if len(x) != 2:
        raise ModelError(f"{name} gave {len(x)} samples for a batch of 2: its batch axis is fixed.", "Export it again.")
    if x.ndim == 2:
        flat = data is not None and data.kind == "image" and int(np.prod(data.shape)) == x.shape[1]
        if data is None or not flat:
            return False, x.shape[1:]
        said.append(f"its {x.shape[1]} outputs are read as {'×'.join(map(str, data.shape))} pixels")
        return False, data.shape
    if x.ndim == 3:
        said.append("its images without a channel axis are read as grey")
        return False, (1, *x.shape[1:])
    if x.ndim != 4:
        raise ModelError(f"{name} gives samples of shape {x.shape[1:]}, which are neither images nor points.")
    first, last = x.shape[1] in (1, 3), x.shape[3] in (1, 3)
    if reading.layout is None and first == last:
        raise UsageError(f"{name} gives images of shape {x.shape[1:]}.", "Say --layout nchw or --layout nhwc.")
    if reading.layout is None:
        said.append(f"its images {x.shape[1:]} are read as {'NCHW' if first else 'NHWC'}")
    nhwc = reading.layout == "nhwc" or (reading.layout is None and last)
    return nhwc, (x.shape[3], x.shape[1], x.shape[2]) if nhwc else x.shape[1:]


def _value_range(graph: Any, output: str, x: Array, name: str, reading: Reading, said: list[str]) -> Range:
    found = reading.value_range or ("0,255" if x.dtype == np.uint8 else _bounded_by(graph, output))
    if found is None:
        raise UsageError(
            f"Nothing in {name} bounds its pixels; two samples lie in {x.min():.3g} … {x.max():.3g}.",
            "Say --range -1,1, --range 0,1 or --range 0,255.",
        )
    low, high = map(float, found.split(","))
    if x.min() < low - 0.01 * (high - low) or x.max() > high + 0.01 * (high - low):
        raise UsageError(f"{name} gives pixels in {x.min():.3g} … {x.max():.3g}, outside of the range {found}.")
    if reading.value_range is None:
        said.append(f"its pixels are read as {low:g} to {high:g}")
    return found


def _bounded_by(graph: Any, output: str) -> Range | None:
    """Follow the output back over nodes that only move numbers, to an activation that bounds them."""
    makers = {name: node for node in graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in _PASSING:
        node = makers.get(node.input[0])
    return _BOUNDED.get(node.op_type) if node is not None else None


def _describe(model: Any, name: str, form: DataSpec, latent: LatentSpec, value_range: Range | None) -> None:
    info = GeneratorInfo(
        variant=name,
        backend="onnx",
        distribution="",
        version="",
        dataset="",
        dataset_digest="",
        data=form,
        latent=latent,
        options={},
        seed=0,
        value_range=(-1.0, 1.0) if value_range else None,
        content_hash="",
        ganzoo_version=__version__,
    )
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps(msgspec.to_builtins(info)))
