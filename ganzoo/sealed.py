"""JSON files that carry the hash of what they say: a value that was changed later, by whom or what ever, is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from ganzoo.errors import Damaged
from ganzoo.files import write_bytes

SEAL = "seal"
"""The key that holds the hash; files of version 0.1 have none and are taken as they are."""
LARGEST = 64 << 20
"""Bytes of a file that is still read; ganzoo's own have some thousands."""
_BROKEN = "it does not say what was written: its seal, the hash of its content, is another"
T = TypeVar("T")


def seal_of(content: dict[str, Any]) -> str:
    """The sha256 of an object's canonical JSON, without its seal."""
    import hashlib

    import msgspec

    rest = {key: value for key, value in content.items() if key != SEAL}
    return hashlib.sha256(msgspec.json.encode(rest, order="deterministic")).hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Write an object as indented JSON with sorted keys and its seal, whole or not at all. Raises StoreError."""
    import msgspec

    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    sealed = {**content, SEAL: seal_of(content)}
    write_bytes(path, msgspec.json.format(msgspec.json.encode(sealed, order="sorted")) + b"\n")


def read_json(path: Path, kind: type[T]) -> T:
    """Read what ``write_json`` wrote. Raises OSError where there is none, Damaged where it says another thing."""
    import msgspec

    try:
        content = msgspec.json.decode(_content(path))
        value = msgspec.convert(content, kind)
    except (ValueError, RecursionError) as error:  # that of msgspec and of text that is not UTF-8 are ValueErrors
        raise Damaged(path, str(error).rstrip(".")) from error
    if isinstance(content, dict) and content.get(SEAL, "") not in ("", seal_of(content)):
        raise Damaged(path, _BROKEN)
    return value


def read_texts(path: Path) -> dict[str, Any]:
    """Read an object of texts, lists and objects of them that ``write_json`` wrote; raises as ``read_json``.

    For listings, which are quicker without msgspec. Of texts Python's own JSON has the same canonical form; numbers it
    writes in another way, so that an object with some would be taken for a damaged one.
    """
    import hashlib
    import json

    try:
        content = json.loads(_content(path))
        rest = {key: value for key, value in content.items() if key != SEAL}
        canonical = json.dumps(rest, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    except (ValueError, RecursionError, AttributeError) as error:
        raise Damaged(path, str(error).rstrip(".")) from error
    if content.get(SEAL) != hashlib.sha256(canonical).hexdigest():
        raise Damaged(path, _BROKEN)
    return rest


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST:
        raise Damaged(path, f"it has {size:,} bytes, and none that ganzoo wrote has more than {LARGEST:,}")
    return path.read_bytes()


def has_seal(path: Path) -> bool:
    """Whether a file that can be read has a seal at all."""
    import msgspec

    content = msgspec.json.decode(path.read_bytes())
    return isinstance(content, dict) and bool(content.get(SEAL))
