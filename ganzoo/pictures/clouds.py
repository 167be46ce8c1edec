"""Points in groups that are told apart by colour and by shape: whoever sees no colours still can."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ganzoo.lettering import drawable
from ganzoo.pictures.canvas import new_figure, save_figure

if TYPE_CHECKING:
    from ganzoo.types import Array

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
"""Of Okabe and Ito 2008, "Color Universal Design": told apart with any of the usual kinds of colour blindness."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
"""One more than there are colours, so that 72 groups have a pair of their own."""
_LEGEND = 24
"""Groups that a column of the legend has room for."""
_ORDERED = "cividis"
"""For values on a line: dark to light (Nuñez, Anderton and Renslow 2018), whatever colours are seen."""


class PointGroup(NamedTuple):
    """Points [n, d], of which the first two coordinates are drawn, and what they are."""

    label: str
    points: Array


def save_clouds(
    groups: Sequence[PointGroup],
    path: Path,
    *,
    title: str,
    behind: PointGroup | None = None,
    lines: bool = False,
    ordered: bool = False,
) -> None:
    """Write a scatter plot with a legend as PNG, a group for each colour and marker, in front of grey points.

    With ``lines`` the points of a group are joined in order; with ``ordered`` the groups are, and colours go from dark
    to light.
    """
    columns = -(-len(groups) // _LEGEND)
    figure = new_figure(5.3 + 1.2 * columns, 5)
    axes: Any = figure.add_subplot()
    if behind is not None:
        axes.scatter(*plane(behind.points).T, s=6, color="#C0C0C0", linewidths=0, label=_shown(behind.label))
    colours = _shades(len(groups)) if ordered else COLOURS
    for i, group in enumerate(groups):
        colour, marker = colours[i % len(colours)], MARKERS[i % len(MARKERS)]
        if lines:
            axes.plot(
                *plane(group.points).T,
                color=colour,
                marker=marker,
                markersize=5,
                linewidth=1.2,
                label=_shown(group.label),
            )
        else:
            axes.scatter(
                *plane(group.points).T, s=16, color=colour, marker=marker, linewidths=0, label=_shown(group.label)
            )
    axes.set_title(drawable(title), fontsize=10, parse_math=False)
    axes.set_aspect("equal", "datalim")
    legend = axes.legend(fontsize=8, ncols=columns, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_figure(figure, path)


def _shown(label: str) -> str:
    """A label as the legend shows it, which would leave out one that starts with an underscore."""
    return f" {drawable(label)}" if label.startswith("_") else drawable(label)


def plane(points: Array) -> Array:
    """The first two coordinates [k, 2]; of points on a line the second is 0."""
    return points[:, :2] if points.shape[1] > 1 else np.column_stack([points[:, 0], np.zeros(len(points))])


def _shades(n: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps[_ORDERED](value) for value in np.linspace(0, 0.95, n)]
