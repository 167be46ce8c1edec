"""A picture of the worst copies: each sample beside the training sample it is nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.errors import ScoreError
from ganzoo.pictures import new_figure, save_figure, save_png, tile

if TYPE_CHECKING:
    from ganzoo.types import Array

_COLUMNS = 5
_MARGIN = 10
_CAPTION = 18
_BACKGROUND = 32
_INK = (235, 235, 235)
_WARNING = (255, 140, 120)
"""For what counts as memorised."""


def copies_picture(samples: Array, train: Array, ratios: Sequence[float], path: Path) -> None:
    """Write a PNG of pairs, sample on the left and nearest training sample on the right, in reading order.

    ``samples`` and ``train`` are images [k, C, H, W], uint8 or float in [-1, 1], or points [k, d] (drawn as a scatter
    plot of the first two coordinates, a line from each sample to its training point). ``ratios`` [k] stand below the
    pairs: the distance over the training sample's own nearest distance, in red below 1, which counts as memorised.
    Raises ScoreError where the shapes do not match or there is no pair.
    """
    if samples.shape != train.shape or len(samples) != len(ratios) or samples.ndim not in {2, 4}:
        raise ScoreError(
            f"Copies are shown in pairs, but there are samples {samples.shape}, training samples {train.shape} and "
            f"{len(ratios)} ratios."
        )
    if len(samples) == 0:
        raise ScoreError("There is no pair of sample and training sample to show.")
    if samples.ndim == 2:
        _draw_points(samples, train, ratios, path)
    else:
        save_png(_sheet([*_pairs(samples, train)], ratios), path)


def _pairs(samples: Array, train: Array) -> Array:
    """Lay out each pair on a tile: uint8 [k, height, width, 3]."""
    both = np.stack([_bytes(samples), _bytes(train)], axis=1)
    return np.stack([tile(pair, 2) for pair in both])


def _bytes(images: Array) -> Array:
    return images if images.dtype == np.uint8 else quantise(images)


def _sheet(pairs: Sequence[Array], ratios: Sequence[float]) -> Array:
    from PIL import Image, ImageDraw, ImageFont

    height, width = pairs[0].shape[:2]
    columns = min(_COLUMNS, len(pairs))
    cell_w, cell_h = width + _MARGIN, height + _CAPTION + _MARGIN
    size = (columns * cell_w + _MARGIN, -(-len(pairs) // columns) * cell_h + _MARGIN)
    sheet = Image.new("RGB", size, (_BACKGROUND,) * 3)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for i, (pair, ratio) in enumerate(zip(pairs, ratios, strict=True)):
        left, top = _MARGIN + i % columns * cell_w, _MARGIN + i // columns * cell_h
        sheet.paste(Image.fromarray(pair), (left, top))
        ink = _WARNING if ratio < 1 else _INK
        pen.text((left + width / 2, top + height + 2), f"{ratio:.2f}", fill=ink, font=font, anchor="mt")
    return np.asarray(sheet)


def _draw_points(samples: Array, train: Array, ratios: Sequence[float], path: Path) -> None:
    figure = new_figure(5, 5)
    axes: Any = figure.add_subplot()
    x, y = _plane(samples), _plane(train)
    for sample, goal, ratio in zip(x, y, ratios, strict=True):
        color = "tab:red" if ratio < 1 else "grey"
        axes.plot(*np.stack([sample, goal]).T, color=color, linewidth=0.8, zorder=1)
    axes.scatter(*y.T, s=28, facecolors="none", edgecolors="tab:blue", label="training", zorder=2)
    axes.scatter(*x.T, s=8, color="black", label="sample", zorder=3)
    axes.set_aspect("equal", "datalim")
    axes.legend(fontsize=8)
    save_figure(figure, path)


def _plane(points: Array) -> Array:
    """The first two coordinates [k, 2]; of points on a line the second is 0."""
    return points[:, :2] if points.shape[1] > 1 else np.column_stack([points[:, 0], np.zeros(len(points))])
