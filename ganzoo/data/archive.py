"""A file of arrays, read one by one; what is damaged becomes one sentence, and nothing is unpickled.

What an array would take is known by its header, and by the archive's directory. Both are looked at before it is read: a
file of 3 MB can hold 3 GB of zeros.
"""

from __future__ import annotations

import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np

from ganzoo.errors import DataError
from ganzoo.limits import check_size

if TYPE_CHECKING:
    from ganzoo.types import Array

# What NumPy was seen to raise on damaged archives; TokenError and SyntaxError come from its parsing of headers.
_UNREADABLE = (
    *(OSError, ValueError, TypeError, EOFError, KeyError, RuntimeError, MemoryError, SyntaxError, RecursionError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
_HINT = "Save plain arrays with numpy.savez(file, name=array)."
_LONGEST_HEADER = 1 << 16
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those of numpy.savez and numpy.savez_compressed; others take memory that no header tells."""

_ONLY = "arr_0"
"""The key under which numpy.savez puts an array without a name: that of the one array of an .npy file."""


def _single(path: Path) -> bool:
    return path.suffix.lower() == ".npy"


def called(path: Path, key: str) -> str:
    """What messages call an array."""
    return str(path) if _single(path) else f"'{key}' of {path}"


class Archive:
    """An .npz file open for reading: ``keys`` says what there is. An .npy file is one with the key ``arr_0``.

    Raises DataError for a file that is missing or neither, and here or on reading for more than a file may take.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken = 0
        if not path.is_file():
            raise DataError(f"There is no file {path}.", "Name an .npz or .npy file.")
        with ExitStack() as stack:
            try:
                # NumPy does not close a file that it opened itself and cannot read.
                stream = stack.enter_context(path.open("rb"))
                if _single(path):
                    self._afford(_ONLY, stream, path.stat().st_size)
                    stream.seek(0)
                opened: Any = np.load(stream, allow_pickle=False)
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
            if not _single(self.path):
                self._look_at(key)
            array = self._opened[key]
        except _UNREADABLE as error:
            raise DataError(f"{called(self.path, key)} is damaged ({_cause(error)}).", _HINT) from error
        if not isinstance(array, np.ndarray):
            raise DataError(f"{called(self.path, key)} is no array.", _HINT)
        return array

    def _look_at(self, key: str) -> None:
        """Hold an array of the archive to the limit, together with those read before."""
        archive = cast("zipfile.ZipFile", cast("np.lib.npyio.NpzFile", self._opened).zip)
        entry = archive.getinfo(key if key in archive.namelist() else f"{key}.npy")
        if entry.compress_type not in _COMPRESSIONS:
            raise ValueError("it is compressed in a way that NumPy does not write")
        with archive.open(entry) as stream:
            self._afford(key, stream, entry.file_size)

    def _afford(self, key: str, stream: IO[bytes], size: int) -> None:
        """Raise DataError where an array is too large by the header at the start of a stream of ``size`` bytes.

        Raises ValueError where the stream does not hold what its header declares.
        """
        found = _header(stream)
        if found is None and _single(self.path):
            return  # NumPy says what it is
        if found is None:
            raise ValueError("it holds no array")
        shape, dtype = found
        need, held = math.prod(shape) * dtype.itemsize, size - stream.tell()
        self._taken += need
        check_size(self._taken, f"{called(self.path, key)}, {dtype} {list(shape)},", DataError)
        if need != held and not dtype.hasobject:
            raise ValueError(f"its header declares {need} bytes, and it has {held}")


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]] | None:
    """Shape and dtype by the header of an .npy file; None where there is none."""
    magic = stream.read(np.lib.format.MAGIC_LEN)
    if not magic.startswith(np.lib.format.MAGIC_PREFIX) or len(magic) < np.lib.format.MAGIC_LEN:
        return None
    version = magic[-2]
    length = stream.read(2 if version == 1 else 4)
    if int.from_bytes(length, "little") > _LONGEST_HEADER:
        raise ValueError("its header is too long")
    header = io.BytesIO(length + stream.read(int.from_bytes(length, "little")))
    read = np.lib.format.read_array_header_1_0 if version == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(header)
    return shape, dtype


def _cause(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
