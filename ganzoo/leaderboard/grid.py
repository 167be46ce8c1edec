"""The cells of an ablation: options set for all of them, and every combination of those of a grid."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import OptionError, UsageError
from ganzoo.escaping import json_text
from ganzoo.options import resolve, values_of
from ganzoo.plugin.compatibility import require_compatible
from ganzoo.training.runs import REAL, file_hashes

if TYPE_CHECKING:
    from ganzoo.leaderboard.jobs import Job
    from ganzoo.plugin.manager import Plugin, Zoo
    from ganzoo.registry import Registry
    from ganzoo.types import DataSpec, Variant

MOST = 1000
"""Cells of one variant on one dataset."""
NAMED = 5
"""Cells that a refusal names."""
_WORD = re.compile(r"[\w.+/:~-]+")


class Setting(msgspec.Struct, frozen=True):
    """What a cell is given beside its recipe, as text, and its label: how boards tell it from others of its variant."""

    label: str = ""
    options: dict[str, str] = {}


PLAIN = Setting()
"""The recipe as it is."""


def parse_grid(words: Iterable[str]) -> dict[str, list[str]]:
    """Turn ``name=value,value`` words into the values of each option. Raises OptionError for what is no grid."""
    grid: dict[str, list[str]] = {}
    for word in words:
        name, sign, text = word.partition("=")
        name, values = name.strip(), [value.strip() for value in text.split(",")]
        if not sign or not name:
            raise OptionError(
                f"--grid takes name=value,value, but '{word}' was given.", "Write it as --grid ema=0,0.9."
            )
        if name in grid:
            raise OptionError(f"Option {name} was given to --grid twice.", "Name all its values in one list.")
        if values == [""]:
            raise OptionError(f"--grid {name}= has no values.", f"Write --grid {name}= and values between commas.")
        if len(values) == 1:
            raise OptionError(
                f"--grid {name}= has one value alone.", f"Add another, or write --set {name}={values[0]}."
            )
        grid[name] = values
    return grid


def combinations(grid: Mapping[str, Sequence[str]], fixed: Mapping[str, str]) -> list[dict[str, str]]:
    """The options of each cell: one of each list of the grid, the last list changing fastest, and what is fixed.

    Raises OptionError for an option that is in both, and for too many cells.
    """
    for name in grid:
        if name in fixed:
            raise OptionError(f"Option {name} was given to both --grid and --set.", "Leave one of them out.")
    count = math.prod(map(len, grid.values()))
    if count > MOST:
        raise OptionError(f"This grid has {count} cells, and {MOST} are the most.", "Leave some values out.")
    return [{**dict(zip(grid, values, strict=True)), **fixed} for values in itertools.product(*grid.values())]


def settings(variant: Variant, cells: Iterable[Mapping[str, str]]) -> list[Setting]:
    """Each cell of a variant with its label, such as ``loss=hinge norm=none``.

    A label has the values as they are read and not as they were written, ``0.001`` for ``1e-3``, so that equal work
    has one. Raises UnknownName or OptionError for a bad option, and for two cells that are the same.
    """
    found = [Setting(_label(variant, options), dict(options)) for options in cells]
    labels = [each.label for each in found]
    for label in labels:
        if labels.count(label) > 1:
            raise OptionError(f"--grid has the cell '{label}' twice.", "Leave out values that are the same.")
    return found


def _label(variant: Variant, options: Mapping[str, str]) -> str:
    values = values_of(variant.options, options, owner=variant.name)
    return " ".join(f"{name}={shown(value)}" for name, value in values.items())


def shown(value: Any) -> str:
    """An option's value as a word of a label: what might be taken for several words stands in quotes, as in JSON."""
    text = str(value)
    if isinstance(value, bool):
        text = text.lower()
    elif isinstance(value, float):
        text = text.removesuffix(".0")
    return text if _WORD.fullmatch(text) else json_text(msgspec.json.encode(text).decode())


def require_trainable_cells(zoo: Zoo, registry: Registry, jobs: Sequence[Job]) -> None:
    """Raise UsageError, with the reasons, where options that were given or a plugin's ``validate`` refuse a cell.

    What is wrong with a recipe, a plugin or data is left to the workers, and is a row.
    """
    spec_of = functools.cache(functools.partial(_spec_of, zoo))
    cells = {(job.name, job.dataset): job for job in jobs if job.variant != REAL}
    found = {cell: why for cell, job in cells.items() if (why := _refusal(zoo, registry, job, spec_of))}
    if not found:
        return
    reasons = [f"{name} on {dataset}: {why.removesuffix('.')}" for (name, dataset), why in found.items()]
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    count = "1 cell" if len(found) == 1 else f"{len(found)} cells"
    raise UsageError(
        f"{count} of {len(cells)} cannot be trained: {'; '.join(reasons[:NAMED])}{more}.",
        "Nothing was trained. Leave them out, or set other options.",
    )


def _refusal(zoo: Zoo, registry: Registry, job: Job, spec_of: Any) -> str:
    """Why a cell cannot be trained; "" where it can, and where its worker will say what is wrong."""
    recipe = registry.recipe_options(job.variant, job.dataset, job.quick)
    try:
        plugin = zoo.load(job.variant)
        try:
            options = resolve(plugin.variant.options, recipe, job.options, owner=job.variant)
            file_hashes(options, owner=job.variant)
        except UsageError as error:
            return error.message if job.options else ""
        return _answer(plugin, options, spec_of(job.dataset, job.data_dir)) if plugin.validates else ""
    except Exception:  # noqa: BLE001 - foreign code, damaged files: the worker of the job says what is wrong
        return ""


def _answer(plugin: Plugin, options: Any, data: DataSpec) -> str:
    require_compatible(plugin.variant, options, data)
    return plugin.validate(options, data)


def _spec_of(zoo: Zoo, dataset: str, data_dir: str | None) -> DataSpec:
    from ganzoo import api

    return api.dataset(dataset, data_dir, zoo=zoo).spec
