"""ganzoo sample RUN|FILE.onnx"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo
from ganzoo.files import expanded

COUNT = 64
_VIEWS = ("grid", "interpolate", "traverse", "per_class", "neighbours", "gif")
_WITH_DATA = ("interpolate", "neighbours")


@click.command("sample")
@click.argument("source", type=common.PATH)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1),
    help=f"How many; of --interpolate and --traverse how many rows.  [default: {COUNT}, of rows 8]",
)
@common.seed_option
@click.option("--label", metavar="CLASS", help="Draw this class only, by name or number (conditional generators).")
@click.option("--grid", metavar="ROWSxCOLUMNS", help="A grid of just this shape: --grid 4x10.")
@click.option("--interpolate", type=click.IntRange(2, 100), metavar="N", help="N pictures from one sample to another.")
@click.option("--traverse", metavar="CODE", help="One code along its values: c0, c1, …, z0, …, or y for the class.")
@click.option("--per-class", is_flag=True, help="A row for each class, or else for each value of the categorical code.")
@click.option(
    "--neighbours", type=click.IntRange(1, 50), metavar="K", help="Each beside its K nearest training samples."
)
@click.option("--gif", is_flag=True, help="What a run's generator made of the same latents while it trained: a .gif.")
@click.option("--data", metavar="NAME", help="The training samples, also behind points.  [default: those of the run]")
@common.data_dir_option
@click.option("--extractor", metavar="NAME", help="By whose features --neighbours are near.  [default: the dataset's]")
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="A .png picture, an .npz, a folder: DIR/, or of --gif a .gif.  [default: samples.png, samples.gif]",
)
@common.device_option
@common.foreign_options
def command(
    source: Path, count: int | None, seed: int, label: str | None, output: str | None, device: str, **more: Any
) -> None:
    """Draw samples from a run or an ONNX file.

    The same seed gives the same samples everywhere. A grid has no holes: of classes or codes it has a row for each, the
    same z down each column. At most one of --grid, --interpolate, --traverse, --per-class, --neighbours and --gif has
    another picture drawn. An .npz holds x: uint8 [N, C, H, W], or float32 points [N, d], and z, y and
    c that they were made of. DIR/ gets one PNG a sample, in a subfolder per class where there are classes.
    """
    from ganzoo.errors import UsageError

    views = {name: more.pop(name) for name in _VIEWS}
    named = next((name.replace("_", "-") for name, value in views.items() if value), None)
    picture = ".gif" if named == "gif" else ".png"
    output = f"samples{picture}" if output is None else output
    path = expanded(output)
    folder = output.endswith(("/", os.sep)) or path.is_dir()
    form = common.ending(path)
    if named and (folder or form != picture):
        raise UsageError(
            f"--{named} draws a {picture} picture, not '{output}'.", f"Name for example -o samples{picture}."
        )
    if form == ".gif" and not (named or folder):
        raise UsageError(f"'{path.name}' is an animation, which samples are not.", "Add --gif: it shows the training.")
    if form not in (".png", ".npz", ".gif") and not folder:
        raise UsageError(
            f"Samples are written as .png or .npz, not as '{path.name}'.",
            f"Name the output so, or end it with '/' for a folder of images: {output}/",
        )
    if more["data"] and named not in _WITH_DATA:
        raise UsageError(f"--data '{more['data']}' has no say here.", "It goes with --interpolate and --neighbours.")
    if views["grid"]:
        views["grid"] = _shape(views["grid"])
    n = count if named else count or COUNT
    given: dict[str, Any] = {"seed": seed, "label": label, "device": device, "reading": common.reading_of(more)}
    from ganzoo import views as pictures

    if folder or form == ".npz":
        drawn = pictures.files(source, path, count or COUNT, folder=folder, **given)
    else:
        data = {name: more[name] for name in ("data", "data_dir", "extractor")}
        with common.shown_progress(f"sample {source.name}") as progress:
            drawn = pictures.picture(source, path, n, **views, **data, **given, progress=progress)
    common.show_notes(drawn.notes)
    if drawn.frames:
        echo(f"{drawn.samples} samples of {drawn.variant} after {drawn.frames} steps in {output}")
        return
    wanted = n or drawn.samples
    rows = named in ("interpolate", "traverse")
    added = f", {drawn.samples - wanted} more than asked for, to fill its rows" if drawn.samples > wanted else ""
    echo(f"{drawn.samples} samples of {drawn.variant} ({drawn.provider}) in {output}{'' if rows else added}")


def _shape(text: str) -> tuple[int, int]:
    """Rows and columns of ``--grid``. Raises UsageError."""
    found = re.fullmatch(r"([1-9]\d{0,3})[x×]([1-9]\d{0,3})", text.lower())
    if not found:
        from ganzoo.errors import UsageError

        raise UsageError(f"--grid '{text}' is not ROWSxCOLUMNS.", "Write for example --grid 4x10.")
    return int(found[1]), int(found[2])
