"""Typed options: declared once by a plugin, they give ``--set``, help, validation and the row.

A plugin writes::

    class MyOptions(ganzoo.Options):
        steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 2000
        loss: Annotated[Literal["non-saturating", "minimax"], ganzoo.option("G's loss")] = "non-saturating"
"""

from __future__ import annotations

import math
import os.path
import typing
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ganzoo.errors import OptionError, UnknownName


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every plugin's options; every field needs a default."""


def option(
    help: str,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    file: bool = False,
) -> msgspec.Meta:
    """Describe one option: its help and, where it has them, the bounds ≥, >, ≤, <.

    ``file=True`` is for str: the string names a file, whose content then identifies the run; an empty one is no file,
    and a leading ``~`` is the home folder.
    """
    given = {"ge": ge, "gt": gt, "le": le, "lt": lt}
    bounds: Any = {name: bound for name, bound in given.items() if bound is not None}
    meta: msgspec.Meta = msgspec.Meta(description=help, extra={"file": True} if file else None, **bounds)
    return meta


class OptionInfo(msgspec.Struct, frozen=True):
    """One option as ``ganzoo info`` prints it."""

    name: str
    type: str
    default: Any
    range: str
    help: str


_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def explain(options: type[Options]) -> list[OptionInfo]:
    """List the options of a class in the order they were declared."""
    hints = typing.get_type_hints(options, include_extras=True)
    return [_explain_field(field.name, hints[field.name], field.default) for field in msgspec.structs.fields(options)]


def _explain_field(name: str, hint: Any, default: Any) -> OptionInfo:
    bare, *metas = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)
    choices = typing.get_args(bare) if typing.get_origin(bare) is typing.Literal else ()
    parts = [" | ".join(map(str, choices))] if choices else []
    help_text = ""
    for meta in metas:
        if isinstance(meta, msgspec.Meta):
            help_text = meta.description or help_text
            parts += [
                f"{sign} {getattr(meta, key):g}" for key, sign in _SIGNS.items() if getattr(meta, key) is not None
            ]
    if _names_file(metas) and bare is not str:
        raise TypeError(f"option {name} has file=True, which is for str, but its type is {bare}")
    kind = "choice" if choices else "file" if _names_file(metas) else getattr(bare, "__name__", str(bare))
    return OptionInfo(name, kind, default, ", ".join(parts), help_text)


def _names_file(metas: Iterable[Any]) -> bool:
    return any(isinstance(meta, msgspec.Meta) and bool((meta.extra or {}).get("file")) for meta in metas)


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """Turn ``name=value`` words into a mapping; the last of two equal names wins.

    Raises OptionError for a word without ``=`` or without a name.
    """
    parsed = {}
    for word in assignments:
        name, sign, value = word.partition("=")
        if not sign or not name.strip():
            raise OptionError(f"--set takes name=value, but '{word}' was given.", "Write it as --set steps=3000.")
        parsed[name.strip()] = value.strip()
    return parsed


def resolve(options: type[Options], *layers: Mapping[str, Any], owner: str) -> Options:
    """Build an options object from layers of values, later layers winning.

    Strings are converted to the declared type ("false" is False, never true), ranges are checked.
    Raises UnknownName for an undeclared option, OptionError for a bad value and for values that do not go together:
    the class says so in its ``__post_init__`` by a ValueError with a sentence.
    """
    merged = values_of(options, {name: value for layer in layers for name, value in layer.items()}, owner=owner)
    for name in file_names(options):
        if merged.get(name, "").startswith("~"):
            merged[name] = os.path.expanduser(merged[name])  # noqa: PTH111 - Path raises where there is no such user
    try:
        return msgspec.convert(merged, options, strict=False)
    except msgspec.ValidationError as error:  # each value was good alone
        reason = " ".join(str(error).split()).removesuffix(".")
        raise OptionError(
            f"These options of {owner} do not go together: {reason}.", f"'ganzoo info {owner}' shows them."
        ) from error


def values_of(options: type[Options], given: Mapping[str, Any], *, owner: str) -> dict[str, Any]:
    """Each value as its declared type and within its bounds, in the order given, without what is said of several.

    Raises UnknownName for an undeclared option and OptionError for a bad value.
    """
    known, hints = options.__struct_fields__, typing.get_type_hints(options, include_extras=True)
    for name in given:
        if name not in known:
            raise UnknownName(f"option of {owner}", name, known, f"See 'ganzoo info {owner}'.")
    return {name: _value(options, name, hints[name], value, owner) for name, value in given.items()}


def file_names(options: type[Options]) -> list[str]:
    """The options that name files."""
    return [info.name for info in explain(options) if info.type == "file"]


def _value(options: type[Options], name: str, hint: Any, value: Any, owner: str) -> Any:
    try:
        converted = msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as error:
        info = next(item for item in explain(options) if item.name == name)
        wanted = f"{info.type} {info.range}".strip()
        reason = str(error).split(" - at ")[0]
        raise OptionError(
            f"Option {name}={value!s} of {owner} is not valid ({reason}).", f"It takes: {wanted}."
        ) from error
    _require_finite(name, converted, owner)
    return converted


def _require_finite(name: str, value: Any, owner: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise OptionError(f"Option {name}={value} of {owner} is not valid.", "It takes a finite number.")


def as_dict(options: Options) -> dict[str, Any]:
    """Every option with its resolved value."""
    return {name: getattr(options, name) for name in options.__struct_fields__}


def content_hash(value: Any) -> str:
    """Twelve hex digits that depend on the JSON content of ``value`` alone, not on key order."""
    import hashlib

    canonical = msgspec.json.encode(value, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]
