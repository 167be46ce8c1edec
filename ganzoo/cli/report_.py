"""ganzoo report"""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo


@click.command("report")
@click.option(
    "-o", "--output", type=common.PATH, default=Path("report"), show_default=True, help="The folder to write."
)
@click.option("--data", "datasets", multiple=True, metavar="NAME", help="Only this dataset's board; may be repeated.")
@click.option("--title", default="ganzoo leaderboards", show_default=True, help="Of the first page.")
@click.option("--single-file", is_flag=True, help="One page, index.html, with all pictures inside.")
@click.option("--live", is_flag=True, help="With the generators, which run in the page; fetches 33 MB once.")
@click.option(
    "--out", type=common.PATH, default=Path("leaderboards"), show_default=True, help="Folder of the leaderboards."
)
@common.runs_option
@common.registry_option
def command(
    output: Path,
    datasets: tuple[str, ...],
    title: str,
    single_file: bool,
    live: bool,
    out: Path,
    runs: Path,
    registry_path: Path | None,
) -> None:
    """Write the leaderboards and all runs behind them as pages that a browser opens from the disk.

    Made of the tables and the run store alone: nothing is trained or scored, and nothing is downloaded but what --live
    needs. Variants whose runs the store does not have are shown without pictures and curves.
    """
    from ganzoo import registry as registries
    from ganzoo.report.site import write_report
    from ganzoo.training.runs import RunStore

    with common.shown_progress(f"report {output}") as progress:
        page = write_report(
            out,
            RunStore(runs),
            registries.load(registry_path),
            output,
            datasets=datasets,
            title=title,
            single_file=single_file,
            live=live,
            progress=progress,
        )
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    echo(f"written: {page} ({size / 1e6:.1f} MB)")
