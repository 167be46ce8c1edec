"""ganzoo plugins"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ganzoo.cli import COMMANDS, common
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.plugin.manager import Zoo


@click.command("plugins")
@click.option("--disable", metavar="NAME", help="Switch off what goes by NAME: a plugin, or a whole distribution.")
@click.option("--enable", metavar="NAME", help="Switch it on again.")
def command(disable: str | None, enable: str | None) -> None:
    """Show the installed plugins, broken ones included.

    Each is loaded in a process of its own with a time limit. Switching one on or off loads none.
    """
    from ganzoo.plugin.status import survey

    registry, zoo = common.open_zoo()
    if disable or enable:
        _switch(zoo, disable, enable)
        return
    seen = survey(zoo, COMMANDS)
    rows = [[s.origin.name, s.kind, s.origin.distribution, s.origin.version, s.state] for s in seen.standings]
    echo_block(common.table(["name", "kind", "distribution", "version", "state"], sorted(rows, key=_order)))
    for line in [*seen.causes, *(f"note: {note}" for note in seen.notes)]:
        echo(line, err=True)
    installed = {origin.name for kind, origin in zoo.everything() if kind == "variant"}
    for name in sorted(set(registry.variants) - installed):
        echo(f"{name} is not installed: {registry.install_hint(name)}")


def _order(row: list[str]) -> tuple[int, str]:
    return ["variant", "extension", "command"].index(row[1]), row[0]


def _switch(zoo: Zoo, off: str | None, on: str | None) -> None:
    from ganzoo.plugin import blocklist

    origins = [origin for _, origin in zoo.everything()]
    if off:
        blocklist.disable(off, origins)
        echo(f"{off} is switched off in {blocklist.settings_file()}; 'ganzoo plugins --enable {off}' undoes it")
    if on:
        blocklist.enable(on, origins)
        echo(f"{on} is switched on")
        for origin in origins:
            if on in (origin.name, origin.distribution) and (how := blocklist.Switches.current().off(origin)):
                echo(f"but {origin.name} ({origin}) is still off, by {how}", err=True)
