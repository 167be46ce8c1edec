"""ganzoo list"""

from __future__ import annotations

import click

from ganzoo.cli.common import table


@click.command("list")
def command() -> None:
    """Show the variants: backend, data they take, paper."""
    from ganzoo.errors import PluginError
    from ganzoo.plugins import Zoo

    zoo = Zoo.discover()
    rows, broken = [], []
    for name in zoo.names():
        loaded = zoo.try_load(name)
        if isinstance(loaded, PluginError):
            broken.append(str(loaded))
            continue
        variant = loaded.variant
        takes = " or ".join(variant.takes) + (", labelled" if variant.inputs.labels else "")
        rows.append([name, variant.backend, takes, variant.summary, variant.paper])
    click.echo(table(["variant", "backend", "data", "what it is", "paper"], rows))
    for line in broken:
        click.echo(f"broken: {line}", err=True)
