"""ganzoo data"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import common

if TYPE_CHECKING:
    from ganzoo.data.base import Source


@click.command("data")
@common.data_dir_option
def command(data_dir: Path | None) -> None:
    """Show the datasets and where their files are looked for."""
    from ganzoo.data.files import cache_dir

    _, zoo = common.open_zoo()
    rows = [_row(source) for source in zoo.datasets().values()]
    click.echo(common.table(["name", "kind", "what it is", "files"], rows))
    folders = [str(folder) for folder in (data_dir, cache_dir()) if folder]
    click.echo(f"\nFiles are looked for in {', then in '.join(folders)}, and downloaded where they are missing.")
    if data_dir is None:
        click.echo("--data-dir DIR names a folder to look into first.")


def _row(source: Source) -> list[str]:
    name = f"{source.name}:{source.argument}" if source.argument else source.name
    return [name, source.kind, source.summary, ", ".join(source.files)]
