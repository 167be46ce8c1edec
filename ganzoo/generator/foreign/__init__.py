"""ONNX generators that were not exported by ganzoo: read as the contract's ``z``, ``y`` → ``x`` by flags or inference.

A wrapper graph renames, reshapes and rescales, so that a foreign generator is sampled by the same engine, on the same
device, as any other. What the graph leaves open is asked for; what it leaves one reading of is inferred and noted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from ganzoo.errors import ModelError, UsageError
from ganzoo.files import readable
from ganzoo.generator.causes import DYNAMIC_BATCH
from ganzoo.generator.contract import MOST_OUTSIDE, PARITY_LIMIT, describe, put_info
from ganzoo.generator.engine import WRONG_RANGE, Generator, Session, read_model
from ganzoo.generator.foreign.checks import TRIED, check_samples
from ganzoo.generator.foreign.inputs import latent_of, read_inputs, shown
from ganzoo.generator.foreign.wrap import RAW, Range, bounds, give_ours, take_ours
from ganzoo.latents import samples
from ganzoo.types import DataSpec, LatentSpec

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array

Layout = Literal["nchw", "nhwc"]
_PASSING = {"Reshape", "Transpose", "Identity", "Squeeze", "Unsqueeze", "Flatten", "Cast", "Slice"}
_BOUNDED: dict[str, Range] = {"Tanh": "-1,1", "Sigmoid": "0,1"}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How to read a foreign generator; what is left out is inferred where the graph leaves one reading only."""

    latents: tuple[str, ...] = ()
    """``NAME:SIZE:LAW`` each, with the law ``normal``, ``uniform``, ``labels`` (class numbers) or ``onehot``; the law
    alone where the graph has one input of a known size; ``NAME:VALUE:fixed`` for the same number in every call."""
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
    notes: list[str] = []
    inputs = read_inputs(session, path.name, reading.latents, data, notes)
    output = _output(session, path.name, reading)
    latent = latent_of(inputs)
    model = onnx.load_from_string(content)
    bound: Range | None = "0,255" if session.outputs[output].type == "tensor(uint8)" else _bounded_by(model, output)
    take_ours(model, inputs, output, latent)
    produced = _tried(model, latent, path.name)
    transpose, shape = _form(produced, path.name, reading, data, notes)
    value_range = _value_range(bound, produced, path.name, reading, notes) if len(shape) > 1 else None
    give_ours(model, transpose, shape, value_range)
    name = readable(path.stem)
    form = DataSpec(name=name, kind="image" if len(shape) > 1 else "points", shape=shape, classes=latent.classes)
    put_info(model, describe(name, form, latent, backend="onnx"))
    low, high = bounds(value_range or "-1,1")
    adapted = model.SerializeToString()
    generator = Generator(path, device=device, threads=threads, content=content, adapted=adapted, declared=(low, high))
    on_cpu = generator.session if generator.provider == "CPU" else Session(adapted, path.name, device="cpu")
    check_samples(on_cpu, model, latent, path.name, levels=value_range == "0,255")
    return generator, notes


def _output(session: Session, name: str, reading: Reading) -> str:
    if reading.output and reading.output not in session.outputs:
        raise UsageError(f"{name} has no output '{reading.output}'; it gives {shown(session.outputs)}.")
    if not reading.output and len(session.outputs) > 1:
        raise UsageError(f"{name} gives {shown(session.outputs)}.", "Say which are the samples with --output NAME.")
    return reading.output or next(iter(session.outputs))


def _tried(model: onnx.ModelProto, latent: LatentSpec, name: str) -> Array:
    """The first samples in the graph's own form."""
    session = Session(model.SerializeToString(), name, device="cpu")
    inputs = samples(latent, 0, 0, TRIED)
    try:
        x = session.run(inputs)[RAW]
    except ModelError as error:
        if not _takes_one(session, inputs):
            raise
        message = f"{name} runs with one sample, but not with {TRIED}: its batch axis is fixed at 1 inside the graph."
        raise ModelError(message, DYNAMIC_BATCH) from error
    if x.shape[:1] != (TRIED,):
        raise ModelError(
            f"{name} gave samples {x.shape} for a batch of {TRIED}: its batch axis is fixed.", DYNAMIC_BATCH
        )
    return x


def _takes_one(session: Session, inputs: dict[str, Array]) -> bool:
    try:
        session.run({name: value[:1] for name, value in inputs.items()})
    except ModelError:
        return False
    return True


def _form(
    x: Array, name: str, reading: Reading, data: DataSpec | None, notes: list[str]
) -> tuple[bool, tuple[int, ...]]:
    """Whether to transpose NHWC → NCHW, and the shape of one sample in our layout."""
    if x.ndim == 2:
        flat = data is not None and data.kind == "image" and int(np.prod(data.shape)) == x.shape[1]
        if data is None or not flat:
            return False, x.shape[1:]
        notes.append(f"its {x.shape[1]} outputs are read as {'×'.join(map(str, data.shape))} pixels")
        return False, data.shape
    if x.ndim == 3:
        notes.append("its images without a channel axis are read as grey")
        return False, (1, *x.shape[1:])
    if x.ndim != 4:
        raise ModelError(f"{name} gives samples of shape {x.shape[1:]}, which are neither images nor points.")
    first, last = x.shape[1] in (1, 3), x.shape[3] in (1, 3)
    if reading.layout is None and first == last:
        raise UsageError(f"{name} gives images of shape {x.shape[1:]}.", "Say --layout nchw or --layout nhwc.")
    if reading.layout is None:
        notes.append(f"its images {x.shape[1:]} are read as {'NCHW' if first else 'NHWC'}")
    nhwc = reading.layout == "nhwc" or (reading.layout is None and last)
    return nhwc, (x.shape[3], x.shape[1], x.shape[2]) if nhwc else x.shape[1:]


def _value_range(bound: Range | None, x: Array, name: str, reading: Reading, notes: list[str]) -> Range:
    found = reading.value_range or bound
    if found is None:
        raise UsageError(
            f"Nothing in {name} bounds its pixels; samples lie in {x.min():.3g} … {x.max():.3g}.",
            "Say --range -1,1, --range 0,1 or --range 0,255.",
        )
    low, high = bounds(found)
    centred = (x.astype(np.float64) - low) / (high - low) * 2 - 1
    if (np.abs(centred) > 1 + PARITY_LIMIT).mean() > MOST_OUTSIDE:
        raise UsageError(
            f"{name} gives pixels in {x.min():.3g} … {x.max():.3g}, outside of the range {found}.", WRONG_RANGE
        )
    if reading.value_range is None:
        notes.append(f"its pixels are read as {low:g} to {high:g}")
    return found


def _bounded_by(model: onnx.ModelProto, output: str) -> Range | None:
    """Follow the output back over nodes that only move numbers, to an activation that bounds them."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in _PASSING:
        node = makers.get(node.input[0])
    return _BOUNDED.get(node.op_type) if node is not None else None
