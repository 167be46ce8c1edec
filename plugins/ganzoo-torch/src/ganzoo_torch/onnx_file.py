"""Writing PyTorch modules as ONNX files: one file, dynamic batch axis, nothing of this machine in it."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import onnx
import torch
from torch import nn

from ganzoo_torch.kit import takes_by_name
from ganzoo_torch.norms import bake

OPSET = 18
EXAMPLE_BATCH = 3  # above 1, so that the exporter does not take the batch axis for a constant


def export_generator(net: nn.Module, path: Path) -> bool:
    """Write a generator to ``path``: inputs as in ``net.input_sizes``, output ``x``; the module is left untouched.

    The label ``y`` is int64 [N] whatever its size; every other input is float32 [N, size], or [N, *size].
    """
    examples = {name: _example(name, size) for name, size in net.input_sizes.items()}
    write(net, examples, ["x"], path)
    return True


def _example(name: str, size: int | tuple[int, ...]) -> torch.Tensor:
    if name == "y":
        return torch.zeros(EXAMPLE_BATCH, dtype=torch.int64)
    return torch.zeros(EXAMPLE_BATCH, *([size] if isinstance(size, int) else size))


def write(
    net: nn.Module,
    examples: Mapping[str, torch.Tensor],
    outputs: Sequence[str],
    path: Path,
) -> None:
    """Write ``net`` in inference mode to ``path``; ``examples`` name its inputs in order, first axis dynamic.

    They are given to ``forward`` by name where it has these names, else by place.
    """
    still = bake(copy.deepcopy(net).cpu().eval()).requires_grad_(False)
    batch = torch.export.Dim("N")
    by_name = takes_by_name(still, examples)
    with _quiet():
        program = torch.onnx.export(
            still,
            () if by_name else tuple(examples.values()),
            kwargs=dict(examples) if by_name else None,
            dynamo=True,
            verbose=False,
            input_names=list(examples),
            output_names=list(outputs),
            dynamic_shapes={name: {0: batch} for name in examples} if by_name else tuple({0: batch} for _ in examples),
            opset_version=OPSET,
        )
    assert program is not None  # dynamo=True always returns the program
    model = program.model_proto
    _strip(model)
    onnx.checker.check_model(model)
    _save(model, path)


def annotate(path: Path, metadata: Mapping[str, str]) -> None:
    """Put ``metadata`` into the file at ``path``, in place of what it had."""
    model = onnx.load(path)
    model.ClearField("metadata_props")
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    _save(model, path)


def _save(model: onnx.ModelProto, path: Path) -> None:
    path.write_bytes(model.SerializeToString(deterministic=True))


def _strip(model: onnx.ModelProto) -> None:
    """Drop the exporter's stack traces and notes, which hold paths of this machine and dwarf small nets."""
    model.ClearField("metadata_props")
    graph = model.graph
    graph.ClearField("metadata_props")
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    graph.ClearField("doc_string")
    graph.ClearField("value_info")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's progress lines and its warnings about its own insides."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
