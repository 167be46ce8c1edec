"""registry.toml: which package provides a variant, its recipe per dataset, and each dataset's scoring protocol.

Read without importing any plugin. Precedence: the command line, ``--registry FILE``, ``./registry.toml``, the packaged
one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from ganzoo.catalogues import decoded, found
from ganzoo.errors import RegistryError
from ganzoo.naming import RULE, fault, variant_fault

OptionValue = str | int | float | bool


class DatasetEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a dataset is scored. ``n_real = 0`` takes the whole split; ``rank_by`` is the column that orders a board.

    ``bench`` is whether ``bench --everything`` takes it, ``core`` whether ``bench --all`` does then.
    ``metrics`` names metrics of extensions that are part of the protocol; others are computed beside it.
    """

    extractor: str
    split: Literal["train", "heldout"] = "train"
    n_real: int = 0
    n_fake: int = 5000
    seed: int = 0
    rank_by: Literal["fid", "kid", "coverage"] = "fid"
    bench: bool = True
    core: bool = True
    metrics: list[str] = []


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Option values that train one variant well on one dataset, and what ``--quick`` changes in them.

    ``bench`` and ``core`` are as of a dataset.
    """

    options: dict[str, OptionValue] = {}
    quick: dict[str, OptionValue] = {}
    bench: bool = True
    core: bool = True


class VariantEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The package that provides a variant, and its recipes by dataset name."""

    package: str
    recipes: dict[str, Recipe] = {}


class Registry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole catalogue, validated."""

    api: Literal[1]
    datasets: dict[str, DatasetEntry] = {}
    variants: dict[str, VariantEntry] = {}

    def rank_by(self, dataset: str) -> str:
        """The column that orders a dataset's leaderboard."""
        entry = self.datasets.get(dataset)
        return entry.rank_by if entry else "fid"

    def recipe(self, variant: str, dataset: str) -> Recipe:
        """The recipe of a variant on a dataset; an empty one where none is listed."""
        entry = self.variants.get(variant)
        return entry.recipes.get(dataset, Recipe()) if entry else Recipe()

    def recipe_options(self, variant: str, dataset: str, quick: bool = False) -> dict[str, Any]:
        """The recipe's option values, with the quick ones on top where asked."""
        recipe = self.recipe(variant, dataset)
        return {**recipe.options, **(recipe.quick if quick else {})}

    def install_hint(self, variant: str) -> str:
        """What to install for a variant that is listed here but not installed; empty for others."""
        entry = self.variants.get(variant)
        return f"'pip install {entry.package}' provides it." if entry else ""


def parse(text: str, where: str) -> Registry:
    """Validate the text of a registry. Raises RegistryError with the path of the offending key."""
    registry = decoded(text, where, Registry, "registry")
    _check_names(registry, where)
    _check_references(registry, where)
    return registry


def _check_names(registry: Registry, where: str) -> None:
    faults = [("datasets", fault(name)) for name in registry.datasets]
    faults += [("variants", variant_fault(name)) for name in registry.variants]
    for table, wrong in faults:
        if wrong:
            raise RegistryError(f"{where} is not a valid registry: {wrong} at '{table}'.", RULE)


def _check_references(registry: Registry, where: str) -> None:
    for variant, entry in registry.variants.items():
        for dataset in entry.recipes:
            if dataset not in registry.datasets:
                raise RegistryError(
                    f"{where} has a recipe at 'variants.{variant}.recipes.{dataset}' for a dataset it does not list.",
                    f"Add [datasets.{dataset}] or remove the recipe.",
                )


def load(path: Path | None = None) -> Registry:
    """Load the registry named, else ``./registry.toml``, else the packaged one."""
    return parse(*found("registry.toml", "registry", path))
