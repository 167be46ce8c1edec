"""Plugins that the user switched off: by name or by distribution, for good in a file or for once in the environment.

Nothing of a plugin that is switched off is imported, which is how one gets rid of a plugin that breaks on import.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import Disabled, UnknownName, UsageError
from ganzoo.files import config_root, write_text

if TYPE_CHECKING:
    from ganzoo.plugin.entry_points import Origin

VARIABLE = "GANZOO_DISABLE"
OURS = "ganzoo"


def settings_file() -> Path:
    """Where ``ganzoo plugins --disable`` keeps its names; under $GANZOO_CONFIG."""
    return config_root() / "plugins.json"


@dataclass(frozen=True)
class Switches:
    """The names that are off, by the two ways in which they can be."""

    stored: frozenset[str] = frozenset()
    environment: frozenset[str] = frozenset()

    @classmethod
    def current(cls) -> Switches:
        """What the file and $GANZOO_DISABLE say."""
        words = os.environ.get(VARIABLE, "").split(",")
        return cls(frozenset(_stored()), frozenset(_normal(word) for word in words if word.strip()))

    def off(self, origin: Origin) -> str:
        """What switched a plugin off: a file or a variable; empty for one that is on. ganzoo itself is always on."""
        names = {_normal(origin.name), _normal(origin.distribution)}
        if is_ours(origin):
            return ""
        if names & self.environment:
            return f"${VARIABLE}"
        return str(settings_file()) if names & self.stored else ""

    def refusal(self, kind: str, origin: Origin) -> Disabled:
        """The error for who asks for a plugin that is off."""
        names = {_normal(origin.name): origin.name, _normal(origin.distribution): origin.distribution}
        where = self.off(origin)
        chosen = next(shown for name, shown in names.items() if name in self.environment | self.stored)
        hint = f"Take '{chosen}' out of ${VARIABLE}." if where[0] == "$" else f"Run 'ganzoo plugins --enable {chosen}'."
        return Disabled(f"The {kind} '{origin.name}' ({origin}) is switched off by {where}.", hint)

    def unknown(self, origins: Iterable[Origin]) -> list[str]:
        """Names that are switched off and that nothing installed goes by."""
        known = {_normal(name) for origin in origins for name in (origin.name, origin.distribution)}
        return sorted((self.stored | self.environment) - known)


def is_ours(origin: Origin) -> bool:
    """Whether a plugin is ganzoo's own; that one is never switched off, pushed out or fenced in."""
    return _normal(origin.distribution) == OURS


def disable(name: str, origins: Iterable[Origin]) -> None:
    """Switch off what goes by ``name``. Raises UnknownName where nothing does, and UsageError for ganzoo itself."""
    known = list(origins)
    meant = [o for o in known if _normal(name) in (_normal(o.name), _normal(o.distribution))]
    if not meant:
        raise UnknownName("plugin", name, {word for o in known for word in (o.name, o.distribution)} - {OURS})
    if all(map(is_ours, meant)):
        raise UsageError(f"'{name}' is ganzoo's own and cannot be switched off.", "Name another plugin.")
    _write({*_stored(), _normal(name)})


def enable(name: str, origins: Iterable[Origin]) -> None:
    """Switch on again. Raises UnknownName for what is neither switched off nor installed."""
    stored = set(_stored())
    if _normal(name) not in stored | {_normal(word) for o in origins for word in (o.name, o.distribution)}:
        raise UnknownName("switched-off plugin", name, stored)
    _write(stored - {_normal(name)})


def _normal(name: str) -> str:
    """Distributions go by one name however its words are joined (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _stored() -> list[str]:
    try:
        names = json.loads(settings_file().read_bytes())["disabled"]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        # A command that one needs to recover must not stumble here.
        import logging

        logging.getLogger("ganzoo").warning("%s is damaged and was passed over.", settings_file())
        return []
    return [_normal(name) for name in names]


def _write(names: set[str]) -> None:
    write_text(settings_file(), json.dumps({"disabled": sorted(names)}, indent=2) + "\n")
