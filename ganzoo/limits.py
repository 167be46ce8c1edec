"""What one file from outside may take in memory, said once: whoever reads a file asks before making anything of it.

A file's header may declare any size, and a compressed file may grow a thousandfold. Honest sets that are scored fit the
default: 50,000 colour images of 64×64 take 0.6 GB, 100,000 features of Inception 0.8 GB. What needs more is told how to
allow it, rather than have the machine run out of memory in the middle. It bounds what a file holds; working on it takes
two to three times as much. What is read in parts, like the images of a folder that is scored, counts in parts.
"""

from __future__ import annotations

import os
import re

from ganzoo.errors import GanzooError, UsageError

VARIABLE = "GANZOO_MAX_BYTES"
"""The environment variable that holds another limit: a number of bytes, or one with a unit, as in 8GB or 1.5GiB."""
DEFAULT = 2 << 30
PIXEL_BYTES = 24
"""Bytes that a pixel of an image takes until it is scored: decoded, as bytes and as float32. The default limit allows
89 million pixels, beyond which Pillow, too, takes an image for an attack."""

_TEXT = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([KMGT])(I?B)?|B)?", re.IGNORECASE)
_POWERS = "KMGT"
_DAMAGED = 1 << 40
"""A file that declares more than this is not meant to be read."""


def most_bytes() -> int:
    """Bytes of memory that one file may take. Raises UsageError where the variable holds no such number."""
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return DEFAULT
    found = _TEXT.fullmatch(text)
    number = float(found[1]) if found else 0.0
    if not found or not 1 <= number < float("inf"):
        raise UsageError(f"{VARIABLE} is '{text}', which is no number of bytes.", f"Write for example {VARIABLE}=8GB.")
    if not found[2]:
        return int(number)
    base = 1000 if (found[3] or "").upper() == "B" else 1024
    return int(number * base ** (1 + _POWERS.index(found[2].upper())))


def check_size(need: int, what: str, error: type[GanzooError]) -> None:
    """Raise ``error`` where ``what``, the beginning of a sentence, would take more than the limit: ``need`` bytes."""
    most = most_bytes()
    if need <= most:
        return
    raise error(
        f"{what} would take {shown(need)} of memory, and one file may take {shown(most)}.",
        "It may be damaged: no usual file needs as much."
        if need > _DAMAGED
        else f"Set {VARIABLE}={-(-need // 10**9)}GB to allow it.",
    )


def shown(size: int) -> str:
    """Bytes for a sentence: 999 bytes, 3.2 GB."""
    if size < 10**3:
        return f"{size} bytes"
    power = min((len(str(size)) - 1) // 3, len(_POWERS))
    return f"{size / 1000**power:.3g} {_POWERS[power - 1].replace('K', 'k')}B" if size < 10**15 else "over 1000 TB"
