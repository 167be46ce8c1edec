"""Feature extractors: ONNX files with input ``x``, outputs ``features`` [N, d] and, from classifiers, ``logits``.

Images are put on the 8-bit grid before features are taken, so that a generator and the PNG files made from it get the
same score. For an ONNX extractor the graph itself does so, and a generator's output need not leave the device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from ganzoo.data.base import quantise, scale
from ganzoo.engine import BATCH, Session
from ganzoo.errors import ModelError, ScoreError

if TYPE_CHECKING:
    from ganzoo.types import Array, DataSpec, FloatArray

_FILES = Path(__file__).parent / "extractor_files"
_PIXEL_SIDE = 8


@dataclass(frozen=True)
class Extracted:
    """Features float64 [N, d] and, from classifiers, logits float64 [N, k]."""

    features: Array
    logits: Array | None = None


class Extractor(Protocol):
    """Turns samples in the generator's range into features."""

    name: str
    sha256: str
    """Identifies the computation: the hash of the ONNX file, or of the name and version of a built-in rule."""

    def extract(self, x: FloatArray) -> Extracted:
        """Features of float32 samples [N, C, H, W] in [-1, 1], or [N, d]. Raises ScoreError on a wrong shape."""

    def extract_bound(self, value: Any) -> Extracted:
        """The same for one batch that a generator's ``Session.bind`` left where it was computed."""


class ExtractorSource(msgspec.Struct, frozen=True, kw_only=True):
    """An extractor by name; ``open(device, threads)`` loads it."""

    name: str
    summary: str
    open: Callable[[str, int], Extractor]


class OnnxExtractor:
    """An extractor from an ONNX file, on any provider."""

    def __init__(self, name: str, path: Path, device: str = "auto", threads: int = 1) -> None:
        self.name = name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"Cannot read the extractor {path}: {error.strerror or error}.") from error
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._session = Session(_with_grid(content, path.name), path.name, device=device, threads=threads)
        if set(self._session.inputs) != {"x"} or "features" not in self._session.outputs:
            raise ModelError(f"{path.name} is no extractor: it must take 'x' and give 'features'.")
        self.provider = self._session.provider
        self._shape: list[Any] = self._session.inputs["x"].shape[1:]

    def extract(self, x: FloatArray) -> Extracted:
        """See ``Extractor.extract``."""
        _check_shape(self.name, self._shape, x.shape)
        return join([self._run(x[i : i + BATCH]) for i in range(0, len(x), BATCH)])

    def extract_bound(self, value: Any) -> Extracted:
        """See ``Extractor.extract_bound``."""
        _check_shape(self.name, self._shape, tuple(value.shape()))
        return self._run(value)

    def _run(self, x: Any) -> Extracted:
        outputs = {name: value.astype(np.float64) for name, value in self._session.run({"x": x}).items()}
        return Extracted(outputs["features"], outputs.get("logits"))


def join(parts: Sequence[Extracted]) -> Extracted:
    """The features and logits of several batches as one."""
    logits = [part.logits for part in parts if part.logits is not None]
    return Extracted(np.concatenate([part.features for part in parts]), np.concatenate(logits) if logits else None)


def _with_grid(content: bytes, name: str) -> bytes:
    """Put x ↦ clip(round((x + 1) · 127.5), 0, 255) / 127.5 − 1 before the graph: ``quantise`` and ``scale`` in ONNX."""
    import onnx
    from onnx import helper, numpy_helper

    try:
        model = onnx.load_from_string(content)
    except Exception as error:  # protobuf's errors share no public base class
        raise ModelError(f"{name} is no ONNX model: {type(error).__name__}.") from error
    for node in model.graph.node:
        node.input[:] = ["x_on_grid" if each == "x" else each for each in node.input]
    constants = {"grid_one": 1.0, "grid_half": 127.5, "grid_low": 0.0, "grid_high": 255.0}
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(value, np.float32), key) for key, value in constants.items()
    )
    chain = [
        ("Add", ["x", "grid_one"], "grid_1"),
        ("Mul", ["grid_1", "grid_half"], "grid_2"),
        ("Round", ["grid_2"], "grid_3"),
        ("Clip", ["grid_3", "grid_low", "grid_high"], "grid_4"),
        ("Div", ["grid_4", "grid_half"], "grid_5"),
        ("Sub", ["grid_5", "grid_one"], "x_on_grid"),
    ]
    nodes = [helper.make_node(operator, inputs, [output]) for operator, inputs, output in chain]
    nodes += list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    serialised: bytes = model.SerializeToString()
    return serialised


def _check_shape(name: str, wanted: list[Any], shape: tuple[int, ...]) -> None:
    given = shape[1:]
    if shape[0] == 0:
        raise ScoreError("There are no samples to score.")
    if len(given) != len(wanted) or any(isinstance(w, int) and w != g for w, g in zip(wanted, given, strict=True)):
        takes = "×".join(str(w) for w in wanted)
        raise ScoreError(f"The extractor '{name}' takes {takes} samples, but these are {'×'.join(map(str, given))}.")


class PointExtractor:
    """Points are their own features."""

    name = "points"
    sha256 = hashlib.sha256(b"ganzoo points 1").hexdigest()

    def extract(self, x: FloatArray) -> Extracted:
        """Float64 copies of points [N, d]."""
        if x.ndim != 2 or len(x) == 0:
            raise ScoreError(f"The extractor 'points' takes points [N, d], but was given the shape {list(x.shape)}.")
        return Extracted(x.astype(np.float64))

    def extract_bound(self, value: Any) -> Extracted:
        """See ``Extractor.extract_bound``."""
        return self.extract(value.numpy())


class PixelExtractor:
    """Mean-pooled pixels, at most 8×8 per channel, for data that no classifier knows."""

    name = "pixels"
    sha256 = hashlib.sha256(b"ganzoo pixels 1").hexdigest()

    def extract(self, x: FloatArray) -> Extracted:
        """Pooled pixels [N, C · ≤8 · ≤8] in [-1, 1]."""
        if x.ndim != 4 or len(x) == 0:
            raise ScoreError(
                f"The extractor 'pixels' takes images [N, C, H, W], but was given the shape {list(x.shape)}."
            )
        on_grid = scale("image", quantise(x)).astype(np.float64)
        pooled = np.einsum("ph,nchw,qw->ncpq", _pooling(x.shape[2]), on_grid, _pooling(x.shape[3]), optimize=True)
        return Extracted(pooled.reshape(len(x), -1))

    def extract_bound(self, value: Any) -> Extracted:
        """See ``Extractor.extract_bound``."""
        return self.extract(value.numpy())


def _pooling(side: int) -> Array:
    """Rows that average ``side`` pixels into at most 8 cells of nearly equal width."""
    cells = min(side, _PIXEL_SIDE)
    edges = np.linspace(0, side, cells + 1)
    pixels = np.arange(side)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    weights: Array = np.clip(overlap, 0, 1)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights


def shipped_file(name: str) -> Path:
    """The ONNX file of an extractor that comes with ganzoo."""
    return _FILES / f"{name}.onnx"


def _shipped(name: str, summary: str) -> ExtractorSource:
    path = shipped_file(name)
    return ExtractorSource(
        name=name, summary=summary, open=lambda device, threads: OnnxExtractor(name, path, device, threads)
    )


def builtin_extractors() -> list[ExtractorSource]:
    """The extractors that come with ganzoo."""
    return [
        _shipped("digits", "small convolutional classifier of the 8×8 digits, 64 features"),
        _shipped("mnist", "small convolutional classifier of MNIST, 64 features"),
        ExtractorSource(name="points", summary="points as they are", open=lambda device, threads: PointExtractor()),
        ExtractorSource(
            name="pixels",
            summary="mean-pooled pixels, for data without a classifier",
            open=lambda device, threads: PixelExtractor(),
        ),
    ]


def default_extractor(spec: DataSpec) -> str:
    """The extractor for a dataset that no registry lists."""
    return "points" if spec.kind == "points" else "pixels"
