"""Where files of the user's own lie, and writing so that a reader sees the old content or the new, never half.

What was written is on the disk once the call returns: after a power cut, too, a file has its old content or the new.
"""

from __future__ import annotations

import errno
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ganzoo.errors import StoreError

LOCK = ".lock"
STALE_SECONDS = 86_400.0
"""Age at which a temporary file that nobody's lock speaks for is taken for one whose writer died."""
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp", re.DOTALL)
_NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}


def cache_root() -> Path:
    """The user's cache of ganzoo: $GANZOO_CACHE, or the platform's usual place."""
    given = os.environ.get("GANZOO_CACHE")
    if given:
        return expanded(given)
    import platformdirs

    return Path(platformdirs.user_cache_dir("ganzoo"))


def config_root() -> Path:
    """The user's settings of ganzoo: $GANZOO_CONFIG, or the platform's usual place."""
    given = os.environ.get("GANZOO_CONFIG")
    if given:
        return expanded(given)
    import platformdirs

    return Path(platformdirs.user_config_dir("ganzoo"))


def expanded(path: str | Path) -> Path:
    """The path with ``~`` as the home folder; as it is where there is no such user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def exists(path: Path) -> bool:
    """Whether there is a file or folder; False for what can be no name of one."""
    try:
        return path.exists()
    except OSError:
        return False


def readable(name: str) -> str:
    r"""A name that may not be UTF-8, as text that can be written anywhere: ``b"bad\xff"`` becomes ``bad\udcff``."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def named_by(text: str) -> str:
    """The name that ``readable`` made a text of."""
    return re.sub(r"\\udc[89a-f][0-9a-f]", lambda found: chr(int(found.group()[2:], 16)), text)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder from reading to writing; waits for another process that has it, not for one that died.

    Temporary files that a dead process left there are removed. Raises StoreError, which calls the folder ``what``,
    where it cannot be used.
    """
    import filelock

    held = filelock.FileLock(folder / LOCK)
    try:
        make_folder(folder)
        held.acquire()
    except OSError as error:
        raise StoreError(f"Cannot use the {what} {folder}: {error.strerror or error}.") from error
    try:
        sweep(folder)
        yield
    finally:
        held.release()


def make_folder(path: Path) -> None:
    """Make a folder and those above it, on the disk, too. Raises OSError."""
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync_folder(path.parent)


def replace(source: Path, target: Path) -> None:
    """Rename a file whose content is on the disk over another one, on the disk, too. Raises OSError."""
    source.replace(target)
    _sync_folder(target.parent)


def sweep(folder: Path, *, name: str = "", before: float = math.inf) -> None:
    """Remove temporary files of writers that died: all of a folder, or those of one target last written ``before``.

    The caller holds the folder's lock, or gives a time that no writer lives to see.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _TEMPORARY.fullmatch(entry.name)
            if found and name in ("", found[1]) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if entry.stat().st_mtime < before:
                        Path(entry.path).unlink()


def write_bytes(path: Path, content: bytes, *, before: Path | None = None) -> None:
    """Write beside ``path``, sync and rename; a file that is there keeps its mode, a new one has that of the umask.

    With ``before`` the file that is there is kept under that name. Raises StoreError (no space, no permission) and
    leaves the old file alone.
    """
    temporary = None
    try:
        make_folder(path.parent)
        with _beside(path) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        if before is not None and path.is_file():
            path.replace(before)
        replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise StoreError(
            f"Cannot write {path}: {error.strerror or error}.", "Nothing already there was changed."
        ) from error
    with suppress(OSError):
        sweep(path.parent, name=path.name, before=path.stat().st_mtime - STALE_SECONDS)


def _beside(path: Path) -> BinaryIO:
    """A new file for what is to become ``path``, under a name that ``sweep`` knows."""
    while True:
        with suppress(FileExistsError):
            return _hidden(path).open("xb")


def as_new(path: Path) -> None:
    """Give a file that another program made the mode that the umask gives a new one. Raises OSError."""
    with _beside(path) as probe:
        mode = stat.S_IMODE(os.fstat(probe.fileno()).st_mode)
    Path(probe.name).unlink()
    path.chmod(mode)


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")


def _sync_folder(path: Path) -> None:
    """Have a folder's entries on the disk; some file systems, and Windows, know no such thing."""
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


@contextmanager
def new_folder(path: Path, *, parents: bool = False) -> Iterator[Path]:
    """Yield an empty folder that becomes ``path`` once all is written, and is removed where something fails.

    ``path`` may be there if it is empty; folders above it are made with ``parents``. Its files are not synced: what is
    written here can be made again. Raises StoreError (no space, no permission).
    """
    import shutil

    made = _hidden(path)
    try:
        if parents:
            make_folder(path.parent)
        made.mkdir()
        yield made
        if path.is_dir():
            path.rmdir()  # refuses a folder that something was put into meanwhile
        made.replace(path)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.", "Nothing was written.") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, whole or not at all."""
    write_bytes(path, text.encode())


def sha256(path: Path) -> str:
    """The hex digest of a file's content."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
