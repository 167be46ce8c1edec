"""Generators whose pictures are looked at, and where on a picture each sample is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import graphs
import numpy as np
from PIL import Image

from ganzoo.generator.engine import Generator
from ganzoo.generator.export import finalise
from ganzoo.lettering import legible, margin_of
from ganzoo.types import DataSpec, LatentSpec

_HEAD = 44
"""Pixels of the title and the heads of a chart."""


def generator(folder: Path, latent: LatentSpec, data: DataSpec = graphs.IMAGES) -> Generator:
    """A linear one, opened from its file."""
    squash = "Tanh" if data.kind == "image" else None
    raw = graphs.linear(folder / "raw.onnx", latent, data.shape, squash=squash)
    finalise(raw, folder / "generator.onnx", graphs.info(latent, data))
    return Generator(folder / "generator.onnx", device="cpu")


def cells(path: Path, rows: int, columns: int, *, between: int = 0) -> np.ndarray:
    """8×8 pictures, enlarged five times, at the right of a picture: uint8 [rows, columns, 8, 8].

    ``between`` more pixels lie between two rows of them.
    """
    pixels = np.asarray(Image.open(path))[..., 0]
    return _cut(pixels, rows, columns, 0, pixels.shape[1] - (columns * 42 + 2), between)


def chart_cells(path: Path, names: Sequence[str], columns: int, *, below: int = 0) -> np.ndarray:
    """The 8×8 pictures of a chart whose rows have these names: uint8 [rows, columns, 8, 8].

    Each row has so many more pixels ``below``.
    """
    pixels = np.asarray(Image.open(path))[..., 0]
    return _cut(pixels, len(names), columns, _HEAD, margin_of(legible(names)), 2 + below)


def _cut(pixels: np.ndarray, rows: int, columns: int, top: int, left: int, between: int) -> np.ndarray:
    tops, lefts = top + 2 + np.arange(rows) * (42 + between), left + 2 + np.arange(columns) * 42
    return np.array([[pixels[t : t + 40 : 5, u : u + 40 : 5] for u in lefts] for t in tops])
