"""ganzoo export RUN"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import common


@click.command("export")
@click.argument("run", type=common.PATH)
@click.option("-o", "--output", type=common.PATH, required=True, help="The .onnx file to write.")
def command(run: Path, output: Path) -> None:
    """Copy a run's generator.onnx out of the run store.

    The file was checked against its framework when the run ended; its metadata say what it takes and gives.
    """
    from ganzoo.errors import UsageError

    if common.ending(output) != ".onnx":
        raise UsageError(f"A generator is written as .onnx, not as '{output.name}'.", "Name the output so.")
    from ganzoo import api, files

    generator = api.load(run, device="cpu")
    files.write_bytes(output, generator.path.read_bytes())
    takes, gives, info = ", ".join(generator.latent.names), list(generator.data.shape), generator.info
    click.echo(f"{info.variant} on {info.dataset} in {output}: takes {takes}, gives x {gives}")
