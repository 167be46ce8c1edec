"""ganzoo new NAME"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ganzoo.cli import common
from ganzoo.cli.output import echo

BACKENDS = ["torch", "tensorflow", "numpy"]
LICENCES = ["apache-2.0", "mit", "none"]


@click.command("new")
@click.argument("name")
@click.option("--backend", type=click.Choice(BACKENDS), default="torch", show_default=True, help="The framework.")
@click.option(
    "--licence", type=click.Choice(LICENCES), help="Its licence.  [default: asked for on a terminal, else apache-2.0]"
)
@common.registry_option
def command(name: str, backend: str, licence: str | None, registry_path: Path | None) -> None:
    """Write a plugin package that works at once.

    NAME becomes the folder and the variant; the package is called ganzoo-NAME.
    """
    from ganzoo.scaffold import writer

    names = writer.names_of(name)
    registry, zoo = common.open_zoo(registry_path)
    writer.require_free(names, zoo, registry)
    writer.require_empty(Path(names.name))
    folder = writer.write(names, backend=backend, licence=licence or _prompted(), parent=Path())
    echo(f"written  {folder}/ with the package {names.distribution}")
    echo(f"next     pip install -e {folder}")
    for verb in ("check", "train", "bench"):
        echo(f"         ganzoo {verb} {names.name}")


def _prompted() -> str:
    """The licence, asked for where somebody can answer."""
    if not _terminal():
        return LICENCES[0]
    chosen: str = click.prompt("Licence", type=click.Choice(LICENCES), default=LICENCES[0], err=True)
    return chosen


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
