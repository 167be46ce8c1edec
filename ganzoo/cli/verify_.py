"""ganzoo verify [RUN ...]"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo

if TYPE_CHECKING:
    from ganzoo.training.runs import RunFolder
    from ganzoo.verify import Verified


@click.command("verify")
@click.argument("folders", nargs=-1, metavar="[RUN]...", type=common.PATH)
@click.option("--all", "everything", is_flag=True, help="Every run of the run store.")
@click.option("--parity", is_flag=True, help="Also rebuild each model and compare it with its generator.onnx.")
@common.data_dir_option
@common.runs_option
@common.registry_option
def command(
    folders: tuple[Path, ...],
    everything: bool,
    parity: bool,
    data_dir: Path | None,
    runs: Path,
    registry_path: Path | None,
) -> None:
    """Check that the files of runs are what was written, and say how to mend what is not.

    Every hash is made anew. Ends with exit code 1 where anything is damaged.
    """
    from ganzoo.errors import UsageError
    from ganzoo.training.runs import RunFolder, RunStore
    from ganzoo.verify import verify_run, verify_store

    if everything == bool(folders):
        raise UsageError("verify takes either run folders or --all.", "For example: ganzoo verify --all.")
    common.use_one_thread()
    named = [RunFolder(folder) for folder in folders] or RunStore(runs).all()
    found = list(verify_store(RunStore(runs)) if everything else map(verify_run, named))
    if parity:
        sound = {each.path for each in found if each.status == "finished" and not each.findings}
        found += _parities([run for run in named if run.path in sound], data_dir, registry_path)
    raise SystemExit(_report(found))


def _parities(folders: list[RunFolder], data_dir: Path | None, registry_path: Path | None) -> Iterator[Verified]:
    """Compare each with its framework; one whose plugin or data are not to be had is said, and no damage."""
    from ganzoo import api
    from ganzoo.errors import GanzooError
    from ganzoo.verify import verify_parity

    _, zoo = common.open_zoo(registry_path)
    for folder in folders:
        manifest = folder.manifest()
        if manifest.imported:
            echo(
                f"Note: {folder.path} was trained elsewhere: there is no framework to prove its parity with.", err=True
            )
            continue
        try:
            dataset = api.dataset(manifest.data_reference, data_dir, zoo=zoo)
            yield verify_parity(folder, zoo.load(manifest.variant), dataset)
        except GanzooError as error:
            echo(f"Note: the parity of {folder.path} cannot be checked: {error}", err=True)


def _report(found: list[Verified]) -> int:
    for finding in (finding for each in found for finding in each.findings):
        echo(f"damaged  {finding.path}: {finding.what}. {finding.mend}")
    damaged = len({each.path for each in found if each.findings})
    looked = len({each.path for each in found})
    echo(f"{looked - damaged} sound, {damaged} damaged")
    if old := len({each.path for each in found if each.unsealed}):
        echo(f"Note: {old} of version 0.1, whose run.json or score.json say no hash of themselves.", err=True)
    return 1 if damaged else 0
