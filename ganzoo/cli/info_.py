"""ganzoo info VARIANT"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.common import open_zoo, registry_option, table
from ganzoo.cli.output import echo, echo_block

if TYPE_CHECKING:
    from ganzoo.options import OptionInfo
    from ganzoo.registry import Recipe, Registry

WIDE = 40
"""Characters of a range that stand in its column."""


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
    echo(f"takes {takes}{when_labelled(about, '; needs class labels')}")
    if about.role != "model":
        echo(f"role {about.role}: shown on boards in brackets, and not ranked")
    echo("\noptions (--set name=value)")
    options = explain(about.options)
    rows = [[o.name, o.type, str(o.default), "below" if _is_long(o) else o.range, o.help] for o in options]
    echo_block(table(["name", "type", "default", "range", "what it does"], rows))
    for option in filter(_is_long, options):
        echo(f"{option.name}: {option.range}")
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


def _is_long(option: OptionInfo) -> bool:
    """Whether its range would push the other columns off the screen."""
    return len(option.range) > WIDE


def _recipes(registry: Registry, variant: str) -> None:
    entry = registry.variants.get(variant)
    recipes = entry.recipes if entry else {}
    echo("\nrecipes" + ("" if recipes else ": none; the defaults are used"))
    for dataset, recipe in recipes.items():
        values = " ".join(f"{k}={v}" for k, v in recipe.options.items()) or "the defaults"
        echo(f"{dataset}: {values}" + _part(recipe))


def _part(recipe: Recipe) -> str:
    """What of ``ganzoo bench`` a recipe is no part of, in brackets."""
    if not recipe.bench:
        return "  (not part of bench --all or --everything)"
    return "" if recipe.core else "  (part of bench --everything, not of --all)"
