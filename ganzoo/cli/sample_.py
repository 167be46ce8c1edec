"""ganzoo sample RUN|FILE.onnx"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo
from ganzoo.files import expanded


@click.command("sample")
@click.argument("source", type=common.PATH)
@click.option("-n", "count", type=click.IntRange(1), default=64, show_default=True, help="How many.")
@common.seed_option
@click.option("--label", metavar="CLASS", help="Draw this class only, by name or number (conditional generators).")
@click.option(
    "-o",
    "--output",
    default="samples.png",
    metavar="PATH",
    show_default=True,
    help="A .png grid, an .npz, or a folder: DIR/.",
)
@common.device_option
@common.foreign_options
def command(source: Path, count: int, seed: int, label: str | None, output: str, device: str, **more: Any) -> None:
    """Draw samples from a run or an ONNX file.

    The same seed gives the same samples everywhere. A grid has no holes: of classes or codes it has a row for each, the
    same z down each column. An .npz holds x: uint8 [N, C, H, W], or float32 points [N, d], and
    z, y and c that they were made of. DIR/ gets one PNG a sample, in a subfolder per class where there are classes.
    """
    from ganzoo.errors import UsageError

    path = expanded(output)
    folder = output.endswith(("/", os.sep)) or path.is_dir()
    form = common.ending(path)
    if form not in (".png", ".npz") and not folder:
        raise UsageError(
            f"Samples are written as .png or .npz, not as '{path.name}'.",
            f"Name the output so, or end it with '/' for a folder of images: {output}/",
        )
    from ganzoo import api
    from ganzoo.pictures import samples

    shown = count
    generator = api.load(source, device=device, reading=common.reading_of(more))
    if folder:
        samples.save_folder(generator, path, count, seed, label)
    elif form == ".npz":
        samples.save_npz(generator, path, count, seed, label)
    else:
        shown = samples.save_samples(generator, path, count, seed, label)
    common.show_notes([*generator.notes, *([generator.clipped] if generator.clipped else [])])
    added = f", {shown - count} more than asked for, to fill its rows" if shown > count else ""
    echo(f"{shown} samples of {generator.info.variant} ({generator.provider}) in {output}{added}")
