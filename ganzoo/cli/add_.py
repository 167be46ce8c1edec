"""ganzoo add FILE.onnx"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo


@click.command("add")
@click.argument("file", type=common.PATH)
@click.option("--name", required=True, help="What boards call it.")
@common.data_option
@common.data_dir_option
@click.option(
    "--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Which of several trainings it is."
)
@click.option("--version", default="1", show_default=True, metavar="TEXT", help="Of the model; boards show the last.")
@click.option("--paper", default="", metavar="TEXT", help="A title or an address, for its page and its card.")
@click.option("--source", default="", metavar="TEXT", help="Where the file lies, for its page and its card.")
@click.option("--no-score", is_flag=True, help="Put it into the run store alone.")
@click.option(
    "--out", type=common.PATH, default=Path("leaderboards"), show_default=True, help="Folder of the leaderboards."
)
@common.runs_option
@common.registry_option
@common.device_option
@common.foreign_options
def command(file: Path, name: str, data: str, registry_path: Path | None, **more: Any) -> None:
    """Put anybody's generator into the run store and on the board of its data.

    It is sampled and scored as every other; nothing is trained, and there is no framework to prove parity with. A file
    that is not ganzoo's is read by --latent and the flags beside it. Several files of one name need a --seed each:
    models of one seed have no rank.
    """
    from ganzoo.adding import add
    from ganzoo.training.runs import RunStore

    registry, zoo = common.open_zoo(registry_path)
    notes: list[str] = []
    given = {key: more[key] for key in ("seed", "version", "paper", "source", "data_dir", "runs")}
    folder = add(file, name, data, reading=common.reading_of(more), registry=registry, zoo=zoo, notes=notes, **given)
    common.show_notes(notes)
    echo(f"{name} {more['version']}, seed {more['seed']}, is in {folder.path}")
    if more["no_score"]:
        return
    from ganzoo.leaderboard.added import put_on_board

    written = put_on_board(
        folder,
        RunStore(more["runs"]),
        more["out"],
        registry,
        zoo,
        data_dir=more["data_dir"],
        device=more["device"],
        registry_path=registry_path,
        warn=lambda sentence: echo(f"Warning: {sentence}", err=True),
    )
    for path in written:
        echo(f"written: {path}", err=True)
    echo(f"On the board: ganzoo board {folder.manifest().dataset}")
