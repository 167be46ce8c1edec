"""ganzoo board"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo, echo_block, echo_csv, echo_json

if TYPE_CHECKING:
    from ganzoo.leaderboard.changes import Change
    from ganzoo.leaderboard.shown import Shown
    from ganzoo.registry import Registry

out_option = click.option(
    "--out",
    type=common.PATH,
    default=Path("leaderboards"),
    show_default=True,
    help="Folder of the leaderboards.",
)


class Boards(click.Group):
    """A group whose first command needs not be named: ``ganzoo board ring`` is ``ganzoo board show ring``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name it where nothing else is."""
        if not args or args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group("board", cls=Boards, subcommand_metavar="[DATASET] [OPTIONS] | COMMAND ...")
def command() -> None:
    """Show a dataset's leaderboard, or compare two.

    'ganzoo board show -h' has the options of the first.
    """


@command.command("show")
@click.argument("dataset", default="digits")
@out_option
@click.option("--sort", metavar="COLUMN", default="", help="Best first, or smallest first; -COLUMN turns the order.")
@click.option("--columns", metavar="A,B", default="", help="Rank, variant and these columns of the .csv file.")
@click.option(
    "--where",
    multiple=True,
    metavar="CONDITION",
    help="Only these rows: backend=torch,jax or role!=floor or 'fid<2'; may be repeated.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "md", "html"]),
    default="table",
    show_default=True,
    help="csv and json are for programs: all columns, as numbers.",
)
@click.option("--total", is_flag=True, help="Intervals that count the sampling of the reference, too.")
@common.registry_option
def show_(
    dataset: str,
    out: Path,
    sort: str,
    columns: str,
    where: tuple[str, ...],
    form: str,
    total: bool,
    registry_path: Path | None,
) -> None:
    """Show a dataset's leaderboard (the default)."""
    from ganzoo import registry as registries
    from ganzoo.leaderboard.shown import shown

    found = shown(out, dataset, registries.load(registry_path), total)
    named = [name.strip() for name in columns.split(",") if name.strip()]
    if sort or named or where:
        from ganzoo.leaderboard import view

        found = view.selected(found, sort, named, [view.condition(text) for text in where])
    if form == "table":
        _print(found, dataset, out)
    else:
        _put(found, dataset, form)


def _put(found: Shown, dataset: str, form: str) -> None:
    """Print a board for a program or a page."""
    from ganzoo.leaderboard import view

    if form == "json":
        echo_json(view.to_json(found, dataset))
    elif form == "csv":
        echo_csv(view.to_csv(found))
    else:
        echo_csv(view.to_markdown(found) if form == "md" else view.to_html(found, dataset))


def show(out: Path, dataset: str, registry: Registry) -> None:
    """Print a board on stdout: whole in a file, as many columns as fit on a terminal."""
    from ganzoo.leaderboard.shown import shown

    _print(shown(out, dataset, registry), dataset, out)


def _print(found: Shown, dataset: str, out: Path) -> None:
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


@command.command("diff")
@click.argument("old", type=common.PATH)
@click.argument("new", type=common.PATH)
@click.argument("dataset", required=False)
@click.option(
    "--gate",
    multiple=True,
    metavar="METRIC",
    help="Exit with 1 where a row is significantly worse in it, or fails; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
@common.registry_option
@click.pass_context
def diff(
    ctx: click.Context,
    old: Path,
    new: Path,
    dataset: str | None,
    gate: tuple[str, ...],
    as_json: bool,
    registry_path: Path | None,
) -> None:
    """Say what became of each row from OLD to NEW, two folders of leaderboards, and whether that may be chance."""
    from ganzoo import registry as registries
    from ganzoo.leaderboard.changes import BAD, compared

    found = compared(old, new, registries.load(registry_path), dataset, gate)
    if as_json:
        echo_json(found)
    else:
        header = ["dataset", "variant", "metric", "old", "new", "p", ""]
        echo_block(common.table(header, [_row(each) for each in found]))
    bad = [each for each in found if each.verdict in BAD]
    if gate and bad:
        names = ", ".join(f"{each.variant} on {each.dataset} ({each.column}: {each.verdict})" for each in bad)
        echo(f"Worse than before: {names}.", err=True)
        ctx.exit(1)


def _row(each: Change) -> list[str]:
    numbers: list[Any] = [each.before, each.after, each.p]
    shown = ["" if value is None else f"{value:.{digits}g}" for value, digits in zip(numbers, (6, 6, 2), strict=True)]
    return [each.dataset, each.variant, each.column, *shown, each.verdict]


@command.command("badge")
@click.argument("variant")
@click.argument("dataset", default="digits")
@click.option(
    "-o", "--output", type=common.PATH, default=Path("badge.svg"), show_default=True, metavar="FILE", help="An SVG."
)
@out_option
@common.registry_option
def badge_(variant: str, dataset: str, output: Path, out: Path, registry_path: Path | None) -> None:
    """Draw a variant's place on a board as a badge for a page."""
    from ganzoo import registry as registries
    from ganzoo.errors import UsageError
    from ganzoo.files import write_text
    from ganzoo.leaderboard.badge import badge
    from ganzoo.leaderboard.shown import shown

    if common.ending(output) != ".svg":
        raise UsageError(f"A badge is written as .svg, not as '{output.name}'.")
    registry = registries.load(registry_path)
    write_text(output, badge(shown(out, dataset, registry), dataset, variant, registry.rank_by(dataset)))
    echo(f"written: {output}")
