"""ganzoo list"""

from __future__ import annotations

import click

from ganzoo.cli.common import open_zoo, registry_option, table


@click.command("list")
@registry_option
def command(registry_path: object) -> None:
    """Show the variants: backend, data they take, paper."""
    from pathlib import Path

    from ganzoo.errors import PluginError

    registry, zoo = open_zoo(registry_path if isinstance(registry_path, Path) else None)
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
    missing = sorted(set(registry.variants) - set(zoo.names()))
    for name in missing:
        click.echo(f"{name} is not installed: {registry.install_hint(name)}", err=True)
    for line in broken:
        click.echo(f"broken: {line}", err=True)
