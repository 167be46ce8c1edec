"""A picture of the worst copies: each sample beside the training sample it is nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.pictures.canvas import new_figure, save_figure, save_png, tile
from ganzoo.pictures.clouds import plane
from ganzoo.scoring.sheets import Caption, as_bytes, sheet

if TYPE_CHECKING:
    from ganzoo.types import Array

_COLUMNS = 5


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
        captions = [Caption(f"{ratio:.2f}", warning=ratio < 1) for ratio in ratios]
        save_png(sheet([*_pairs(samples, train)], captions, _COLUMNS), path)


def _pairs(samples: Array, train: Array) -> Array:
    """Lay out each pair on a tile: uint8 [k, height, width, 3]."""
    both = np.stack([as_bytes(samples), as_bytes(train)], axis=1)
    return np.stack([tile(pair, 2) for pair in both])


def _draw_points(samples: Array, train: Array, ratios: Sequence[float], path: Path) -> None:
    figure = new_figure(5, 5)
    axes: Any = figure.add_subplot()
    x, y = plane(samples), plane(train)
    for sample, goal, ratio in zip(x, y, ratios, strict=True):
        color = "tab:red" if ratio < 1 else "grey"
        axes.plot(*np.stack([sample, goal]).T, color=color, linewidth=0.8, zorder=1)
    axes.scatter(*y.T, s=28, facecolors="none", edgecolors="tab:blue", label="training", zorder=2)
    axes.scatter(*x.T, s=8, color="black", label="sample", zorder=3)
    axes.set_aspect("equal", "datalim")
    axes.legend(fontsize=8)
    save_figure(figure, path)
