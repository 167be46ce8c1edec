"""The disturbance test as files: every value in a CSV, every column's curves in a picture."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.escaping import csv_cell
from ganzoo.files import write_text
from ganzoo.pictures.canvas import new_figure, save_figure
from ganzoo.pictures.samples import best_columns

if TYPE_CHECKING:
    from ganzoo.scoring.sensitivity import Sensitivity
    from ganzoo.types import Estimate

HEADER = ("extractor", "extractor_sha256", "data", "n", "disturbance", "strength", "unit", "column", "value", "se")
TABLE, CHART = "disturbances.csv", "disturbances.png"
_NONE = "none"


def save(found: Sensitivity, folder: Path) -> tuple[Path, Path]:
    """Write both into a folder, which is made where it is not there. Raises StoreError."""
    write_text(folder / TABLE, csv_of(found))
    save_chart(found, folder / CHART)
    return folder / TABLE, folder / CHART


def csv_of(found: Sensitivity) -> str:
    """One line per disturbance, strength and column; the images as they are come first, as disturbance ``none``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(HEADER)
    start = (csv_cell(found.extractor), found.sha256, csv_cell(found.data), found.n)
    trials = [(trial.disturbance.name, trial.strength, trial.disturbance.unit, trial) for trial in found.trials]
    for name, strength, unit, each in [(_NONE, 0, "", None), *trials]:
        estimates = found.clean if each is None else each.estimates
        for column in found.columns:
            if column in estimates:
                writer.writerow([*start, name, f"{strength:g}", unit, column, *_numbers(estimates[column])])
    return buffer.getvalue()


def _numbers(estimate: Estimate) -> list[str]:
    return [repr(estimate.value), "" if estimate.se is None else repr(estimate.se)]


def save_chart(found: Sensitivity, path: Path) -> None:
    """One panel per column, one line per disturbance, from the images as they are to the strongest."""
    columns = found.columns
    across = best_columns(len(columns))
    down = -(-len(columns) // across)
    figure = new_figure(3.2 * across, 2.6 * down + 0.6)
    grid: Any = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(columns) :]:
        axes.set_visible(False)
    for axes, column in zip(grid.flat, columns, strict=False):
        _panel(axes, found, column)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.suptitle(f"{found.extractor} on {found.data}, {found.n} images, bars of two standard errors", fontsize=10)
    save_figure(figure, path)


def _panel(axes: Any, found: Sensitivity, column: str) -> None:
    for i, disturbance in enumerate(found.disturbances()):
        steps = [found.clean, *(trial.estimates for trial in found.of(disturbance))]
        here = [(place, step[column]) for place, step in enumerate(steps) if column in step]
        axes.errorbar(
            [place for place, _ in here],
            [estimate.value for _, estimate in here],
            yerr=[2 * (estimate.se or 0.0) for _, estimate in here],
            label=disturbance.name,
            color=f"C{i % 10}",
            linestyle="-" if i < 10 else ":",
            marker=".",
            linewidth=1,
            elinewidth=0.5,
        )
    axes.set_title(column, fontsize=9)
    axes.set_xticks(range(6), ["as is", "1", "2", "3", "4", "5"])
    axes.tick_params(labelsize=7)
