"""ganzoo pairs A [B]"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo_block, echo_json

if TYPE_CHECKING:
    from ganzoo.scoring.pairs import Likeness


@click.command("pairs")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B", required=False)
@click.option("-n", "count", type=click.IntRange(2), default=1000, show_default=True, help="Pairs of a set, or drawn.")
@common.data_dir_option
@common.registry_option
@click.option(
    "--extractor", metavar="NAME", help="Whose layers 'perceptual' compares.  [default: that of the run's data]"
)
@common.seed_option
@common.device_option
@common.threads_option
@common.foreign_options
@click.option("-o", "--output", type=common.PATH, metavar="FILE.csv", help="Write the values of every pair.")
@click.option("--json", "as_json", is_flag=True, help="Print the means as JSON.")
def command(
    first: str,
    second: str | None,
    count: int,
    data_dir: Path | None,
    registry_path: Path | None,
    extractor: str | None,
    seed: int,
    device: str,
    threads: int,
    output: Path | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Say how alike the images of A and B are, pair by pair: PSNR, SSIM, MS-SSIM and distance in a network's layers.

    Of A alone: how varied its images are, by random pairs of one class. A low ms_ssim and a high perceptual distance
    say that they are. Folders with the same names are paired by name, anything else by order.
    """
    from ganzoo.errors import UsageError

    if output is not None and common.ending(output) != ".csv":
        raise UsageError(f"The pairs are written as .csv, not as '{output.name}'.", "Name the output so.")
    registry, zoo = common.open_zoo(registry_path)
    from ganzoo import likeness

    with common.shown_progress(f"pairs {Path(first).name}") as progress:
        found = likeness.pairs(
            first,
            second,
            n=count,
            seed=seed,
            extractor=extractor,
            data_dir=data_dir,
            device=device,
            threads=threads,
            reading=common.reading_of(more),
            registry=registry,
            zoo=zoo,
            progress=progress,
        )
    common.show_notes(found.notes)
    if output is not None:
        from ganzoo.files import write_text

        write_text(output, found.table())
    if as_json:
        names = ("estimates", "extractor", "n", "notes")
        echo_json({name: getattr(found, name) for name in names})
    else:
        echo_block(_table(found))


def _table(found: Likeness) -> str:
    rows = [
        [name, f"{e.value:.6g}", "" if e.se is None else f"{e.se:.2g}", str(e.n)] for name, e in found.estimates.items()
    ]
    by = f", perceptual by the layers of {found.extractor}" if found.extractor else ""
    return common.table(["measure", "mean", "standard error", "pairs"], rows) + f"\n\n{found.n} pairs{by}"
