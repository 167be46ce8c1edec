"""What a generator made of the same latents while it was trained: as an animation, and as one picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.files import write_bytes
from ganzoo.lettering import BACKGROUND, beside, legible
from ganzoo.pictures.canvas import new_figure, save_figure, save_png, tile
from ganzoo.pictures.charts import titled
from ganzoo.pictures.clouds import COLOURS, plane
from ganzoo.pictures.samples import best_columns

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from ganzoo.types import Array

MILLISECONDS, LAST_MILLISECONDS = 700, 2800
"""How long a frame is seen, and the last one."""
SHOWN = 8
"""Images of a row of the one picture: more are too small on a phone."""
_ACROSS = 3
"""Clouds of a row of it."""
_AROUND = 0.25
"""Room beside the training points, as a part of their extent."""


def step_name(step: int) -> str:
    """What a frame is called."""
    return f"step {step:,}"


def save_animation(steps: Sequence[int], x: Array, path: Path, behind: Array | None = None) -> None:
    """Write a GIF that repeats, a frame for each step with its name above; the same samples give the same bytes.

    ``x`` is uint8 [steps, n, C, H, W], drawn on a square grid, or points [steps, n, d], of which the first two
    coordinates are drawn, in front of training points ``behind`` [m, d] and on one scale. All frames have one palette:
    grey ones 256 greys, others the colours that suit all of them.
    """
    pages = _grids(steps, x) if x.ndim == 5 else _plots(steps, x, behind)
    frames = _with_one_palette(pages)
    lengths = [MILLISECONDS] * (len(frames) - 1) + [LAST_MILLISECONDS]
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=lengths, loop=0, optimize=False)
    write_bytes(path, content.getvalue())


def save_strip(steps: Sequence[int], x: Array, path: Path, behind: Array | None = None) -> None:
    """Write one PNG: a row for each step with its name at the left, a column for each of the first samples.

    Points, as above, become a small plot for each step.
    """
    if x.ndim == 5:
        names = legible([step_name(step) for step in steps])
        save_png(beside(names, [tile(each[:SHOWN], len(each[:SHOWN])) for each in x]), path)
        return
    across = min(len(steps), _ACROSS)
    down = -(-len(steps) // across)
    figure = new_figure(2.1 * across, 2.3 * down)
    limits = _limits(x if behind is None else behind)
    for i, (step, points) in enumerate(zip(steps, x, strict=True)):
        axes: Any = figure.add_subplot(down, across, i + 1)
        _cloud(axes, points, behind, limits, size=2)
        axes.set_title(step_name(step), fontsize=10)
        axes.set_xticks([])
        axes.set_yticks([])
    save_figure(figure, path)


def _grids(steps: Sequence[int], x: Array) -> list[Array]:
    pages = [titled(tile(each, best_columns(len(each))), step_name(step)) for step, each in zip(steps, x, strict=True)]
    width = max(page.shape[1] for page in pages)  # that of the longest name, where pictures are narrow
    return [np.pad(page, ((0, 0), (0, width - page.shape[1]), (0, 0)), constant_values=BACKGROUND) for page in pages]


def _plots(steps: Sequence[int], x: Array, behind: Array | None) -> list[Array]:
    limits = _limits(x if behind is None else behind)
    return [_plot(step_name(step), points, behind, limits) for step, points in zip(steps, x, strict=True)]


def _plot(name: str, points: Array, behind: Array | None, limits: Array) -> Array:
    figure = new_figure(4, 4.3)
    axes: Any = figure.add_subplot()
    _cloud(axes, points, behind, limits, size=5)
    axes.set_title(name, fontsize=12, family="monospace")
    canvas: Any = figure.canvas
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _cloud(axes: Any, points: Array, behind: Array | None, limits: Array, *, size: float) -> None:
    """Points in front of those of the data; what lies outside of ``limits`` [2, 2] is not seen."""
    if behind is not None:
        axes.scatter(*plane(behind).T, s=size, color="#C0C0C0", linewidths=0)
    axes.scatter(*plane(points).T, s=size, color=COLOURS[0], linewidths=0)
    axes.set_xlim(*limits[:, 0])
    axes.set_ylim(*limits[:, 1])
    axes.set_aspect("equal", "box")


def _limits(points: Array) -> Array:
    """The corners [2, 2] of a square around all points [..., d], with some room."""
    flat = plane(points.reshape(-1, points.shape[-1])).astype(np.float64)
    low, high = flat.min(axis=0), flat.max(axis=0)
    half = (0.5 + _AROUND) * (float((high - low).max()) or 1.0)
    middle = (low + high) / 2
    return np.stack([middle - half, middle + half])


def _with_one_palette(pages: Sequence[Array]) -> list[Image]:
    from PIL import Image

    if all((page == page[..., :1]).all() for page in pages):
        return [Image.fromarray(np.ascontiguousarray(page[..., 0])) for page in pages]
    whole = Image.fromarray(np.concatenate(pages)).quantize(256, Image.Quantize.MEDIANCUT, kmeans=1)
    height, width = pages[0].shape[:2]
    return [whole.crop((0, top, width, top + height)) for top in range(0, whole.height, height)]
