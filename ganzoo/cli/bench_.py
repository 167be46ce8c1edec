"""ganzoo bench"""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo

if TYPE_CHECKING:
    from ganzoo.leaderboard.bench import Outcome
    from ganzoo.leaderboard.jobs import Job
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry


@click.command("bench")
@click.argument("variants", nargs=-1)
@click.option("--all", "core", is_flag=True, help="The core of the registry: every variant with a recipe there.")
@click.option("--everything", is_flag=True, help="Every recipe of the registry, in the core or not.")
@click.option(
    "--set", "assignments", multiple=True, metavar="NAME=VALUE", help="Set an option in every cell; may be repeated."
)
@click.option(
    "--grid",
    "grids",
    multiple=True,
    metavar="NAME=A,B,…",
    help="Run a cell for each of these values; repeated, for each combination.",
)
@click.option("--data", "datasets", multiple=True, metavar="NAME", help="Only this dataset; may be repeated.")
@click.option("--seeds", default="0,1,2", show_default=True, help="Training seeds.")
@click.option("--jobs", type=click.IntRange(1), help="Runs at a time.  [default: cores]")
@click.option("--quick", is_flag=True, help="One seed, shorter recipes, tables of their own.")
@click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to train and sample."
)
@click.option("--out", type=common.PATH, help="Folder of the leaderboards.  [default: leaderboards]")
@common.observe_option
@common.data_dir_option
@common.runs_option
@common.registry_option
def command(
    variants: tuple[str, ...],
    core: bool,
    everything: bool,
    assignments: tuple[str, ...],
    grids: tuple[str, ...],
    datasets: tuple[str, ...],
    seeds: str,
    jobs: int | None,
    quick: bool,
    device: str,
    out: Path | None,
    observe: tuple[str, ...],
    data_dir: Path | None,
    runs: Path,
    registry_path: Path | None,
) -> None:
    """Train and score many variants, and write the leaderboards.

    Work already in the run store is not done again. A run that fails is a row with its reason. A variant without any
    recipe runs with its defaults on digits, or on ring where it takes points alone.
    """
    from ganzoo.errors import UsageError
    from ganzoo.leaderboard import grid, planning
    from ganzoo.leaderboard.jobs import Job, next_bench
    from ganzoo.options import parse_assignments
    from ganzoo.plugin import observers
    from ganzoo.training.runs import RunStore

    target = out or Path("leaderboards/quick" if quick else "leaderboards")
    if [bool(variants), core, everything].count(True) != 1:
        raise UsageError(
            "bench takes either variants, --all or --everything.",
            "For example: ganzoo bench --all, or ganzoo bench wgan dcgan.",
        )
    if (assignments or grids) and not variants:
        raise UsageError("--set and --grid are for variants that are named.", "Name them: ganzoo bench dcgan --grid …")
    given = grid.combinations(grid.parse_grid(grids), parse_assignments(assignments))
    registry, zoo = common.open_zoo(registry_path)
    observers.switch_on(observe, zoo.observers)
    template = Job(
        variant="",
        dataset="",
        seed=0,
        quick=quick,
        runs=str(runs),
        data_dir=str(data_dir) if data_dir else None,
        device=device,
        registry=str(registry_path) if registry_path else None,
        bench=next_bench(target, RunStore(runs)),
    )
    chosen = _choose(registry, zoo, variants, datasets, data_dir, core=core)
    settings = {name: grid.settings(zoo.load(name).variant, given) for name in variants}
    jobs_to_do = planning.plan(chosen, [0] if quick else common.seeds_of(seeds), template, settings)
    grid.require_trainable_cells(zoo, registry, jobs_to_do)
    _run(jobs_to_do, jobs, runs, target, zoo, registry)


def _choose(
    registry: Registry,
    zoo: Zoo,
    variants: tuple[str, ...],
    given: tuple[str, ...],
    data_dir: Path | None,
    *,
    core: bool,
) -> list[tuple[str, str]]:
    """The (variant, dataset) pairs to run; both named means exactly those, recipe or not.

    A variant that is named and has no recipe at all is not known to the registry: it runs on its default dataset.
    """
    from ganzoo import api
    from ganzoo.errors import UsageError
    from ganzoo.leaderboard import planning

    named = [zoo.load(variant).variant for variant in dict.fromkeys(variants)]
    datasets = [api.reference_of(each, data_dir, zoo=zoo) for each in given]
    if variants and datasets:
        return [(variant, dataset) for dataset in datasets for variant in variants]
    taken = datasets or planning.bench_datasets(registry, core=core)
    chosen = planning.cells(registry, variants or zoo.names(), taken, core=core)
    chosen += planning.default_cells(registry, named)
    if not chosen:
        more = "--everything takes recipes beyond the core; " if core else ""
        raise UsageError(
            "There is nothing to run: no recipe matches.", f"{more}variants named with --data run without one."
        )
    return chosen


def _run(jobs: list[Job], workers: int | None, runs: Path, out: Path, zoo: Zoo, registry: Registry) -> None:
    from ganzoo.cli.bench_view import view
    from ganzoo.leaderboard import bench
    from ganzoo.leaderboard.current import Finished

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a terminated bench, too, stops its children
    with view(jobs, runs) as notify:
        outcomes = bench.LocalExecutor(workers or bench.cores()).run(jobs, notify, Finished(zoo, registry))
    from ganzoo.leaderboard.update import update
    from ganzoo.training.runs import RunStore

    store, quick = RunStore(runs), jobs[0].quick
    bench.note_failures(store, outcomes)
    written = update(store, out, registry, quick, warn=lambda sentence: echo(f"left out: {sentence}", err=True))
    _report(outcomes, written, out, registry)


def _report(outcomes: list[Outcome], written: list[Path], out: Path, registry: Registry) -> None:
    from ganzoo.cli.board_ import show
    from ganzoo.errors import UnknownName

    for dataset in dict.fromkeys(outcome.dataset or outcome.job.dataset for outcome in outcomes):
        with suppress(UnknownName):  # nothing of it was ever scored
            show(out, dataset, registry)
            echo()
    echo("written: " + " ".join(map(str, written)))
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    for outcome in failed:
        echo(f"failed: {outcome.job.label}: {outcome.note}", err=True)
    if failed:
        raise SystemExit(1)
