"""TOML files that come with ganzoo and that a user may replace: the registry, and the numbers in print."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from ganzoo.errors import RegistryError

T = TypeVar("T")


def decoded(text: str, where: str, kind: type[T], what: str) -> T:
    """The text of such a file as a ``kind``. Raises RegistryError with the path of the offending key.

    ``where`` is the file and ``what`` it is, as the error calls them.
    """
    try:
        return msgspec.toml.decode(text, type=kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        key = path.strip("`").removeprefix("$").removeprefix(".") or "the top level"
        raise RegistryError(
            f"{where} is not a valid {what}: {reason} at '{key}'.", "Compare it with the packaged one."
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:  # the second, of lists within lists without end
        raise RegistryError(f"{where} is not valid TOML: {error}.") from error


def found(name: str, what: str, path: Path | None = None) -> tuple[str, str]:
    """The text and the path of the file given, else of ``./name``, else of the packaged one. Raises RegistryError."""
    chosen = path or next((each for each in (Path(name), *_packaged(name)) if each.is_file()), None)
    if chosen is None:
        raise RegistryError(f"ganzoo's own {name} is missing.", "Reinstall ganzoo.")
    try:
        return chosen.read_text("utf-8"), str(chosen)
    except (OSError, ValueError) as error:  # bytes that are no UTF-8, a path that can be none
        raise RegistryError(f"Cannot read the {what} {chosen}: {error}.") from error


def _packaged(name: str) -> tuple[Path, Path]:
    """Inside the wheel, and beside the package in a source checkout."""
    here = Path(__file__).resolve().parent
    return here / name, here.parent / name
