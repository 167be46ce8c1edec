"""ganzoo sample RUN|FILE.onnx"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import common


@click.command("sample")
@click.argument("source", type=common.PATH)
@click.option("-n", "count", type=click.IntRange(1), default=64, show_default=True, help="How many.")
@common.seed_option
@click.option("--label", type=int, help="Draw this class only (conditional generators).")
@click.option(
    "-o",
    "--output",
    type=common.PATH,
    default=Path("samples.png"),
    show_default=True,
    help="A .png grid or an .npz.",
)
@common.device_option
def command(source: Path, count: int, seed: int, label: int | None, output: Path, device: str) -> None:
    """Draw samples from a run or an ONNX file.

    The same seed gives the same samples everywhere. An .npz holds x: uint8 [N, C, H, W], or float32 points [N, d].
    """
    from ganzoo.errors import UsageError

    form = common.ending(output)
    if form not in (".png", ".npz"):
        raise UsageError(f"Samples are written as .png or .npz, not as '{output.name}'.", "Name the output so.")
    from ganzoo import api, pictures

    generator = api.load(source, device=device)
    if form == ".npz":
        pictures.save_npz(generator, output, count, seed, label)
    elif generator.data.kind == "points":
        pictures.save_points(generator.sample(count, seed, label=label), output)
    else:
        pictures.save_grid(generator.sample(count, seed, label=label), output, pictures.best_columns(count))
    common.show_notes([generator.clipped] if generator.clipped else [])
    click.echo(f"{count} samples of {generator.info.variant} ({generator.provider}) in {output}")
