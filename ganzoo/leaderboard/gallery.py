"""One picture per leaderboard: a strip of samples for every variant, best first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.escaping import one_line
from ganzoo.generator.engine import Generator
from ganzoo.lettering import beside, legible
from ganzoo.pictures.canvas import new_figure, save_figure, save_png, tile
from ganzoo.pictures.samples import ask_for, best_columns
from ganzoo.training.runs import ONNX

if TYPE_CHECKING:
    from ganzoo.training.runs import RunFolder
    from ganzoo.types import Array


STRIP = 16
POINTS = 2000
NAMES = 400
"""Pixels of a name at most: those of a grid's cells begin alike."""


def write(runs: Sequence[tuple[str, RunFolder]], path: Path, seed: int = 0) -> bool:
    """Draw samples of each variant's run; False where there is none.

    Samples 0, 1, 2 … of the sampling stream, never chosen ones; classes and codes in turn where a variant takes them.
    """
    shown = [(name, Generator(folder.file(ONNX), device="cpu")) for name, folder in runs]
    if not shown:
        return False
    if shown[0][1].data.kind == "points":
        _write_points([(name, generator.sample(POINTS, seed)) for name, generator in shown], path)
    else:
        names = legible([name for name, _ in shown], NAMES)
        save_png(beside(names, [_strip(generator, seed) for _, generator in shown]), path)
    return True


def _strip(generator: Generator, seed: int) -> Array:
    inputs = generator.inputs(STRIP, seed)
    ask_for(generator, inputs, np.arange(STRIP) % (generator.latent.classes or generator.latent.categorical or 1))
    return tile(quantise(generator.run(inputs)), STRIP)


def _write_points(clouds: Sequence[tuple[str, Array]], path: Path) -> None:
    columns = best_columns(len(clouds))
    rows = -(-len(clouds) // columns)
    figure = new_figure(3 * columns, 3 * rows)
    grid: Any = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.flat[len(clouds) :]:
        axes.set_visible(False)
    for axes, (name, x) in zip(grid.flat, clouds, strict=False):
        axes.scatter(x[:, 0], x[:, 1], s=3, alpha=0.4, linewidths=0)
        axes.set_title(one_line(name), fontsize=10, parse_math=False)
        axes.set_aspect("equal")
    save_figure(figure, path)
