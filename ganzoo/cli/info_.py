"""ganzoo info VARIANT"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.common import open_zoo, registry_option, table
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.registry import Registry


@click.command("info")
@click.argument("variant")
@registry_option
def command(variant: str, registry_path: Path | None) -> None:
    """Show one variant's options, recipes and update rule."""
    import msgspec

    from ganzoo.options import explain
    from ganzoo.plugin.compatibility import when_labelled

    registry, zoo = open_zoo(registry_path)
    plugin = zoo.load(variant)
    about = plugin.variant
    echo(f"{about.name}: {about.summary}")
    echo(f"{about.paper}; {about.backend}, from {plugin.origin}")
    low, high = about.sizes
    takes = ", ".join(f"images of {low} to {high} pixels a side" if kind == "image" else kind for kind in about.takes)
    labelled = f"; needs class labels{when_labelled(about)}" if about.inputs.labels else ""
    echo(f"takes {takes}{labelled}")
    if about.role != "model":
        echo(f"role {about.role}: shown on boards in brackets, and not ranked")
    echo("\noptions (--set name=value)")
    rows = [[o.name, o.type, str(o.default), o.range, o.help] for o in explain(about.options)]
    echo_block(table(["name", "type", "default", "range", "what it does"], rows))
    if about.reports:
        echo("\nnumbers of its own (self-reported, never ranked)")
        echo_block(table(["number", "better", "what it is"], [[r.name, r.direction, r.help] for r in about.reports]))
    echo("\nupdate rule")
    echo_block(
        table(
            ["fact", "value"], [[k.replace("_", " "), str(v)] for k, v in msgspec.structs.asdict(about.facts).items()]
        )
    )
    _recipes(registry, variant)


def _recipes(registry: Registry, variant: str) -> None:
    entry = registry.variants.get(variant)
    recipes = entry.recipes if entry else {}
    echo("\nrecipes" + ("" if recipes else ": none; the defaults are used"))
    for dataset, recipe in recipes.items():
        values = " ".join(f"{k}={v}" for k, v in recipe.options.items()) or "the defaults"
        echo(f"{dataset}: {values}" + ("" if recipe.bench else "  (not part of bench --all)"))
