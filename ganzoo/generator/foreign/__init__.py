"""ONNX generators that were not exported by ganzoo: read as the contract's ``z``, ``y`` → ``x`` by flags or inference.

A wrapper graph renames, reshapes and rescales, so that a foreign generator is sampled by the same engine, on the same
device, as any other. What the graph leaves open is asked for; what it leaves one reading of is inferred and noted.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np

from ganzoo.errors import ModelError, UsageError
from ganzoo.files import readable
from ganzoo.generator.contract import METADATA_KEY, MOST_OUTSIDE, PARITY_LIMIT, content_hash, describe, put_info
from ganzoo.generator.declared import check_sample
from ganzoo.generator.engine import WRONG_RANGE, Generator, Session, read_model
from ganzoo.generator.flags import NOTHING_TO_ACT_ON, shown
from ganzoo.generator.foreign.batches import first_samples
from ganzoo.generator.foreign.checks import check_samples
from ganzoo.generator.foreign.inputs import latent_of, read_inputs
from ganzoo.generator.foreign.wrap import Range, bounds, give_ours, take_ours
from ganzoo.types import DataSpec

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
    samples: str = ""
    """The output that holds the samples."""
    layout: Layout | None = None
    shape: tuple[int, ...] = ()
    """Of one image, channels first: [C, H, W]. Flat outputs are read as such images."""
    value_range: Range | None = None


def open_generator(
    path: Path,
    reading: Reading | None = None,
    data: DataSpec | None = None,
    *,
    device: str = "auto",
    threads: int = 1,
) -> Generator:
    """Open ganzoo's own generator by its metadata, or by ``reading`` one that has none, as ``open_foreign`` does."""
    if reading is None:
        return Generator(path, device=device, threads=threads)
    return open_foreign(path, reading, data, device=device, threads=threads)


def is_foreign(path: Path) -> bool:
    """Whether an ONNX file has no ganzoo metadata; so for one that cannot be parsed, as opening it says why."""
    import onnx

    try:
        model = onnx.load(path, load_external_data=False)
    except Exception:  # noqa: BLE001 - protobuf's errors share no public base class
        return True
    return all(entry.key != METADATA_KEY for entry in model.metadata_props)


def open_foreign(
    path: Path, reading: Reading, data: DataSpec | None = None, *, device: str = "auto", threads: int = 1
) -> Generator:
    """Open a generator that has no ganzoo metadata; ``data`` is the form of what it is compared with.

    Its ``notes`` have one sentence for each thing that was inferred. Raises UsageError where a flag is needed or wrong,
    or where the file has metadata, and ModelError where the graph does not run.
    """
    import onnx

    content = read_model(path)
    session = Session(content, path.name, device="cpu", threads=threads)
    if METADATA_KEY in session.metadata:
        raise UsageError(f"{path.name} is ganzoo's own, and read by its metadata: {NOTHING_TO_ACT_ON}")
    notes: list[str] = []
    inputs = read_inputs(session, path.name, reading.latents, data, notes)
    output = _output(session, path.name, reading)
    latent = latent_of(inputs)
    check_sample(latent, reading.shape, path.name)
    model = onnx.load_from_string(content)
    bound: Range | None = "0,255" if session.outputs[output].type == "tensor(uint8)" else _bounded_by(model, output)
    take_ours(model, inputs, output, latent)
    produced = first_samples(model, inputs, latent, path.name, notes)
    transpose, shape = _form(produced, path.name, reading, data, notes)
    value_range = _value_range(bound, produced, path.name, reading, notes) if len(shape) > 1 else None
    give_ours(model, transpose, shape, value_range)
    name = readable(path.stem)
    form = DataSpec(name=name, kind="image" if len(shape) > 1 else "points", shape=shape, classes=latent.classes)
    read = {
        "file_sha256": hashlib.sha256(content).hexdigest(),
        "latents": [each.text for each in inputs],
        "samples": output,
        "layout": "nhwc" if transpose else "nchw",
        "value_range": value_range,
    }
    put_info(model, describe(name, form, latent, backend="onnx", options=read, content_hash=content_hash(model)))
    adapted = model.SerializeToString()
    generator = Generator(
        path,
        device=device,
        threads=threads,
        content=content,
        adapted=adapted,
        declared=bounds(value_range or "-1,1"),
        notes=tuple(f"{readable(path.name)}: {sentence}" for sentence in notes),
    )
    on_cpu = generator.session if generator.provider == "CPU" else Session(adapted, path.name, device="cpu")
    check_samples(on_cpu, model, latent, path.name, levels=value_range == "0,255")
    return generator


def _output(session: Session, name: str, reading: Reading) -> str:
    if reading.samples and reading.samples not in session.outputs:
        raise UsageError(f"{name} has no output '{reading.samples}'; it gives {shown(session.outputs)}.")
    if not reading.samples and len(session.outputs) > 1:
        raise UsageError(f"{name} gives {shown(session.outputs)}.", "Say which are the samples with --samples NAME.")
    return reading.samples or next(iter(session.outputs))


def _form(
    x: Array, name: str, reading: Reading, data: DataSpec | None, notes: list[str]
) -> tuple[bool, tuple[int, ...]]:
    """Whether to transpose NHWC → NCHW, and the shape of one sample in our layout."""
    if reading.shape and (len(reading.shape) != 3 or min(reading.shape) < 1):
        raise UsageError(f"--shape {','.join(map(str, reading.shape))} is not C,H,W.", "Write for example 1,28,28.")
    if x.ndim == 2:
        shape = _flat(x.shape[1], name, reading, data, notes)
        return reading.layout == "nhwc" and len(shape) > 1, shape
    transpose, shape = _image(x, name, reading, notes)
    if reading.shape and shape != reading.shape:
        raise UsageError(
            f"{name} gives images of {_times(shape)}, not of {_times(reading.shape)}.", "Leave --shape out."
        )
    return transpose, shape


def _flat(width: int, name: str, reading: Reading, data: DataSpec | None, notes: list[str]) -> tuple[int, ...]:
    """The shape of a sample that comes as one row of numbers: that said, that of the data, or a point."""
    if reading.shape:
        if math.prod(reading.shape) != width:
            raise UsageError(f"{name} gives {width} numbers a sample, which are not {_times(reading.shape)} pixels.")
        return reading.shape
    if data is None:
        notes.append(f"its {width} outputs are read as points (with --shape C,H,W: as pixels)")
        return (width,)
    if data.kind != "image" or math.prod(data.shape) != width:
        return (width,)
    notes.append(f"its {width} outputs are read as {_times(data.shape)} pixels")
    return data.shape


def _image(x: Array, name: str, reading: Reading, notes: list[str]) -> tuple[bool, tuple[int, ...]]:
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


def _times(shape: tuple[int, ...]) -> str:
    """A shape for a sentence: 1×28×28."""
    return "×".join(map(str, shape))


def _bounded_by(model: onnx.ModelProto, output: str) -> Range | None:
    """Follow the output back over nodes that only move numbers, to an activation that bounds them."""
    makers = {name: node for node in model.graph.node for name in node.output}
    node = makers.get(output)
    while node is not None and node.op_type in _PASSING:
        node = makers.get(node.input[0])
    return _BOUNDED.get(node.op_type) if node is not None else None
