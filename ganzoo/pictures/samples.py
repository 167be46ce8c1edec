"""Samples as they are drawn: grids of images, scatter plots of points, arrays and folders of files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.errors import UsageError
from ganzoo.files import new_folder, write_bytes
from ganzoo.labels import folder_names
from ganzoo.lettering import beside, legible, margin_of
from ganzoo.pictures.canvas import cell_size, new_figure, save_figure, save_image, save_png, tile

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.types import Array

_SAMPLES, _POINTS = 80, 2000
_WIDEST = 4.0
"""Of a grid, its width over its height."""
_TALLEST = 2.0
"""Of classes one below the other, height over width, where they can also stand side by side."""
_MORE = 8
"""Samples of a class that may be added for a better layout, and one."""


def save_samples(
    generator: Generator, path: Path, n: int | None = None, seed: int = 0, label: int | str | None = None
) -> int:
    """Draw ``n`` samples into a PNG, and a few more where its last row would have a hole; return how many.

    A conditional generator gets one row per class, one with categorical codes one row per code, each with its name and
    the same z in each place; fewer samples than classes are a plain grid. Points become a scatter plot. Without ``n``
    there are 80 images, one of each class at least, or 2000 points.
    """
    if generator.data.kind == "points":
        n = n or _POINTS
        save_points(generator.sample(n, seed, label=label), path)
        return n
    names = _row_names(generator) if label is None else ()
    n = n or max(_SAMPLES, len(names))
    if names and n >= len(names):
        return _save_blocks(generator, legible(names), n, seed, path)
    rows, columns = best_grid(n)
    save_grid(generator.sample(rows * columns, seed, label=label), path, columns)
    return rows * columns


def best_columns(n: int) -> int:
    """Columns of a grid of n pictures that is not taller than wide."""
    return max(1, int(np.ceil(np.sqrt(n))))


def best_grid(n: int) -> tuple[int, int]:
    """Rows and columns of the most square grid of exactly n, or, where that is too wide, of a few more."""
    rows = max(rows for rows in _divisors(n) if rows**2 <= n)
    if n // rows <= _WIDEST * rows:
        return rows, n // rows
    columns = best_columns(n)
    return -(-n // columns), columns


class Blocks(NamedTuple):
    """How the samples of several classes are laid out: each class a block, the blocks in stacks side by side."""

    each: int
    """Samples of a class."""
    rows: int
    """Rows of one block."""
    stacks: int


def best_blocks(classes: int, n: int, cell: tuple[float, float], margin: float) -> Blocks:
    """The plainest layout of n samples, or a few more, that is neither too wide nor too tall, where there is one.

    ``cell`` is height and width of one picture, ``margin`` what each stack has at its left.
    """

    def wide(layout: Blocks) -> float:
        width = layout.stacks * (layout.each // layout.rows * cell[1] + margin)
        return width / (classes // layout.stacks * layout.rows * cell[0])

    def fits(layout: Blocks) -> bool:
        return wide(layout) <= _WIDEST and (layout.rows == 1 or 1 / wide(layout) <= _WIDEST)

    least = max(1, -(-n // classes))
    best = [
        min(
            (Blocks(each, rows, stacks) for rows in _divisors(each) for stacks in _divisors(classes)),
            key=lambda layout: (max(1.0, wide(layout) / _WIDEST, 1 / wide(layout) / _TALLEST), layout),
        )
        for each in range(least, least + _MORE)
    ]
    return next((layout for layout in best if fits(layout)), best[0])


def _divisors(n: int) -> list[int]:
    return [i for i in range(1, n + 1) if n % i == 0]


def _row_names(generator: Generator) -> tuple[str, ...]:
    """Of the classes, else of the categorical codes that a generator takes."""
    latent = generator.latent
    if latent.classes:
        return generator.class_names
    return tuple(f"code {code}" for code in range(latent.categorical))


def _save_blocks(generator: Generator, names: Sequence[str], n: int, seed: int, path: Path) -> int:
    layout = best_blocks(len(names), n, cell_size(*generator.data.shape[1:]), margin_of(names))
    first = generator.inputs(layout.each, seed)
    blocks = []
    for row in range(len(names)):
        inputs = {name: value.copy() for name, value in first.items()}
        ask_for(generator, inputs, np.full(layout.each, row))
        blocks.append(tile(quantise(generator.run(inputs)), layout.each // layout.rows))
    height = len(names) // layout.stacks
    stacks = [beside(names[i : i + height], blocks[i : i + height]) for i in range(0, len(names), height)]
    save_png(np.concatenate(stacks, axis=1), path)
    return layout.each * len(names)


def ask_for(generator: Generator, inputs: dict[str, Array], wanted: Array) -> None:
    """Set the class, or else the categorical code, of each sample in ``inputs`` to ``wanted`` [n]."""
    latent = generator.latent
    if latent.classes:
        inputs["y"] = wanted.astype(np.int64)
    elif latent.categorical:
        inputs["c"][:, : latent.categorical] = np.eye(latent.categorical, dtype=np.float32)[wanted]


def save_grid(x: Array, path: Path, columns: int) -> None:
    """Write images float32 [N, C, H, W] in [-1, 1] as one PNG, each enlarged by a whole factor."""
    save_png(tile(quantise(x), columns), path)


def save_points(x: Array, path: Path) -> None:
    """Write points [N, d] as a scatter plot of the first two coordinates."""
    figure = new_figure(4, 4)
    axes: Any = figure.add_subplot()
    axes.scatter(x[:, 0], x[:, 1] if x.shape[1] > 1 else np.zeros(len(x)), s=4, alpha=0.4, linewidths=0)
    axes.set_aspect("equal", "datalim")
    save_figure(figure, path)


def save_npz(generator: Generator, path: Path, n: int, seed: int = 0, label: int | str | None = None) -> None:
    """Write n samples as ``x`` (uint8 images or float32 points), with the inputs that they were made of.

    ``z`` float32 [n, z_dim] always, ``y`` int64 [n] and ``c`` float32 [n, codes] where the generator takes them. Noise
    is larger than the samples and is left out: the seed and the number of a sample give it again.
    """
    kept = [name for name in generator.latent.names if name != "noise"]
    arrays: dict[str, list[Array]] = {name: [] for name in ("x", *kept)}
    for inputs, x in generator.batches(n, seed, label=label):
        arrays["x"].append(quantise(x) if generator.data.kind == "image" else x)
        for name in kept:
            arrays[name].append(inputs[name])
    buffer = io.BytesIO()
    joined: dict[str, Any] = {name: np.concatenate(parts) for name, parts in arrays.items()}
    np.savez_compressed(buffer, **joined)
    write_bytes(path, buffer.getvalue())


def save_folder(generator: Generator, folder: Path, n: int, seed: int = 0, label: int | str | None = None) -> None:
    """Write n images as ``00000.png`` …, of a generator that takes class labels in one subfolder per class.

    A subfolder is called as its class, as far as a folder can be. The folder is there whole or not at all. Raises
    UsageError where it holds anything already, or for points.
    """
    if generator.data.kind == "points":
        raise UsageError(f"{generator.info.variant} makes points, which are no images.", "Name an .npz or .png.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and is not empty.", "Name another folder, or empty it.")
    digits = max(5, len(str(n - 1)))
    numbers, folders = count(), folder_names(generator.class_names)
    with new_folder(folder, parents=True) as made:
        for inputs, x in generator.batches(n, seed, label=label):
            for i, image in enumerate(quantise(x)):
                below = made / (folders[inputs["y"][i]] if folders else "")
                below.mkdir(exist_ok=True)
                save_image(image, below / f"{next(numbers):0{digits}}.png")
