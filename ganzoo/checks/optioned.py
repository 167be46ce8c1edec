"""What is wrong with a variant's options, one phrase each."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.checks.toys import unwrapped
from ganzoo.errors import GanzooError, OptionError, UnknownName
from ganzoo.options import Options, explain, resolve
from ganzoo.plugin.compatibility import latent_spec
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.types import Variant

_WORDS = ("str", "file")
_SETTABLE = ("int", "float", "bool", "choice", *_WORDS)


def option_faults(variant: Variant) -> list[str]:
    """Types, defaults, help, and what must be refused."""
    options: Any = variant.options
    if not (isinstance(options, type) and issubclass(options, Options)):
        return ["options is no subclass of ganzoo.Options"]
    try:
        faults = [fault for field in msgspec.structs.fields(options) for fault in _field_faults(options, field)]
    except (TypeError, NameError, ValueError) as error:
        return [f"its options cannot be read: {' '.join(str(error).split())}"]
    if not faults and _accepts(options, "no_such_option_of_this_variant", 1):
        faults.append("an option that there is not is accepted")
    return faults or _size_faults(variant, options)


def _field_faults(options: type[Options], field: msgspec.structs.FieldInfo) -> Iterator[str]:
    name = field.name
    if field.default is msgspec.NODEFAULT:
        yield f"option {name} has no default"
        return
    (info,) = [each for each in explain(options) if each.name == name]
    if not info.help.strip():
        yield f"option {name} has no help"
    if info.type not in _SETTABLE:
        yield f"option {name} is of the type {info.type}, which is none that --set can give"
    elif not _accepts(options, name, field.default) or (info.type == "bool") != isinstance(field.default, bool):
        yield f"the default {field.default!r} of {name} is none that it accepts"
    elif info.type not in _WORDS and _accepts(options, name, "no such value"):
        yield f"option {name} accepts any words"


def _accepts(options: type[Options], name: str, value: object) -> bool:
    try:
        resolve(options, {name: value}, owner="the variant")
    except (OptionError, UnknownName):
        return False
    return True


def _size_faults(variant: Variant, options: type[Options]) -> list[str]:
    data = DataSpec(name="toy", kind="image", shape=(1, 8, 8), classes=3)
    try:
        latent_spec(variant, options(), data)
    except (GanzooError, TypeError) as error:
        return [f"the sizes of its inputs cannot be resolved: {error}"]
    return []


def range_faults(options: type[Options]) -> list[str]:
    """Numbers that are accepted and should not be."""
    found = []
    hints = typing.get_type_hints(options, include_extras=True)
    for field in msgspec.structs.fields(options):
        bare, *metas = unwrapped(hints[field.name])
        if bare not in (int, float):
            continue
        beyond = [value for meta in metas for value in _beyond(meta)]
        found += [f"{field.name}={value:g} is accepted" for value in beyond if _accepts(options, field.name, value)]
        if not beyond:
            found.append(f"any number is accepted as {field.name}")
    return found


def _beyond(meta: Any) -> list[float]:
    """A value just outside of each bound."""
    moves = {"ge": -1, "gt": 0, "le": 1, "lt": 0}
    bounds = {key: getattr(meta, key, None) for key in moves}
    return [bound + moves[key] for key, bound in bounds.items() if bound is not None]
