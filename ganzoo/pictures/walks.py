"""What lies between samples, what a code does, and what each class looks like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.errors import UsageError
from ganzoo.lettering import legible
from ganzoo.pictures.canvas import save_png, tile
from ganzoo.pictures.charts import chart
from ganzoo.pictures.clouds import PointGroup, save_clouds
from ganzoo.pictures.paths import Axis, axis_of, between, class_axis
from ganzoo.pictures.samples import save_grid, save_samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ganzoo.generator.engine import Generator
    from ganzoo.types import Array

ROWS = 8
_POINTS = 2000
"""Of all groups together."""
_LEAST = 50
"""Points of a group."""


def save_exact_grid(
    generator: Generator, path: Path, rows: int, columns: int, seed: int = 0, label: int | str | None = None
) -> int:
    """Draw samples 0, 1, 2 … in reading order on a grid of just this shape; return how many.

    Raises UsageError for points, and for a grid without a place.
    """
    if generator.data.kind == "points":
        raise UsageError(f"{generator.info.variant} makes points, which are drawn in one plot.", "Leave the grid out.")
    if rows < 1 or columns < 1:
        raise UsageError(f"A grid of {rows} rows and {columns} columns has no place.", "Ask for 1×1 at least.")
    save_grid(generator.sample(rows * columns, seed, label=label), path, columns)
    return rows * columns


def save_interpolation(
    generator: Generator,
    path: Path,
    steps: int,
    rows: int = ROWS,
    seed: int = 0,
    label: int | str | None = None,
    *,
    behind: PointGroup | None = None,
) -> int:
    """Draw ``steps`` pictures from sample 2i to sample 2i+1 in each row i, ``between`` their z; return how many.

    A row keeps the class, the code and the noise of its first sample: its first picture is that sample, its last one
    the other sample where a generator takes z alone. Points become paths, in front of those given as ``behind``.
    """
    goal = "" if generator.latent.names == ("z",) else "z of "
    names = [f"{2 * row} → {goal}{2 * row + 1}" for row in range(rows)]
    drawn = [generator.run(inputs) for inputs in _ways(generator, steps, rows, seed, label)]
    way = "along the great circle" if generator.latent.law == "normal" else "in a straight line"
    title = f"{generator.info.variant}: from sample to sample, z {way}"
    if generator.data.kind == "points":
        groups = [PointGroup(name, x) for name, x in zip(names, drawn, strict=True)]
        save_clouds(groups, path, title=title, behind=behind, lines=True)
    else:
        heads = [f"{t:.2g}" for t in np.linspace(0, 1, steps)]
        save_png(chart(title, heads, names, [tile(quantise(x), steps) for x in drawn]), path)
    return rows * steps


def _ways(
    generator: Generator, steps: int, rows: int, seed: int, label: int | str | None
) -> Iterator[dict[str, Array]]:
    """The inputs of each row."""
    ends = generator.inputs(2 * rows, seed, label=label)
    for row in range(0, 2 * rows, 2):
        inputs = {name: np.repeat(value[row : row + 1], steps, axis=0) for name, value in ends.items()}
        inputs["z"] = between(ends["z"][row], ends["z"][row + 1], steps, generator.latent.law)
        yield inputs


def save_traversal(
    generator: Generator, path: Path, code: str, rows: int = ROWS, seed: int = 0, label: int | str | None = None
) -> int:
    """Draw samples 0, 1, 2 …, one a row, with one code at each of its values in turn; return how many.

    ``code`` is called as by ``axis_of``. Points become a scatter plot, a colour and a marker for each value, in which
    ``rows`` has no say. Raises UsageError for a code that the generator does not have, and for its class where that is
    fixed by ``label``.
    """
    axis = axis_of(generator, code)
    if label is not None and axis.input == "y":
        raise UsageError(f"The class cannot be {label} and vary.", "Leave the label out.")
    title = f"{generator.info.variant}: {axis.name}, {axis.about}"
    if generator.data.kind == "points":
        return _save_groups(generator, axis, path, title, _POINTS, seed, label)
    drawn = np.stack([quantise(generator.run(each)) for each in axis.each(generator.inputs(rows, seed, label=label))])
    pictures = [tile(drawn[:, row], len(drawn)) for row in range(rows)]
    save_png(chart(title, axis.labels, [f"sample {row}" for row in range(rows)], pictures), path)
    return rows * len(drawn)


def save_classes(generator: Generator, path: Path, n: int | None = None, seed: int = 0) -> int:
    """Draw a row per class, or else per value of the categorical code, with its name, the same z down each column.

    Points become a scatter plot, a colour and a marker for each. ``n`` samples, one of each class and what fills its
    rows at least; returns how many. Raises UsageError for a generator that takes neither.
    """
    axis = class_axis(generator)
    if generator.data.kind == "points":
        title = f"{generator.info.variant}: {axis.name}, {axis.about}"
        return _save_groups(generator, axis, path, title, n or _POINTS, seed)
    return save_samples(generator, path, n and max(n, len(axis.labels)), seed)


def _save_groups(
    generator: Generator, axis: Axis, path: Path, title: str, n: int, seed: int, label: int | str | None = None
) -> int:
    each = -(-max(n, _LEAST * len(axis.labels)) // len(axis.labels))
    inputs = generator.inputs(each, seed, label=label)
    drawn = zip(legible(axis.labels), axis.each(inputs), strict=True)
    groups = [PointGroup(f"{axis.name} = {text}", generator.run(changed)) for text, changed in drawn]
    save_clouds(groups, path, title=title, ordered=axis.ordered)
    return each * len(groups)
