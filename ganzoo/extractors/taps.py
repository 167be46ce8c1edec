"""What a network sees of images place by place: its activations before each reduction of the grid.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", eq. 1, with all weights one
and whatever network the extractor is: not LPIPS itself, whose weights were learnt from people's judgements.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.extractors.graph import GRID_INPUT, grid_first, parsed
from ganzoo.generator.engine import Session, read_model

if TYPE_CHECKING:
    import onnx

    from ganzoo.types import Array, FloatArray

_EPS = 1e-10
_TRIED = 2
"""Images that the layers are told by: constants have another first axis."""
_AT_ONCE = 1 << 20
"""Pixels of a batch as the network sees it."""


class Taps:
    """The layers of an extractor's file that are compared, for images of one form [C, H, W].

    They are the last activation of each size of the grid in the order of the graph, be it within a block, from the
    first convolution on and above 1×1.
    Raises ModelError where the file is no extractor, ScoreError where it has no such layer.
    """

    def __init__(self, path: Path, tap: str, shape: tuple[int, ...], *, device: str = "auto", threads: int = 1) -> None:
        content = read_model(path)
        candidates = _made_by_convolution(_graph(content, path.name, tap))
        seen: dict[str, tuple[int, ...]] = {}
        if candidates:
            graph = _giving(_graph(content, path.name, tap), candidates)
            every = Session(graph, path.name, device=device, threads=threads)
            blank = np.zeros((_TRIED, *shape), np.float32)
            seen = {name: value.shape for name, value in every.run({GRID_INPUT: blank}).items()}
        self.layers = _last_of_each_size(seen)
        if not self.layers:
            raise ScoreError(f"The extractor in {path.name} has no layers that see images place by place.")
        chosen = _giving(_graph(content, path.name, tap), self.layers)
        self._session = Session(chosen, path.name, device=device, threads=threads)
        self._batch = max(1, _AT_ONCE // (4 * max(seen[name][2] * seen[name][3] for name in self.layers)))

    def distance(self, first: FloatArray, second: FloatArray) -> Array:
        """Return how far apart each pair of images float32 [n, C, H, W] in [-1, 1] is: [n] ≥ 0.

        At every place of every layer activations are scaled to length one over the channels; squared differences are
        averaged over places and added up over layers.
        """
        found = [np.zeros(0)]
        for start in range(0, len(first), self._batch):
            part = slice(start, start + self._batch)
            layers = zip(self._units(first[part]), self._units(second[part]), strict=True)
            found.append(sum(np.square(a - b).sum(axis=1).mean(axis=(1, 2)) for a, b in layers))
        return np.concatenate(found)

    def _units(self, x: FloatArray) -> Iterator[Array]:
        seen = self._session.run({GRID_INPUT: np.ascontiguousarray(x, np.float32)})
        for name in self.layers:
            layer = seen[name].astype(np.float64)
            yield layer / (np.sqrt(np.square(layer).sum(axis=1, keepdims=True)) + _EPS)


def _graph(content: bytes, name: str, tap: str) -> onnx.ModelProto:
    """The network, taking samples in [-1, 1]."""
    model = parsed(content, name)
    grid_first(model, name, tap, "")
    return model


def _made_by_convolution(model: onnx.ModelProto) -> list[str]:
    """All that is made from the first convolution on, in the order of the graph."""
    nodes = model.graph.node
    first = next((i for i, node in enumerate(nodes) if node.op_type == "Conv"), len(nodes))
    return [output for node in nodes[first:] for output in node.output if output]


def _giving(model: onnx.ModelProto, outputs: Sequence[str]) -> bytes:
    """The graph with these outputs alone."""
    from onnx import helper

    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(output) for output in outputs)
    content: bytes = model.SerializeToString()
    return content


def _last_of_each_size(seen: dict[str, tuple[int, ...]]) -> tuple[str, ...]:
    """The last of the activations, in the order of the graph, for every size of the grid above 1×1."""
    of_images = {name: shape for name, shape in seen.items() if len(shape) == 4 and shape[0] == _TRIED}
    grids = {shape[2:]: name for name, shape in of_images.items() if shape[2] * shape[3] > 1}
    return tuple(grids.values())
