"""One rule for names that come from outside: of variants, datasets, extractors, metrics, observers, profiles, commands.

Such a name is a key of tables, a word of the command line and often a folder or a file. What people call their files
and classes is no name but text: it may be anything, and is escaped where it is put out (``ganzoo.escaping``).
"""

from __future__ import annotations

import re
from pathlib import Path

from ganzoo.errors import StoreError
from ganzoo.escaping import one_line

LONGEST = 64
RULE = (
    f"A name is up to {LONGEST} letters, digits and '.', '_', '+' or '-' of ASCII, and begins with a letter or digit."
)
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._+-]{{0,{LONGEST - 1}}}")
_KEPT = {"real": "it is what leaderboards call the data themselves"}


def is_name(text: str) -> bool:
    """Whether a text keeps to the rule."""
    return _NAME.fullmatch(text) is not None


def fault(name: str) -> str:
    """Why a name is none, as the end of a sentence; "" for one that keeps to the rule. The name is shown as it is."""
    if is_name(name):
        return ""
    if not name:
        return "its name is empty"
    shown = one_line(name)
    return f"'{shown if len(shown) <= LONGEST else shown[:LONGEST] + '…'}' is no name"


def variant_fault(name: str) -> str:
    """Like ``fault``, for a variant, which may not be called as leaderboards call the data."""
    return fault(name) or (f"'{name}' cannot name a variant: {_KEPT[name]}" if name in _KEPT else "")


def below(root: Path, *parts: str) -> Path:
    """The path of folders, the last perhaps a file, one below the other. Raises StoreError for one that leads away."""
    if "\0" in str(root):
        raise StoreError(f"'{one_line(str(root))}' has a NUL character, and no folder has one.", "Name another one.")
    for part in parts:
        if part in ("", ".", "..") or set(part) & {"/", "\\", "\0"}:
            raise StoreError(f"'{one_line(part)}' cannot be a folder below {root}.", RULE)
    return root.joinpath(*parts)
