"""ganzoo reproduce"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ganzoo.leaderboard.jobs import Job
    from ganzoo.published.number_rows import NumberRow
    from ganzoo.published.planning import Cell
    from ganzoo.published.tables import Published


@click.command("reproduce")
@click.argument("tables", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every table; with '--budget small' every one that has one.")
@click.option("--row", "rows", multiple=True, metavar="NAME", help="Only this row of the table; may be repeated.")
@click.option(
    "--budget",
    default="1",
    show_default=True,
    metavar="PART",
    help="The part of the paper's updates to train, or 'small': a part that each table has for small machines.",
)
@click.option("--seeds", metavar="A,B,…", help="Training seeds.  [default: 0,1,2, or the small budget's]")
@click.option("--jobs", type=click.IntRange(1), help="Runs at a time.  [default: cores]")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to train.")
@click.option(
    "--out", type=common.PATH, default="leaderboards", show_default=True, help="Folder of published.csv and .md."
)
@click.option(
    "--published", "file", type=common.PATH, help="Another published.toml.  [default: ./published.toml, or ganzoo's]"
)
@common.data_dir_option
@common.runs_option
@common.registry_option
def command(
    tables: tuple[str, ...],
    everything: bool,
    rows: tuple[str, ...],
    budget: str,
    seeds: str | None,
    jobs: int | None,
    device: str,
    out: Path,
    file: Path | None,
    data_dir: Path | None,
    runs: Path,
    registry_path: Path | None,
) -> None:
    """Train what stands in print, and put our numbers beside theirs.

    TABLES are names of published.toml; without any, they are listed. Runs that are there already are not trained
    again, and what is interrupted goes on. The whole training of most tables takes days on a small machine; with
    less, no verdict is given.
    """
    from ganzoo.errors import UsageError
    from ganzoo.leaderboard.bench import cores
    from ganzoo.leaderboard.jobs import Job
    from ganzoo.published import planning
    from ganzoo.published.tables import budget_of, load

    published, part = load(file), budget_of(budget)
    if not tables and not everything:
        echo_block(_listed(published))
        return
    if tables and everything:
        raise UsageError(
            "reproduce takes either tables or --all.", "For example: ganzoo reproduce --all --budget small"
        )
    found = planning.cells(published, tables, rows, part, None if seeds is None else common.seeds_of(seeds))
    template = Job(
        variant="",
        dataset="",
        seed=0,
        runs=str(runs),
        data_dir=str(data_dir) if data_dir else None,
        device=device,
        registry=str(registry_path) if registry_path else None,
    )
    _run(found, template, jobs or cores(), published, out, runs, registry_path)


def _run(
    found: Sequence[Cell],
    template: Job,
    workers: int,
    published: Published,
    out: Path,
    runs: Path,
    registry_path: Path | None,
) -> None:
    from ganzoo.cli.bench_view import view
    from ganzoo.published.number_rows import read
    from ganzoo.published.reproduce import Reproduction, write

    registry, zoo = common.open_zoo(registry_path)
    read(out)  # a file that cannot be read, and so not be written again: better known before hours of training
    work = Reproduction(found, template, zoo, registry)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a terminated one, too, stops its children
    with view(work.jobs, runs) as notify:
        outcomes = work.train(workers, notify)
    told: list[str] = []
    with common.shown_progress("reproduce") as progress:
        fresh = work.measure(outcomes, told.append, progress)
    everything, written = write(out, published, fresh)
    asked = {each.key for each in fresh}
    _show(published, [each for each in everything if each.key in asked])
    echo("written: " + " ".join(map(str, written)))
    for sentence in told:
        echo(f"failed: {sentence}", err=True)
    if told:
        raise SystemExit(1)


def _show(published: Published, found: Sequence[NumberRow]) -> None:
    from ganzoo.published.page import HEADER, views

    for each in views(published, found):
        if each.rows:
            echo(f"{each.name}: {each.heading}")
            echo_block(common.table(list(HEADER), each.rows))
            echo()


def _listed(published: Published) -> str:
    """The tables, each with its rows and what the small budget trains of it."""
    from ganzoo.published.tables import share

    lines = [
        [
            name,
            table.data,
            ", ".join(row.name for row in table.rows),
            f"{table.steps:,}",
            f"{share(table.small.budget)}, {table.small.seeds} seeds" if table.small else "–",
            f"{table.paper}, {table.place}",
        ]
        for name, table in published.tables.items()
    ]
    return common.table(["table", "data", "rows", "updates", "small budget", "in print"], lines)
