"""The contract of generator.onnx, once: its inputs and output, its metadata, its limits. docs/onnx.md is its text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo._version import __version__
from ganzoo.errors import ModelError
from ganzoo.generator.declared import check_sample
from ganzoo.generator.graphs import every_node, external_files
from ganzoo.types import DataSpec, LatentSpec

if TYPE_CHECKING:
    import onnx

METADATA_KEY = "ganzoo"
FORMAT = 1
OUTPUT = "x"
DTYPES = {"z": 1, "y": 7, "c": 1, "noise": 1, OUTPUT: 1}
"""onnx.TensorProto's element types by input and output: FLOAT = 1, INT64 = 7."""
NUMPY_TYPES = {1: "float32", 7: "int64"}
PIXELS = "uint8 = clip(round((x + 1) * 127.5), 0, 255)"
"""How the values of an image become bytes."""
PARITY_LIMIT = 1e-4
"""Float noise: samples in [-1, 1] that differ by no more, or leave the range by no more, are the same."""
MOST_OUTSIDE = 0.1
"""A greater share of values outside of the range is no tail that may be clipped: the range is another."""


class GeneratorInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What generator.onnx says of itself in its metadata."""

    variant: str
    backend: str
    distribution: str
    version: str
    dataset: str
    dataset_digest: str
    data: DataSpec
    latent: LatentSpec
    class_names: tuple[str, ...] = ()
    """Of the classes of the data; none where they are called by their numbers."""
    options: dict[str, Any]
    seed: int
    value_range: tuple[float, float] | None
    content_hash: str
    ganzoo_version: str
    format: int = FORMAT


def describe(
    variant: str,
    data: DataSpec,
    latent: LatentSpec,
    *,
    backend: str,
    distribution: str = "",
    version: str = "",
    dataset: str = "",
    dataset_digest: str = "",
    class_names: tuple[str, ...] = (),
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    content_hash: str = "",
) -> GeneratorInfo:
    """The metadata of a generator of ``data``; of one to be trained, the hash of its content is known afterwards."""
    return GeneratorInfo(
        variant=variant,
        backend=backend,
        distribution=distribution,
        version=version,
        dataset=dataset,
        dataset_digest=dataset_digest,
        data=data,
        latent=latent,
        class_names=class_names,
        options=dict(options or {}),
        seed=seed,
        value_range=(-1.0, 1.0) if data.kind == "image" else None,
        content_hash=content_hash,
        ganzoo_version=__version__,
    )


def content_hash(model: onnx.ModelProto) -> str:
    """The sha256 of a serialised model that has no metadata yet."""
    return hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()


def put_info(model: onnx.ModelProto, info: GeneratorInfo) -> None:
    """Write the metadata into a model."""
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps(_plain(info), sort_keys=True))


def _plain(info: GeneratorInfo) -> dict[str, Any]:
    """The metadata as plain objects; ``latent.noise`` only where there is noise, so that other files stay the same."""
    value: dict[str, Any] = msgspec.to_builtins(info)
    if not info.latent.noise:
        del value["latent"]["noise"]
    return value


def sidecar(info: GeneratorInfo) -> dict[str, Any]:
    """The metadata, and what follows from them for inputs and output, for those who see no metadata."""
    latent, image = info.latent, info.data.kind == "image"
    onehot = {"law": "onehot", "columns": [0, latent.categorical], "range": [0.0, 1.0]}
    uniform = {"law": "uniform", "columns": [latent.categorical, latent.code_dim], "range": [-1.0, 1.0]}
    parts = [*([onehot] if latent.categorical else []), *([uniform] if latent.continuous else [])]
    given: dict[str, dict[str, Any]] = {
        "z": {
            "shape": ["N", latent.z_dim],
            "law": latent.law,
            "range": [-1.0, 1.0] if latent.law == "uniform" else None,
        },
        "y": {"shape": ["N"], "law": "labels", "range": [0, latent.classes - 1]},
        "c": {"shape": ["N", latent.code_dim], "parts": parts},
        "noise": {"shape": ["N", *latent.noise], "law": "normal", "range": None},
    }
    output = {
        "name": OUTPUT,
        "dtype": NUMPY_TYPES[DTYPES[OUTPUT]],
        "shape": ["N", *info.data.shape],
        "layout": "NCHW" if image else None,
        "range": info.value_range,
        "pixels": PIXELS if image else None,
    }
    inputs = [{"name": name, "dtype": NUMPY_TYPES[DTYPES[name]], **given[name]} for name in latent.names]
    return {**_plain(info), "inputs": inputs, "output": output}


def read_info(
    metadata: Mapping[str, str], inputs: Iterable[str], outputs: Iterable[str], *, name: str, hint: str = ""
) -> GeneratorInfo:
    """The metadata of the file ``name``.

    Raises ModelError where there are none, with ``hint`` as what to do, or where they are not of this model.
    """
    text = metadata.get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{name} is an ONNX file, but no ganzoo generator: it has no '{METADATA_KEY}' metadata.",
            hint,
        )
    try:
        info = msgspec.convert(json.loads(text), GeneratorInfo)
    except (ValueError, msgspec.ValidationError) as error:
        raise ModelError(f"{name} has damaged ganzoo metadata: {error}.") from error
    except RecursionError as error:
        raise ModelError(f"{name} has damaged ganzoo metadata: they are nested too deeply.") from error
    if info.format != FORMAT:
        raise ModelError(
            f"{name} has ganzoo metadata of format {info.format}; this ganzoo reads {FORMAT}.", "Update it."
        )
    if fault := _fault(info):
        raise ModelError(f"{name} has damaged ganzoo metadata: {fault}.")
    check_sample(info.latent, info.data.shape, name)
    if info.class_names and {len(info.class_names), info.latent.classes} - {info.data.classes, 0}:
        raise ModelError(
            f"{name} has damaged ganzoo metadata: {len(info.class_names)} class names, but {info.data.classes} classes."
        )
    if set(inputs) != set(info.latent.names) or OUTPUT not in set(outputs):
        raise ModelError(
            f"{name} takes {sorted(inputs)} and gives {sorted(outputs)}; "
            f"by its metadata it takes {sorted(info.latent.names)} and gives {[OUTPUT]}."
        )
    return info


def _fault(info: GeneratorInfo) -> str:
    """The first size in the metadata that cannot be; "" where all can."""
    latent, data = info.latent, info.data
    least = {"latent.z_dim": 1, "latent.classes": 0, "latent.categorical": 0, "latent.continuous": 0}
    for key, size in least.items():
        found = getattr(latent, key.removeprefix("latent."))
        if found < size:
            return f"{key} is {found}, and must be {size} or more"
    if data.classes < 0:
        return f"data.classes is {data.classes}, and must be 0 or more"
    axes = 3 if data.kind == "image" else 1
    if len(data.shape) != axes or min(data.shape) < 1:
        wanted = "[C, H, W]" if axes == 3 else "[d]"
        return f"data.shape is {list(data.shape)}, and must be {wanted} of numbers of 1 or more"
    if latent.noise and (data.kind != "image" or latent.noise[1:] != data.shape[1:] or latent.noise[0] < 1):
        return f"latent.noise is {list(latent.noise)}, and must be some maps as large as the images"
    return ""


def tails(latent: LatentSpec, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """The shape of each input and of the output without the batch, for samples of ``shape``."""
    given = {"z": (latent.z_dim,), "y": (), "c": (latent.code_dim,), "noise": latent.noise}
    return {**{name: given[name] for name in latent.names}, OUTPUT: shape}


def broken_rule(model: onnx.ModelProto, latent: LatentSpec, shape: tuple[int, ...]) -> str:
    """The first rule that an exported graph breaks, for samples of ``shape``; "" where it keeps them all."""
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if sorted(value.name for value in inputs) != sorted(latent.names):
        return f"inputs are {[v.name for v in inputs]}, not {list(latent.names)}"
    if [value.name for value in graph.output] != [OUTPUT]:
        return f"outputs are {[v.name for v in graph.output]}, not {[OUTPUT]}"
    if external_files(model):
        return "weights lie in a second file"
    foreign = sorted({node.domain for node in every_node(model)} - {"", "ai.onnx"})
    if foreign:
        return f"operators of the domain {foreign[0]} are not standard ONNX"
    trailing = tails(latent, shape)
    return next(
        (rule for value in [*inputs, *graph.output] if (rule := _broken_value(value, trailing[value.name]))), ""
    )


def _broken_value(value: onnx.ValueInfoProto, trailing: tuple[int, ...]) -> str:
    tensor = value.type.tensor_type
    if tensor.elem_type != DTYPES[value.name]:
        return f"{value.name} has the wrong element type"
    dims = list(tensor.shape.dim)
    if not dims or dims[0].HasField("dim_value"):
        return f"the batch axis of {value.name} is fixed"
    known = [dim.dim_value for dim in dims[1:]]
    if len(known) != len(trailing) or any(k and k != t for k, t in zip(known, trailing, strict=True)):
        return f"{value.name} has the shape [N, {', '.join(map(str, known))}], not [N, {', '.join(map(str, trailing))}]"
    return ""
