"""The realism of every sample as a table, and a picture of the most and the least realistic ones."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.escaping import csv_cell
from ganzoo.pictures.canvas import new_figure, save_figure, save_png, tile
from ganzoo.scoring.sheets import Caption, as_bytes, sheet

if TYPE_CHECKING:
    from ganzoo.types import Array

COLUMNS = 8
ROWS = 3
"""Of either kind."""
_BESIDE = 1000.0
"""A realism above which a number says no more: the sample is, or nearly is, a real one."""


def realism_table(names: Sequence[str], realism: Array) -> str:
    """A CSV of samples by their names with the realism of each [n], most realistic first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("sample", "realism"))
    writer.writerows((csv_cell(names[i]), f"{realism[i]:.6g}") for i in np.argsort(-realism, kind="stable"))
    return text.getvalue()


def extremes_picture(best: Array, worst: Array, realism: Sequence[float], path: Path) -> None:
    """Write a PNG: above a line the most realistic samples, best first, below it the least realistic, worst first.

    ``best`` and ``worst`` are images [k, C, H, W], uint8 or float in [-1, 1], or points [k, d] (drawn as a scatter plot
    of the first two coordinates). ``realism`` [2 k] is that of both, in red below 1: outside of every real ball.
    Raises ScoreError where the shapes do not match or there is no sample.
    """
    if best.shape != worst.shape or len(realism) != 2 * len(best) or best.ndim not in {2, 4} or len(best) == 0:
        raise ScoreError(
            f"Extremes are equally many samples of both kinds with a realism each, but there are {best.shape}, "
            f"{worst.shape} and {len(realism)} values."
        )
    if best.ndim == 2:
        _draw_points(best, worst, path)
        return
    values = np.split(np.asarray(realism), 2)
    parts = [_part(images, shown) for images, shown in zip((best, worst), values, strict=True)]
    line = np.full((4, parts[0].shape[1], 3), 200, np.uint8)
    save_png(np.concatenate([parts[0], line, parts[1]]), path)


def _part(images: Array, realism: Array) -> Array:
    tiles = [tile(image[None], 1) for image in as_bytes(images)]
    captions = [Caption(f"{value:.2f}" if value < _BESIDE else "real", warning=value < 1) for value in realism]
    return sheet(tiles, captions, COLUMNS)


def _draw_points(best: Array, worst: Array, path: Path) -> None:
    figure = new_figure(5, 5)
    axes: Any = figure.add_subplot()
    for points, colour, label in ((best, "tab:blue", "most realistic"), (worst, "tab:red", "least realistic")):
        second = points[:, 1] if points.shape[1] > 1 else np.zeros(len(points))
        axes.scatter(points[:, 0], second, s=12, color=colour, label=label)
    axes.set_aspect("equal", "datalim")
    axes.legend(fontsize=8)
    save_figure(figure, path)
