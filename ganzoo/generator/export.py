"""The border: what a plugin exported becomes a self-describing generator.onnx, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ganzoo import latents
from ganzoo.errors import ModelError, UsageError
from ganzoo.files import readable, write_bytes, write_text
from ganzoo.generator.contract import PARITY_LIMIT, GeneratorInfo, broken_rule, content_hash, put_info, sidecar
from ganzoo.generator.engine import Generator, check_finite
from ganzoo.generator.graphs import every_graph, every_node, external_files, parameter_count
from ganzoo.generator.optimise import dense_small_deconvolutions, number_names

if TYPE_CHECKING:
    import onnx

    from ganzoo.plugin.manager import Plugin

PARITY_SAMPLES = 64


def export_checked(plugin: Plugin, model: object, raw: Path, target: Path, info: GeneratorInfo) -> tuple[int, float]:
    """Have the plugin export to ``raw``, finalise that into ``target``, and prove parity: parameters, difference.

    Raises ModelError where the file breaks the contract, PluginError where the plugin cannot export at all.
    """
    plugin.export(model, raw)
    parameters = finalise(raw, target, info)
    return parameters, parity(plugin, model, Generator(target, device="cpu"))


def finalise(raw: Path, target: Path, info: GeneratorInfo) -> int:
    """Check the plugin's file against the contract, strip what differs between machines, make it fast, add metadata.

    Returns how many numbers the plugin stored in it: weights, frozen statistics and constants.

    Raises ModelError naming the first broken rule.
    """
    import onnx

    try:
        model = onnx.load(raw, load_external_data=False)
        if not external_files(model):  # the checker would look for the second file and speak of its path
            onnx.checker.check_model(model)
    except Exception as error:  # onnx raises bare exceptions of several libraries
        raise ModelError(f"{info.variant} exported no valid ONNX file: {_reason(error)}") from error
    _check_contract(model, info)
    _strip(model)
    parameters = parameter_count(model)
    dense_small_deconvolutions(model)
    number_names(model)
    put_info(model, msgspec.structs.replace(info, content_hash=content_hash(model)))
    write_bytes(target, model.SerializeToString(deterministic=True))
    return parameters


def content_of(generator: Generator) -> bytes:
    """The file that keeps the contract: that of a run as it is, of a foreign generator its graph in our wrapper.

    Raises ModelError where that cannot be, as with operators that are not standard ONNX.
    """
    import onnx

    if generator.adapted is None:
        return generator.path.read_bytes()
    model = onnx.load_model_from_string(generator.adapted)
    name = readable(generator.path.name)
    if broken := broken_rule(model, generator.latent, generator.data.shape):
        raise ModelError(f"{name} cannot be exported: {broken}.", "See docs/onnx.md.")
    try:
        onnx.checker.check_model(model)
    except Exception as error:  # onnx raises bare exceptions of several libraries
        raise ModelError(f"{name} cannot be exported: it is no valid ONNX: {_reason(error)}") from error
    return generator.adapted


def write_exported(generator: Generator, path: Path) -> Path:
    """Write ``content_of`` a generator, and beside it, ending in .json, what it takes and gives; return the latter.

    An older export is replaced. Raises UsageError where there is another file with the name of the second.
    """
    content, beside = content_of(generator), path.with_suffix(".json")
    if beside.exists() and not _is_sidecar(beside):
        raise UsageError(
            f"{beside} is there already and does not say what a generator takes: it would be lost.",
            f"Move it away, or write to another name than {path.name}.",
        )
    text = json.dumps(sidecar(generator.info), indent=2, sort_keys=True)
    write_text(beside, text + "\n")
    write_bytes(path, content)
    return beside


def _is_sidecar(path: Path) -> bool:
    try:
        return {"latent", "inputs", "output"} <= set(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return False


def _reason(error: Exception) -> str:
    """What the checker says, without what it looked at when it found it."""
    return " ".join(str(error).partition("==> Context")[0].split()) or type(error).__name__


def _check_contract(model: onnx.ModelProto, info: GeneratorInfo) -> None:
    broken = broken_rule(model, info.latent, info.data.shape)
    if broken:
        raise ModelError(
            f"{info.variant} exported a file that breaks the ONNX contract: {broken}.", "See docs/onnx.md."
        )


def _strip(model: onnx.ModelProto) -> None:
    """Drop stack traces, comments and the exporter's name: they differ between machines and say nothing."""
    parts: list[Any] = [model, *model.functions, *every_node(model)]
    for graph in every_graph(model):
        parts += [graph, *graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for part in parts:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]


def parity(plugin: Plugin, model: object, generator: Generator) -> float:
    """Largest absolute difference between the framework's and the engine's samples of the same latents.

    Raises ModelError above PARITY_LIMIT, on a wrong shape, on values that are not finite or leave [-1, 1], and where a
    sample depends on the rest of its batch or is another one the second time.
    """
    inputs = latents.samples(generator.latent, seed=20260101, start=0, count=PARITY_SAMPLES)
    native = plugin.sample(model, inputs)
    x = generator.session.run(inputs)["x"]
    name = plugin.variant.name
    check_finite(x, 0, name)
    if native.shape != x.shape or x.shape[1:] != generator.data.shape:
        raise ModelError(
            f"{name}: the framework gives samples {native.shape}, the ONNX file {x.shape}; "
            f"the data are {generator.data.shape}."
        )
    if generator.data.kind == "image" and float(np.abs(x).max()) > 1 + PARITY_LIMIT:
        raise ModelError(f"{name} generates values outside [-1, 1]: {float(np.abs(x).max()):.4g}.")
    if not np.array_equal(generator.run(inputs), x):
        raise ModelError(
            f"{name} gives other samples for the same latents the second time: there is randomness in the file.",
            "All randomness must come in by the latents; export in inference mode, without dropout or noise.",
        )
    alone = np.concatenate([generator.run({k: v[i : i + 1] for k, v in inputs.items()}) for i in range(4)])
    if float(np.abs(alone - x[:4]).max()) > PARITY_LIMIT:
        raise ModelError(
            f"{name}: a sample depends on the rest of its batch.", "Export in inference mode, batch norm frozen."
        )
    difference = float(np.abs(native - x).max())
    if not difference <= PARITY_LIMIT:  # a NaN of the framework's is no agreement
        raise ModelError(
            f"{name}: the ONNX file differs from the framework by {difference:.3g}, more than {PARITY_LIMIT:g}."
        )
    return difference
