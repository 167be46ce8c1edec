"""Where data files are: the data directory, then the user's cache, then a download with a published checksum."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ganzoo.errors import DataError
from ganzoo.files import as_new, cache_root, exists


def cache_dir() -> Path:
    """The user's data cache: ``data`` under $GANZOO_CACHE, or under the platform's cache folder of ganzoo."""
    return cache_root() / "data"


def search_folders(data_dir: Path | None, folders: Sequence[str]) -> list[Path]:
    """Folders to look into, first to last: in the data directory and then in the cache, ``folders`` before the root."""
    roots = [data_dir] if data_dir is not None else []
    roots.append(cache_dir())
    return [root / folder for root in roots for folder in (*folders, ".")]


def find(names: Iterable[str], folders: Iterable[Path]) -> Path | None:
    """The first of ``names`` that exists (file or folder) in the first folder that has any of them."""
    names = tuple(names)
    for folder in folders:
        for name in names:
            if exists(folder / name):
                return folder / name
    return None


def download(name: str, md5: str, mirrors: Sequence[str], dataset: str, wanted: Sequence[str]) -> Path:
    """Fetch ``name`` from the first mirror that gives the published md5 into the cache; return its path.

    Raises DataError, with all the files that are ``wanted`` and where to put them, when no mirror answers.
    """
    import filelock
    import pooch

    folder = cache_dir() / dataset
    cause: Exception | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".download.lock"):
            for mirror in mirrors:
                try:
                    fetched = Path(pooch.retrieve(mirror + name, known_hash=f"md5:{md5}", fname=name, path=folder))
                    as_new(fetched)  # pooch leaves it to its user alone
                    return fetched
                except (OSError, ValueError) as error:
                    cause = error
    except OSError as error:
        cause = error
    raise DataError(
        f"The file {name} of {dataset} was found neither in --data-dir nor in {folder}, "
        f"and it could not be downloaded ({_reason(cause)}).",
        f"Put {', '.join(wanted)} into {folder}, or name the folder that has them with --data-dir.",
    ) from cause


def _reason(cause: Exception | None) -> str:
    return "its checksum is not the published one" if isinstance(cause, ValueError) else type(cause).__name__


def read_file(path: Path, limit: int) -> bytes:
    """Content of a plain or gzip file, told apart by its first bytes and not by its name.

    Raises DataError for an unreadable or corrupt file and for one of more than ``limit`` bytes of content.
    """
    try:
        with path.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"The file {path} cannot be read ({type(error).__name__}: {error}).",
            "It may be damaged or cut short: delete it or put a good copy in its place.",
        ) from error
    if len(content) > limit:
        raise DataError(
            f"The file {path} has more than the {limit} bytes expected of it.", "Put the published file in its place."
        )
    return content


_OPENERS: dict[bytes, Callable[[Path], Any]] = {b"\x1f\x8b": gzip.open, b"BZ": bz2.open}
"""By a file's first two bytes."""


class _Bounded(io.RawIOBase):
    """A stream to read from that ends in an OSError beyond ``most`` bytes, as what is packed may be without end."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._most = most

    def read(self, size: int = -1) -> bytes:
        """As of any stream."""
        self._check(self._stream.tell() + max(size, 0))
        return self._stream.read(self._most if size < 0 else size)

    def seek(self, place: int, whence: int = 0) -> int:
        """From the beginning alone."""
        self._check(place)
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        """As of any stream."""
        return self._stream.tell()

    def _check(self, end: int) -> None:
        if end > self._most:
            raise OSError(f"it holds more than {self._most} bytes")


@contextmanager
def unpacked(path: Path, most: int) -> Iterator[IO[bytes]]:
    """Open a plain, gzip or bzip2 file to read its content, of which ``most`` bytes can be read.

    Reading raises OSError beyond them, and what the packers raise for a damaged file.
    """
    with path.open("rb") as stream:
        opener = _OPENERS.get(stream.read(2))
    with opener(path) if opener else path.open("rb") as content:
        yield _Bounded(content, most)  # type: ignore[misc]  # it has what is needed of a stream of bytes
