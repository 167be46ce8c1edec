"""ganzoo export RUN|FILE.onnx"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo


@click.command("export")
@click.argument("source", type=common.PATH)
@click.option("-o", "--output", type=common.PATH, required=True, help="The .onnx file to write.")
@common.foreign_options
def command(source: Path, output: Path, **more: Any) -> None:
    """Copy a run's generator.onnx out of the run store, or make one of an ONNX generator that is not ganzoo's.

    A run's file was checked against its framework when the run ended; its metadata say what it takes and gives, and a
    .json of the same name beside it says so to programs that see no metadata, as in a browser. Any other generator is
    read by --latent and the flags beside it; what is written needs none of them.
    """
    from ganzoo.errors import UsageError

    if common.ending(output) != ".onnx":
        raise UsageError(f"A generator is written as .onnx, not as '{output.name}'.", "Name the output so.")
    from ganzoo import api
    from ganzoo.generator.export import write_exported

    generator = api.load(source, device="cpu", reading=common.reading_of(more))
    beside = write_exported(generator, output)
    common.show_notes(generator.notes)
    takes, gives, info = ", ".join(generator.latent.names), list(generator.data.shape), generator.info
    on = f" on {info.dataset}" if info.dataset else ""
    echo(f"{info.variant}{on} in {output}: takes {takes}, gives x {gives}; all of it in {beside.name}")
