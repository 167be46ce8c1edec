"""What a bench runs: the recipes that take part, and a job for each cell and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from ganzoo.leaderboard.grid import PLAIN, Setting
from ganzoo.leaderboard.jobs import Job
from ganzoo.training.runs import REAL

if TYPE_CHECKING:
    from ganzoo.registry import Registry
    from ganzoo.types import Variant


def bench_datasets(registry: Registry, *, core: bool = False) -> list[str]:
    """The datasets of ``bench --everything``, or of ``bench --all``, its core, in the registry's order."""
    return [name for name, entry in registry.datasets.items() if entry.bench and (entry.core or not core)]


def cells(
    registry: Registry, variants: Iterable[str], datasets: Sequence[str], *, core: bool = False
) -> list[tuple[str, str]]:
    """Every (variant, dataset) of the registry that is part of the bench, or of its core, among those asked for."""
    requested = set(variants)
    return [
        (variant, dataset)
        for variant, entry in registry.variants.items()
        for dataset, recipe in entry.recipes.items()
        if variant in requested and dataset in datasets and recipe.bench and (recipe.core or not core)
    ]


def default_cells(registry: Registry, variants: Iterable[Variant]) -> list[tuple[str, str]]:
    """Where a variant runs that has no recipe at all: with its defaults, on the small dataset of its kind."""
    return [
        (variant.name, "digits" if "image" in variant.takes else "ring")
        for variant in variants
        if variant.name not in registry.variants or not registry.variants[variant.name].recipes
    ]


def plan(
    chosen: Sequence[tuple[str, str]],
    seeds: Sequence[int],
    template: Job,
    settings: Mapping[str, Sequence[Setting]] = MappingProxyType({}),
) -> list[Job]:
    """The floors first, then the cells seed by seed, so that each table fills evenly.

    A variant that has ``settings`` is a cell for each of them.
    """
    floors = [(REAL, dataset, PLAIN, 0) for dataset in dict.fromkeys(dataset for _, dataset in chosen)]
    models = [
        (variant, dataset, setting, seed)
        for seed in seeds
        for variant, dataset in chosen
        for setting in settings.get(variant, [PLAIN])
    ]
    return [
        msgspec.structs.replace(
            template, variant=variant, dataset=dataset, cell=setting.label, options=setting.options, seed=seed
        )
        for variant, dataset, setting, seed in [*floors, *models]
    ]
