"""Samples beside the training samples that they are nearest to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.lettering import BACKGROUND, SIZE, Word, lettered
from ganzoo.pictures.canvas import save_png, tile
from ganzoo.pictures.charts import chart
from ganzoo.pictures.clouds import PointGroup, save_clouds

if TYPE_CHECKING:
    from ganzoo.types import Array

_LINE = SIZE + 6


def save_neighbours(
    samples: Array, train: Array, distances: Array, path: Path, *, title: str, behind: PointGroup | None = None
) -> None:
    """Draw samples [m, *shape], each in a row with its neighbours [m, k, *shape], their distances [m, k] below them.

    Images are in the generator's range. Points become a plot, in front of those given as ``behind``: a star for each
    sample, with its neighbours at the ends, and the least and the greatest distance in the legend.
    """
    if samples.ndim == 2:
        _save_stars(samples, train, distances, path, title, behind)
        return
    heads = ["", *(str(place) for place in range(1, train.shape[1] + 1))]
    rows = [
        _told(tile(quantise(np.concatenate([sample[None], near])), len(heads)), [short(each) for each in far])
        for sample, near, far in zip(samples, train, distances, strict=True)
    ]
    save_png(chart(title, heads, [f"sample {i}" for i in range(len(samples))], rows), path)


def _told(row: Array, texts: Sequence[str]) -> Array:
    """A row of pictures, uint8 [h, w, 3], with a text below each but the first."""
    cell = row.shape[1] / (len(texts) + 1)
    below = np.full((_LINE, row.shape[1], 3), BACKGROUND, np.uint8)
    words = [Word(text, (i + 1.5) * cell, 0, "mt") for i, text in enumerate(texts)]
    return np.concatenate([row, lettered(below, words)])


def _save_stars(
    samples: Array, train: Array, distances: Array, path: Path, title: str, behind: PointGroup | None
) -> None:
    groups = []
    for i, (sample, near, far) in enumerate(zip(samples, train, distances, strict=True)):
        there_and_back = np.stack([np.broadcast_to(sample, near.shape), near], axis=1).reshape(-1, len(sample))
        ends = dict.fromkeys((short(far[0]), short(far[-1])))
        groups.append(PointGroup(f"{i}: {' to '.join(ends)}", there_and_back))
    save_clouds(groups, path, title=title, behind=behind, lines=True)


def short(distance: float) -> str:
    """Three digits of a distance, in as little room as below a small picture."""
    usual = 1e-3 <= distance < 1e3 or distance == 0
    return f"{distance:#.3g}".rstrip(".") if usual else f"{distance:.0e}"
