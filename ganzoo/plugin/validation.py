"""Is what ``describe()`` returned a description? Each field is checked, so that nothing later stumbles over a lie."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo import types
from ganzoo.columns import COLUMNS
from ganzoo.errors import GanzooError, PluginError
from ganzoo.escaping import one_line
from ganzoo.naming import fault
from ganzoo.options import Options, as_dict, explain, resolve
from ganzoo.types import Inputs, Report, Variant

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

_PLAIN = ("name", "backend", "summary", "paper", "takes", "sizes", "labelled", "role", "reports", "api")
_NESTED = ("facts", "inputs")
GUIDE = "docs/plugins/versions.md says what changed"


def check_variant(variant: Any, origin: Origin) -> list[str]:
    """Raise PluginError for a description that cannot be true; return sentences on what will not be taken for long."""
    who = f"Plugin {origin.name} ({origin})"
    if not isinstance(variant, Variant):
        raise PluginError(f"{who} described itself with {type(variant).__name__}, not ganzoo.Variant.")
    notes = _check_api(variant, who, origin)
    for problem in (*(_wrong_fields(variant) or _wrong_reports(variant)), *_wrong_options(variant)):
        raise PluginError(f"{who} describes itself wrongly: {problem}.", "See docs/plugins/hooks.md.")
    if variant.name != origin.name:
        raise PluginError(
            f"{who} calls itself '{variant.name}'.", "The entry point's name and the described name must agree."
        )
    return notes


def _check_api(variant: Variant, who: str, origin: Origin) -> list[str]:
    current = types.API_VERSION
    if not isinstance(variant.api, int) or variant.api < 1:
        raise PluginError(f"{who} names the plugin API {variant.api!r}.", f"Write api={current}.")
    if variant.api > current:
        raise PluginError(
            f"{who} was written for plugin API {variant.api}, but this ganzoo has {current}.",
            "Update ganzoo: pip install --upgrade ganzoo.",
        )
    if variant.api < current:
        return [
            f"{who} was written for plugin API {variant.api}; this ganzoo has {current} and its next minor release "
            f"may refuse the older one. Look for a newer {origin.distribution}; {GUIDE}."
        ]
    return []


def _wrong_fields(variant: Variant) -> list[str]:
    """The fields of a wrong type, and ranges that hold nothing."""
    found = []
    hints = typing.get_type_hints(Variant, include_extras=True)
    for name in (*_PLAIN, *_NESTED):
        value = getattr(variant, name)
        try:
            if name in _NESTED and not isinstance(value, hints[name]):
                raise msgspec.ValidationError(f"Expected `{hints[name].__name__}`, got `{type(value).__name__}`")
            msgspec.convert(msgspec.to_builtins(value), hints[name])
        except (TypeError, msgspec.ValidationError) as error:
            found.append(f"{name}={value!r} ({str(error).split(' - at ')[0]})")
    return found or _empty_ranges(variant)


def _empty_ranges(variant: Variant) -> list[str]:
    low, high = variant.sizes
    found = [] if 1 <= low <= high else [f"sizes={variant.sizes} is no range of image sides"]
    if not variant.takes:
        found.append("takes=() leaves nothing to train on")
    return found


def _wrong_reports(variant: Variant) -> Iterator[str]:
    """Own numbers that are none, or that a reader would take for something else."""
    seen: set[str] = set()
    for report in variant.reports:
        if not isinstance(report, Report):
            yield f"reports={variant.reports!r} holds {type(report).__name__}, not ganzoo.Report"
            return
        which = f"the number '{one_line(report.name)}' that it reports"
        if found := fault(report.name):
            yield f"a number that it reports cannot be called so: {found}"
        elif report.name in COLUMNS:
            yield f"{which} is called like a column of runs.csv"
        elif report.name in seen:
            yield f"{which} is declared twice"
        elif not report.help.strip() or len(report.help.splitlines()) > 1:
            yield f"{which} needs a help of one line"
        seen.add(report.name)


def _wrong_options(variant: Variant) -> list[str]:
    """Options without a default or with one out of its own range, and inputs that name none of the right type."""
    options: Any = variant.options
    if not (isinstance(options, type) and issubclass(options, Options)):
        return [f"options={options!r} is no subclass of ganzoo.Options"]
    try:
        explain(options)
        resolved = resolve(options, as_dict(options()), owner=variant.name)
    except (GanzooError, TypeError, NameError, ValueError) as error:
        return [f"its options do not work without being set ({error})"]
    found = []
    for name in Inputs.__struct_fields__:
        size = getattr(variant.inputs, name)
        if name in ("z", "categorical", "continuous", "noise"):
            value = getattr(resolved, size, None) if isinstance(size, str) else size
            if not isinstance(value, int) or value < (name == "z"):
                found.append(f"inputs.{name}={size!r} is neither a size nor an option with one")
    labels = variant.inputs.labels
    if isinstance(labels, str) and not isinstance(getattr(resolved, labels, None), bool):
        found.append(f"inputs.labels={labels!r} is neither true, false nor an option of yes or no")
    return found
