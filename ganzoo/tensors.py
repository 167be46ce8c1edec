"""Files of named arrays with the hash of their content: a state, a cached reference. Nothing is pickled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import Damaged
from ganzoo.files import write_bytes

if TYPE_CHECKING:
    from ganzoo.types import Array

DIGEST = "sha256"


def write_tensors(
    path: Path, arrays: Mapping[str, Array], about: Mapping[str, str], *, before: Path | None = None
) -> None:
    """Write arrays, and what is said of them, whole or not at all; ``before`` keeps the file that is there.

    Raises StoreError.
    """
    from safetensors.numpy import save

    given = {name: np.asarray(value, order="C") for name, value in arrays.items()}
    write_bytes(path, save(given, {**about, DIGEST: digest(given, about)}), before=before)


def read_tensors(path: Path, hint: str = "") -> tuple[dict[str, Array], dict[str, str]]:
    """Read what ``write_tensors`` wrote; files of version 0.1 have no hash and are taken as they are.

    Raises Damaged, with ``hint``, where it cannot be read or is not what was written.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            about: dict[str, str] = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, MemoryError) as error:
        raise Damaged(path, str(error).rstrip(".") or type(error).__name__, hint) from error
    if about.get(DIGEST, "") not in ("", digest(arrays, about)):
        raise Damaged(path, "its content is not what was written (the hash differs)", hint)
    return arrays, about


def digest(arrays: Mapping[str, Array], about: Mapping[str, str]) -> str:
    """The sha256 of arrays, by name, type, shape and bytes, and of what is said of them."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        value = arrays[name]
        found.update(f"{len(name)} {name} {value.dtype.str} {value.shape}\n".encode())
        found.update(np.ascontiguousarray(value).data)
    for name in sorted(set(about) - {DIGEST}):
        found.update(f"{name} {len(about[name])} {about[name]}\n".encode())
    return found.hexdigest()
