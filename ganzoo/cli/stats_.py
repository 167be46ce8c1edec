"""ganzoo stats SOURCE... -o FILE.npz"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo


@click.command("stats")
@click.argument("sources", nargs=-1, required=True)
@click.option("-o", "--output", required=True, type=common.PATH, help="The .npz to write.")
@click.option("--extractor", metavar="NAME", help="Feature extractor.  [default: by the form of the samples]")
@click.option("-n", "count", type=click.IntRange(2), help="Samples per source.  [default: all; 10000 of a generator]")
@common.data_dir_option
@common.seed_option
@common.device_option
@common.threads_option
@common.foreign_options
def command(
    sources: tuple[str, ...],
    output: Path,
    extractor: str | None,
    count: int | None,
    data_dir: Path | None,
    seed: int,
    device: str,
    threads: int,
    **more: Any,
) -> None:
    """Save the feature statistics of SOURCES: mu, sigma and n, as other tools read them, and sums that add up.

    Several sources, saved statistics among them, are added: shards and workers give the statistics of the whole.
    """
    from ganzoo.errors import UsageError

    if common.ending(output) != ".npz":
        raise UsageError(f"Statistics are written as .npz, not as '{output.name}'.", "Name the output so.")
    _, zoo = common.open_zoo()
    from ganzoo import api
    from ganzoo.scoring.setup import Terms

    terms = Terms(n=count, extractor=extractor, device=device, threads=threads)
    notes: list[str] = []
    with common.shown_progress(f"stats {output.name}") as progress:
        sums, name = api.statistics(
            sources,
            output,
            data_dir=data_dir,
            terms=terms,
            reading=common.reading_of(more),
            seed=seed,
            zoo=zoo,
            progress=progress,
            notes=notes,
        )
    common.show_notes(notes)
    echo(f"{sums.n} samples, {sums.width} features of '{name}' in {output}")
