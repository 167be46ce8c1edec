"""ganzoo board DATASET"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.registry import Registry


@click.command("board")
@click.argument("dataset", default="digits")
@click.option(
    "--out",
    type=common.PATH,
    default=Path("leaderboards"),
    show_default=True,
    help="Folder of the leaderboards.",
)
@click.option("--total", is_flag=True, help="Intervals that count the sampling of the reference, too.")
@common.registry_option
def command(dataset: str, out: Path, total: bool, registry_path: Path | None) -> None:
    """Show a dataset's leaderboard."""
    from ganzoo import registry as registries

    show(out, dataset, registries.load(registry_path), total)


def show(out: Path, dataset: str, registry: Registry, total: bool = False) -> None:
    """Print a board on stdout: whole in a file, as many columns as fit on a terminal."""
    from ganzoo.leaderboard.shown import shown

    found = shown(out, dataset, registry, total)
    fitting = _fitting(found.header, found.rows)
    echo(f"{dataset}, extractor {found.extractor}" if found.extractor else dataset)
    echo_block(common.table(found.header[:fitting], [row[:fitting] for row in found.rows]))
    if fitting < len(found.header):
        echo(f"({', '.join(found.header[fitting:])}: in {out}/, or in a wider window)")
    for remark in found.remarks:
        echo(remark)
    if found.own:
        from ganzoo.leaderboard.page import OWN, OWN_HEADER, OWN_REMARK

        echo(f"\n{OWN}")
        echo_block(common.table(list(OWN_HEADER), found.own))
        echo(OWN_REMARK)


def _fitting(header: list[str], rows: list[list[str]]) -> int:
    """How many columns fit into the terminal; all where the output is no terminal."""
    if not sys.stdout.isatty():
        return len(header)
    left = shutil.get_terminal_size().columns
    for i in range(len(header)):
        left -= max(len(row[i]) for row in [header, *rows]) + 2
        if left < -2:
            return max(i, 1)
    return len(header)
