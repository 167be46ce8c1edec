"""ganzoo list"""

from __future__ import annotations

import click

from ganzoo.cli.common import table
from ganzoo.cli.output import echo, echo_block


@click.command("list")
def command() -> None:
    """Show the variants: backend, data they take, paper.

    No plugin is loaded here: what a variant says of itself is asked in a process of its own, and remembered.
    """
    from ganzoo.plugin.described import describe
    from ganzoo.plugin.manager import Zoo

    zoo = Zoo.discover()
    found = describe(zoo)
    rows = [
        [name, *(seen.about[part] for part in ("backend", "data", "summary", "paper"))]
        for name, seen in found.items()
        if not seen.cause
    ]
    echo_block(table(["variant", "backend", "data", "what it is", "paper"], sorted(rows)))
    for seen in found.values():
        if seen.cause:
            echo(f"broken: {seen.cause}", err=True)
    for kind, origin in zoo.everything():
        if kind == "variant" and (off := zoo.switches.off(origin)):
            echo(f"off: {origin.name} ({origin}), by {off}", err=True)
