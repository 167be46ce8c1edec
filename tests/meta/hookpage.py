"""docs/plugins/hooks.md, made from the hookspecs and the objects that cross them.

python tests/meta/hookpage.py docs/plugins/hooks.md
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

import ganzoo
from ganzoo.plugin.hookspecs import COMMANDS, EXTENSIONS, VARIANTS, ExtensionSpec, VariantSpec

STRUCTS = (
    "Variant",
    "Report",
    "Facts",
    "Inputs",
    "DataSpec",
    "LatentSpec",
    "Source",
    "ExtractorSource",
    "Metric",
    "Profile",
    "ObserverSource",
    "Estimate",
)
PROTOCOLS = ("TrainRun", "MeasureRun", "TrainData", "Checkpointable", "RunObserver")

_HEAD = f"""# The hooks

Plugin API {ganzoo.API_VERSION}. This page is made from `ganzoo/plugin/hookspecs.py` and the classes named; a test holds
it to them. A hook is a function marked with `@ganzoo.hookimpl` in the module that an entry point names. It may leave
out parameters that it does not use, and has no others.
"""
_VARIANT = f"""## A variant: `{VARIANTS}`

The entry point's name is the variant's name, its object a light module: frameworks are imported inside the hooks.
`describe`, `train`, `sample` and `export` are needed. All are called on one plugin alone.
"""
_EXTENSION = f"""## An extension: `{EXTENSIONS}`

A module with any of these hooks; the entry point's name is its distribution's own affair. Examples of each are in
[extensions.md](extensions.md).
"""
_COMMAND = f"""## A command: `{COMMANDS}`

The entry point's name is the command's name, its object a `click.Command`. There is no hook for commands: the help
names every command from the entry points, without importing anybody's module, and a command that one needs to recover
from a broken plugin must load none. ganzoo's own commands are found and loaded by the same function, and are nobody's
to replace.
"""
_OBJECTS = """## What crosses the hooks

Objects and not long lists of arguments, so that a new field breaks nobody. All are public names of `ganzoo`.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD, _VARIANT, *_hooks(VariantSpec), _EXTENSION, *_hooks(ExtensionSpec), _COMMAND, _OBJECTS]
    parts += [_struct(name) for name in STRUCTS]
    parts += [_protocol(name) for name in PROTOCOLS]
    return "\n".join(parts)


def hooks(spec: type) -> dict[str, Any]:
    """The hooks of a specification by name, in its order."""
    return {name: function for name, function in vars(spec).items() if inspect.isfunction(function)}


def signature(function: Any) -> str:
    """``name(parameter: type) -> type`` as it is declared, without ``self``."""
    declared = inspect.signature(function)
    own = [parameter for parameter in declared.parameters.values() if parameter.name != "self"]
    text = f"{function.__name__}{declared.replace(parameters=own)}"
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)  # annotations are strings


def _hooks(spec: type) -> list[str]:
    return [f"### `{signature(function)}`\n\n{_text(function)}\n" for function in hooks(spec).values()]


def _text(thing: Any) -> str:
    return _markdown(inspect.getdoc(thing) or "")


def _markdown(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _struct(name: str) -> str:
    kind = getattr(ganzoo, name)
    hints = {field.name: field for field in msgspec.structs.fields(kind)}
    declared = _annotations(kind)
    rows = [f"| `{field}` | `{_cell(declared[field])}` | {_default(hints[field])} |" for field in hints]
    return "\n".join(
        [f"### `ganzoo.{name}`\n", f"{_text(kind)}\n", "| field | type | default |", "|---|---|---|", *rows, ""]
    )


def _annotations(kind: type) -> dict[str, str]:
    """The fields' types as they are written in the source."""
    return {
        name: str(text)
        for base in reversed(kind.__mro__)
        for name, text in vars(base).get("__annotations__", {}).items()
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(field: Any) -> str:
    if field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT:
        return "–"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    shown = f"ganzoo.{type(value).__name__}()" if isinstance(value, msgspec.Struct) else _python(value)
    return f"`{shown}`"


def _python(value: Any) -> str:
    """As the formatter would write it."""
    text = repr(value)
    return text if '"' in text else text.replace("'", '"')


def _protocol(name: str) -> str:
    kind = getattr(ganzoo, name)
    lines = [f"### `ganzoo.{name}`\n", f"{_text(kind)}\n"]
    lines += [f"- `{field}: {text}`" for field, text in _annotations(kind).items() if not field.startswith("_")]
    for member, value in vars(kind).items():
        function = value.fget if isinstance(value, property) else value
        if member.startswith("_") or not inspect.isfunction(function):
            continue
        shown = (
            f"{member}: {inspect.signature(function).return_annotation}"
            if isinstance(value, property)
            else signature(function)
        )
        lines.append(f"- `{shown}`: {' '.join(_text(function).split())}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
