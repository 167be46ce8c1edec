"""ganzoo rate DATASET"""

from __future__ import annotations

import math
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.leaderboard.human import Judged
    from ganzoo.rating.study import Mode, Study
    from ganzoo.registry import Registry
    from ganzoo.training.runs import RunStore


@click.command("rate")
@click.argument("dataset")
@click.option("--variants", metavar="A,B", help="Rows of the board to judge.  [default: all that were trained]")
@click.option("--timed", is_flag=True, help="Show each image for a moment: how long do people need?")
@click.option(
    "--images",
    type=click.IntRange(2),
    metavar="N",
    help="Images of a round, half of them real.  [default: 100, or with --timed 150 for each row]",
)
@common.seed_option
@click.option("--results", "only_results", is_flag=True, help="Say what came out so far, and ask nobody.")
@click.option("--protocol", is_flag=True, help="Print how it is done, for raters or an appendix, and ask nobody.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of this machine.  [default: a free one]")
@click.option("--ratings", type=common.PATH, default=Path("ratings"), show_default=True, help="Folder of all answers.")
@click.option(
    "--out", type=common.PATH, default=Path("leaderboards"), show_default=True, help="Folder of the leaderboards."
)
@common.runs_option
@common.data_dir_option
@common.registry_option
@common.device_option
def command(dataset: str, variants: str | None, out: Path, runs: Path, registry_path: Path | None, **more: Any) -> None:
    """Ask people which images are real, on a page that this machine serves to itself.

    After HYPE (Zhou et al. 2019): one image at a time, real or generated, without a limit of time, or with one that
    follows the answers. Each answer is kept at once; raters go on where they stopped, under the name that they gave.
    Ctrl-C ends it, and puts what came out on the board.
    """
    from ganzoo import api
    from ganzoo.rating.study import folder_of, not_judged, planned
    from ganzoo.training.runs import RunStore

    registry, zoo = common.open_zoo(registry_path)
    board = _Board(out, RunStore(runs), registry)
    loaded = api.dataset(dataset, more["data_dir"], zoo=zoo)
    mode: Mode = "timed" if more["timed"] else "untimed"
    folder = folder_of(more["ratings"], loaded.spec.name, mode)
    if more["only_results"]:
        _conclude(_begun(folder, dataset), folder, board)
        return
    names = tuple(name.strip() for name in (variants or "").split(",") if name.strip())
    terms = {name: more[name] for name in ("images", "seed")}
    study = planned(loaded, out, board.store, variants=names, mode=mode, **terms)
    if more["protocol"]:
        from ganzoo.rating.instructions import to_markdown

        echo_block(to_markdown(study).rstrip())
        return
    if not names and (left := not_judged(study, out)):
        echo(f"Note: not judged, as {runs} has no generator of them: {', '.join(left)}.", err=True)
    _ask(study, loaded, folder, more)
    _conclude(study, folder, board)


@dataclass(frozen=True)
class _Board:
    """Where results belong."""

    out: Path
    store: RunStore
    registry: Registry


def _begun(folder: Path, dataset: str) -> Study:
    from ganzoo.errors import UsageError
    from ganzoo.rating.study import stored_study

    study = stored_study(folder)
    if study is None:
        raise UsageError(f"There is no study in {folder}.", f"Begin one: ganzoo rate {dataset}")
    return study


def _ask(study: Study, dataset: Dataset, folder: Path, more: dict[str, Any]) -> None:
    """Serve the page until somebody stops it."""
    from ganzoo.rating.images import Images
    from ganzoo.rating.server import serving
    from ganzoo.rating.session import RatingSession, sole_use
    from ganzoo.rating.study import require_same

    with sole_use(folder):
        require_same(folder, study)
        with common.shown_progress(f"rate {study.dataset}") as progress:
            images = Images.of(study, dataset, device=more["device"], progress=progress)
        with (
            serving(RatingSession(study, folder, images), more["port"]) as (address, server),
            suppress(KeyboardInterrupt),
        ):
            echo(f"{len(study.models)} models and real images: {address}")
            echo("Ctrl-C ends it. Answers are kept at once, and this address ends with the program.", err=True)
            if more["open_page"]:
                webbrowser.open(address)
            server.serve_forever()


def _conclude(study: Study, folder: Path, board: _Board) -> None:
    """Say what came out, and put it on the board."""
    from ganzoo.leaderboard.board import write_people
    from ganzoo.rating.journal import read_all
    from ganzoo.rating.results import raters, results

    sessions = read_all(folder)
    found, who = results(study, sessions), raters(sessions)
    if not found:
        waiting = f" ({len(who)} began; none is far enough and attentive)" if who else ""
        echo(f"Nothing to count yet in {folder}{waiting}.", err=True)
    else:
        echo_block(_table(found))
    for each in who:
        if each.checks and not each.attentive:
            text = f"{each.name} answered {each.passed} of {each.checks} attention checks as they said"
            echo(f"Note: {text}, and is left out.", err=True)
    if found:
        for path in write_people(board.store, board.out, board.registry, study.dataset, study.mode, found):
            echo(f"written: {path}", err=True)


def _table(found: Sequence[Judged]) -> str:
    from ganzoo.leaderboard.human import COLUMNS_OF, SHOWN, as_read

    header = ["variant", SHOWN[COLUMNS_OF[found[0].mode]], "fakes taken for real", "real for fakes", "judged", "raters"]
    rows = [
        [
            each.variant,
            as_read(each.value, each.low, each.high),
            *("" if math.isnan(share) else f"{share:.0%}" for share in (each.fake_error, each.real_error)),
            str(each.judgements),
            str(each.raters),
        ]
        for each in sorted(found, key=lambda each: -each.value)
    ]
    return common.table(header, rows)
