"""A file of arrays, read one by one; what is damaged becomes one sentence, and nothing is unpickled."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.errors import DataError

if TYPE_CHECKING:
    from ganzoo.types import Array

# What NumPy was seen to raise on damaged archives; TokenError and SyntaxError come from its parsing of headers.
_UNREADABLE = (
    *(OSError, ValueError, TypeError, EOFError, KeyError, RuntimeError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
_HINT = "Save plain arrays with numpy.savez(file, name=array)."


_ONLY = "arr_0"
"""The key under which numpy.savez puts an array without a name: that of the one array of an .npy file."""


def _single(path: Path) -> bool:
    return path.suffix.lower() == ".npy"


def called(path: Path, key: str) -> str:
    """What messages call an array."""
    return str(path) if _single(path) else f"'{key}' of {path}"


class Archive:
    """An .npz file open for reading: ``keys`` says what there is. An .npy file is one with the key ``arr_0``.

    Raises DataError for a file that is missing or neither.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise DataError(f"There is no file {path}.", "Name an .npz or .npy file.")
        with ExitStack() as stack:
            try:
                # NumPy does not close a file that it opened itself and cannot read.
                opened: Any = np.load(stack.enter_context(path.open("rb")), allow_pickle=False)
                if isinstance(opened, np.lib.npyio.NpzFile) == _single(path):
                    raise ValueError("an archive of arrays" if _single(path) else "a single array, no archive")
            except _UNREADABLE as error:
                form = ".npy" if _single(path) else ".npz"
                raise DataError(f"{path} cannot be read as {form} ({_cause(error)}).", _HINT) from error
            self._stack = stack.pop_all()
        self._opened: Mapping[str, Any] = {_ONLY: opened} if _single(path) else opened
        self.keys = set(self._opened)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def read(self, key: str) -> Array:
        """Return one array."""
        if key not in self.keys:
            keys = ", ".join(sorted(self.keys)) or "none"
            raise DataError(f"{self.path} has no '{key}'; its keys: {keys}.")
        try:
            array = self._opened[key]
        except _UNREADABLE as error:
            raise DataError(f"{called(self.path, key)} is damaged ({_cause(error)}).", _HINT) from error
        if not isinstance(array, np.ndarray):
            raise DataError(f"{called(self.path, key)} is no array.", _HINT)
        return array


def _cause(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
