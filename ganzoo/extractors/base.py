"""Feature extractors: ONNX files with input ``x``, outputs ``features`` [N, d] and, from classifiers, ``logits``.

Images are put on the 8-bit grid before features are taken, so that a generator and the PNG files made from it get the
same score. For an ONNX extractor the graph itself does so, and a generator's output need not leave the device.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import numpy as np

from ganzoo.data.base import quantise, scale
from ganzoo.errors import ModelError, ScoreError
from ganzoo.extractors.graph import GREY, GRID_INPUT, RGB, extractor_info, grid_first, identity, parsed
from ganzoo.generator.engine import BATCH, Session
from ganzoo.limits import check_size

if TYPE_CHECKING:
    from ganzoo.types import Array, FloatArray, IndexArray

PIXELS, INCEPTION_SPATIAL = "pixels", "inception-spatial"
_PIXEL_SIDE = 8
_MOST_PIXELS = {"CPU": 1 << 20, "CUDA": 1 << 23}
"""Pixels of a batch as the network sees it: activations beyond the caches cost a CPU a third of its speed on Inception
(11 against 46 images of 299×299), and memory everywhere."""


@dataclass(frozen=True)
class Extracted:
    """Features [N, d] and, from classifiers, logits [N, k]: float32 from networks, which metrics widen as they need."""

    features: Array
    logits: Array | None = None


class Extractor(Protocol):
    """Turns samples in the generator's range into features."""

    name: str
    sha256: str
    """Identifies the computation: the hash of the ONNX file (and the tap), or of the name and version of a rule."""
    policy: str
    """What is done to samples before the network sees them, for the protocol."""

    def extract(self, x: FloatArray) -> Extracted:
        """Features of float32 samples [N, C, H, W] in [-1, 1], or [N, d]. Raises ScoreError on a wrong shape."""

    def extract_bound(self, value: Any) -> Extracted:
        """The same for one batch that a generator's ``Session.bind`` left where it was computed."""


class ExtractorSource(msgspec.Struct, frozen=True, kw_only=True):
    """An extractor by name; ``open(device, threads)`` loads it."""

    name: str
    summary: str
    open: Callable[[str, int], Extractor]
    file: Path | None = None
    """The ONNX file, which need not be there yet; None for a rule."""
    tap: str = "features"
    """The output of the file that is taken."""


class OnnxExtractor:
    """An extractor from an ONNX file, on any provider.

    ``x`` of the file is float32 in [-1, 1] or uint8, [N, C, H, W] with N, H and W open or fixed; ``tap`` is the output
    taken as features, ``logits`` the one taken as logits where the file has it. Raises ModelError for another file.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        device: str = "auto",
        threads: int = 1,
        *,
        tap: str = "features",
        logits: str = "logits",
    ) -> None:
        self.name = name
        try:
            check_size(path.stat().st_size, f"The extractor {path}", ModelError)
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"Cannot read the extractor {path}: {error.strerror or error}.") from error
        self.sha256 = identity(hashlib.sha256(content).hexdigest(), tap)
        model = parsed(content, path.name)
        self._input, self._outputs = grid_first(model, path.name, tap, logits), {tap: "features", logits: "logits"}
        info = extractor_info(model, path.name)
        self._resized = info.size if info else None
        self.policy = "; ".join([*self._input.policy, *([info.policy] if info else [])])
        self._session = Session(model.SerializeToString(), path.name, device=device, threads=threads)
        self.provider = self._session.provider

    @property
    def size(self) -> tuple[int, int] | None:
        """Height and width to which images are resized; None where they are not."""
        return self._resized

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width that images must have; None where any are taken, or no images."""
        height, width = self._input.shape[1:] if len(self._input.shape) == 3 else (None, None)
        return (height or width or 0, width or height or 0) if height or width else None

    def extract(self, x: FloatArray) -> Extracted:
        """Features and logits by the graph, in batches of a size that it takes."""
        self.check_shape(x.shape)
        size = self._batch(x.shape)
        return gathered((self._run(x[i : i + size]) for i in range(0, len(x), size)), len(x))

    def extract_bound(self, value: Any) -> Extracted:
        """The same for samples on the device, which stay there where the graph takes them all at once."""
        shape = tuple(value.shape())
        self.check_shape(shape)
        if shape[0] > self._batch(shape):
            return self.extract(value.numpy())
        return gathered([self._run(value)], shape[0])

    def _run(self, x: Any) -> Extracted:
        outputs = {self._outputs[name]: value for name, value in self._session.run({GRID_INPUT: x}).items()}
        return Extracted(outputs["features"], outputs.get("logits"))

    def _batch(self, shape: tuple[int, ...]) -> int:
        """Images at a time, fewer of large ones."""
        height, width = self._resized or (shape[2:] if len(shape) == 4 else (1, 1))
        return max(1, min(BATCH, _MOST_PIXELS.get(self.provider, _MOST_PIXELS["CPU"]) // max(1, height * width)))

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Raise ScoreError unless the network takes samples of this shape, the batch first."""
        given, wanted = shape[1:], self._input.shape
        if shape[0] == 0:
            raise ScoreError("There are no samples to score.")
        if wanted[:1] == (RGB,) and given[:1] == (GREY,):
            given = (RGB, *given[1:])  # the graph repeats the one channel
        if len(given) == len(wanted) and all(w in (g, None) for w, g in zip(wanted, given, strict=True)):
            return
        takes = "×".join("any" if w is None else str(w) for w in wanted)
        colour = wanted[:1] == (GREY,) and given[:1] == (RGB,)
        hint = "It knows grey images only: make these grey, or use an extractor for colour." if colour else ""
        raise ScoreError(
            f"The extractor '{self.name}' takes {takes} samples, but these are {'×'.join(map(str, shape[1:]))}.", hint
        )


def caution_of(extractor: str) -> str:
    """What must be said beside every number of an extractor, by its name; "" where nothing must."""
    if extractor != PIXELS:
        return ""
    return (
        "the extractor 'pixels' is means of at most 8×8 blocks, which see neither noise nor detail: its numbers do not "
        "tell good images from bad ones (pip install 'ganzoo[natural]' brings an extractor for images)"
    )


def column_label(column: str, extractor: str) -> str:
    """What a column is called where people read it, lest the number be taken for another: ``fid_pixels``, ``sfid``."""
    if extractor == INCEPTION_SPATIAL and column.startswith("fid"):
        return f"s{column}"
    return f"{column}_{extractor}" if extractor == PIXELS else column


def gathered(parts: Iterable[Extracted], n: int) -> Extracted:
    """Features and logits of batches, n rows in all."""

    def consecutive() -> Iterator[tuple[slice, Extracted]]:
        row = 0
        for part in parts:
            yield slice(row, row + len(part.features)), part
            row += len(part.features)

    return placed(consecutive(), n)


def placed(parts: Iterable[tuple[slice | IndexArray, Extracted]], n: int) -> Extracted:
    """Features and logits of batches that come in any order, each with its rows, n in all.

    Raises ScoreError where there are none, or where they are of different widths.
    """
    features: Array | None = None
    logits: Array | None = None
    for rows, part in parts:
        if features is None:
            features = np.empty((n, *part.features.shape[1:]), part.features.dtype)
            logits = None if part.logits is None else np.empty((n, *part.logits.shape[1:]), part.logits.dtype)
        if part.features.shape[1:] != features.shape[1:]:
            raise ScoreError(
                f"Images of different sizes have different features here, {features.shape[1]} and "
                f"{part.features.shape[1]} of them.",
                "Name the folder with one size: 'folder:DIR?size=64&fit=crop'.",
            )
        features[rows] = part.features
        if logits is not None:
            logits[rows] = part.logits
    if features is None:
        raise ScoreError("There are no samples to score.")
    return Extracted(features, logits)


def join(parts: Sequence[Extracted]) -> Extracted:
    """The features and logits of several batches as one."""
    return gathered(parts, sum(len(part.features) for part in parts))


class PointExtractor:
    """Points are their own features."""

    name = "points"
    sha256 = hashlib.sha256(b"ganzoo points 1").hexdigest()
    policy = "as they are"

    def extract(self, x: FloatArray) -> Extracted:
        """Float64 copies of points [N, d]."""
        if x.ndim != 2 or len(x) == 0:
            raise ScoreError(f"The extractor 'points' takes points [N, d], but was given the shape {list(x.shape)}.")
        return Extracted(x.astype(np.float64))

    def extract_bound(self, value: Any) -> Extracted:
        """The same for one bound batch."""
        return self.extract(value.numpy())


class PixelExtractor:
    """Mean-pooled pixels, at most 8×8 per channel, for data that no classifier knows."""

    name = PIXELS
    sha256 = hashlib.sha256(b"ganzoo pixels 1").hexdigest()
    policy = "8-bit grid; averaged to at most 8×8 per channel"
    size = (_PIXEL_SIDE, _PIXEL_SIDE)
    """Height and width to which larger images are averaged."""

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
        """The same for one bound batch."""
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
