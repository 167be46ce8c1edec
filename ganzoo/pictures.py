"""Pictures of samples: grids of images, scatter plots of points."""

from __future__ import annotations

import io
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.errors import UsageError
from ganzoo.files import new_folder, write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ganzoo.generator.engine import Generator
    from ganzoo.types import Array

_MIN_SIDE = 40  # pixels a side at which an 8×8 digit can be read on a screen
_GAP = 2


def save_samples(generator: Generator, path: Path, n: int = 80, seed: int = 0, label: int | None = None) -> None:
    """Draw ``n`` samples into a PNG.

    A conditional generator gets one row per class, one with categorical codes one row per code, the same z down each
    column; points become a scatter plot of at least 2000 samples.
    """
    if generator.data.kind == "points":
        save_points(generator.sample(max(n, 2000), seed, label=label), path)
        return
    rows = generator.latent.classes or generator.latent.categorical
    if rows and label is None:
        columns = max(1, n // rows)
        save_grid(generator.run(_row_per_class(generator, rows, columns, seed)), path, columns)
    else:
        save_grid(generator.sample(n, seed, label=label), path, best_columns(n))


def best_columns(n: int) -> int:
    """Columns of a grid of n pictures that is not taller than wide."""
    return max(1, int(np.ceil(np.sqrt(n))))


def _row_per_class(generator: Generator, rows: int, columns: int, seed: int) -> dict[str, Array]:
    first = generator.inputs(columns, seed)
    inputs = {name: np.concatenate([value] * rows) for name, value in first.items()}
    ask_for(generator, inputs, np.repeat(np.arange(rows), columns))
    return inputs


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


def tile(images: Array, columns: int) -> Array:
    """Lay uint8 images [N, C, H, W] out on a grid: uint8 [rows, columns, 3], one and two channels shown as grey."""
    n, channels, height, width = images.shape
    factor = max(1, -(-_MIN_SIDE // max(height, width)))
    shown = images if channels >= 3 else np.repeat(images[:, :1], 3, axis=1)
    big = shown[:, :3].repeat(factor, axis=2).repeat(factor, axis=3).transpose(0, 2, 3, 1)
    rows = -(-n // columns)
    cell_h, cell_w = height * factor + _GAP, width * factor + _GAP
    canvas = np.full((rows * cell_h + _GAP, columns * cell_w + _GAP, 3), 32, np.uint8)
    for i, image in enumerate(big):
        top, left = _GAP + (i // columns) * cell_h, _GAP + (i % columns) * cell_w
        canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def save_png(pixels: Array, path: Path) -> None:
    """Write uint8 [H, W, 3] as PNG, whole or not at all."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    write_bytes(path, buffer.getvalue())


def save_points(x: Array, path: Path) -> None:
    """Write points [N, d] as a scatter plot of the first two coordinates."""
    figure = new_figure(4, 4)
    axes: Any = figure.add_subplot()
    axes.scatter(x[:, 0], x[:, 1] if x.shape[1] > 1 else np.zeros(len(x)), s=4, alpha=0.4, linewidths=0)
    axes.set_aspect("equal", "datalim")
    save_figure(figure, path)


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


def save_npz(generator: Generator, path: Path, n: int, seed: int = 0, label: int | None = None) -> None:
    """Write n samples as ``x`` (uint8 images or float32 points), with the inputs that they were made of.

    ``z`` float32 [n, z_dim] always, ``y`` int64 [n] and ``c`` float32 [n, codes] where the generator takes them.
    """
    parts = list(generator.batches(n, seed, label=label))
    x = np.concatenate([sampled for _, sampled in parts])
    arrays: dict[str, Any] = {"x": quantise(x) if generator.data.kind == "image" else x}
    for name in generator.latent.names:
        arrays[name] = np.concatenate([inputs[name] for inputs, _ in parts])
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def save_folder(generator: Generator, folder: Path, n: int, seed: int = 0, label: int | None = None) -> None:
    """Write n images as ``00000.png`` …, of a generator that takes class labels in one subfolder per class.

    The folder is there whole or not at all. Raises UsageError where it holds anything already, or for points.
    """
    if generator.data.kind == "points":
        raise UsageError(f"{generator.info.variant} makes points, which are no images.", "Name an .npz or .png.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already and is not empty.", "Name another folder, or empty it.")
    digits = max(5, len(str(n - 1)))
    numbers = count()
    with new_folder(folder, parents=True) as made:
        for inputs, x in generator.batches(n, seed, label=label):
            for i, image in enumerate(quantise(x)):
                below = made / (str(inputs["y"][i]) if generator.latent.classes else "")
                below.mkdir(exist_ok=True)
                save_image(image, below / f"{next(numbers):0{digits}}.png")


def save_image(image: Array, path: Path) -> None:
    """Write one uint8 image [C, H, W] as PNG: one channel as grey, two as the first, three as colour."""
    from PIL import Image

    pixels = image[0] if len(image) < 3 else image[:3].transpose(1, 2, 0)
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, "PNG")
