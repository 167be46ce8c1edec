"""ganzoo plugins"""

from __future__ import annotations

import click

from ganzoo.cli import common


@click.command("plugins")
def command() -> None:
    """Show the installed plugins, broken ones included."""
    from ganzoo.errors import PluginError

    registry, zoo = common.open_zoo()
    rows, causes = [], []
    for name in zoo.names():
        loaded = zoo.try_load(name)
        fine = not isinstance(loaded, PluginError)
        rows += [[name, "variant", o.distribution, o.version, "ok" if fine else "broken"] for o in zoo.origins(name)]
        if isinstance(loaded, PluginError):
            causes.append(str(loaded))
    causes += zoo.check_extensions()
    for origin in zoo.extension_origins():
        broken = zoo.broken_extensions.get(str(origin))
        rows.append([origin.name, "extension", origin.distribution, origin.version, "broken" if broken else "ok"])
    click.echo(common.table(["name", "kind", "distribution", "version", "state"], rows))
    for cause in causes:
        click.echo(cause, err=True)
    for name in sorted(set(registry.variants) - set(zoo.names())):
        click.echo(f"{name} is not installed: {registry.install_hint(name)}")
