"""ganzoo card RUN"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo


@click.command("card")
@click.argument("run", type=common.PATH)
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    help="A .md file, or a folder to upload: DIR/.  [default: README.md in the run's folder]",
)
@click.option("--licence", "--license", "licence", default="", metavar="ID", help="Of the weights: apache-2.0, mit …")
@click.option("--force", is_flag=True, help="Replace files that are no card of ganzoo's.")
def command(run: Path, output: str | None, licence: str, force: bool) -> None:
    """Write the model card of a finished run, for people and for hubs.

    It says what the model is, how it scores, what that does not prove, and how to sample it, all by the run store: the
    scores that 'ganzoo bench' left, and the other seeds beside it. DIR/ gets the card as README.md with copies of
    generator.onnx and samples.png.
    """
    from ganzoo.cards.record import read_record
    from ganzoo.cards.writing import write
    from ganzoo.training.runs import PICTURE

    record = read_record(run)
    written = write(record, output, licence=licence, force=force)
    for sentence in record.left_out:
        echo(f"Note: {sentence} It was left out.", err=True)
    if record.score is None:
        echo("Note: this run has no score; the card says how to come by one.", err=True)
    if record.has_picture and not written[0].with_name(PICTURE).is_file():
        echo(f"Note: the card shows {PICTURE}, which does not lie beside it.", err=True)
    for path in written:
        echo(path)
