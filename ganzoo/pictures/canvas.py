"""Images as pixels of one canvas, plots as figures, and both as PNG files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from ganzoo.files import write_bytes
from ganzoo.lettering import BACKGROUND

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganzoo.types import Array

_MIN_SIDE = 40  # pixels a side at which an 8×8 digit can be read on a screen
_GAP = 2


def tile(images: Array, columns: int) -> Array:
    """Lay uint8 images [N, C, H, W] out on a grid: uint8 [rows, columns, 3], one and two channels shown as grey."""
    n, channels, height, width = images.shape
    factor = _factor(height, width)
    shown = images if channels >= 3 else np.repeat(images[:, :1], 3, axis=1)
    big = shown[:, :3].repeat(factor, axis=2).repeat(factor, axis=3).transpose(0, 2, 3, 1)
    rows = -(-n // columns)
    cell_h, cell_w = cell_size(height, width)
    canvas = np.full((rows * cell_h + _GAP, columns * cell_w + _GAP, 3), BACKGROUND, np.uint8)
    for i, image in enumerate(big):
        top, left = _GAP + (i // columns) * cell_h, _GAP + (i % columns) * cell_w
        canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def _factor(height: int, width: int) -> int:
    """How often a pixel is repeated so that a picture can be seen."""
    return max(1, -(-_MIN_SIDE // max(height, width)))


def cell_size(height: int, width: int) -> tuple[int, int]:
    """The place of one picture on a grid."""
    factor = _factor(height, width)
    return height * factor + _GAP, width * factor + _GAP


def save_png(pixels: Array, path: Path) -> None:
    """Write uint8 [H, W, 3] as PNG, whole or not at all."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    write_bytes(path, buffer.getvalue())


def save_image(image: Array, path: Path | BinaryIO) -> None:
    """Write one uint8 image [C, H, W] as PNG: one channel as grey, two as the first, three as colour."""
    from PIL import Image

    pixels = image[0] if len(image) < 3 else image[:3].transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, "PNG")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of so many inches at 100 pixels each, without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, whole or not at all, without the name of the program that drew it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_bytes(path, buffer.getvalue())
