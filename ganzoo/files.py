"""Where files of the user's own lie, and writing so that a reader sees the old content or the new, never half."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.errors import StoreError

LOCK = ".lock"


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
    """Hold a folder from reading to writing; waits for another process that has it.

    Raises StoreError, which calls the folder ``what``, where it cannot be used.
    """
    import filelock

    held = filelock.FileLock(folder / LOCK)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except OSError as error:
        raise StoreError(f"Cannot use the {what} {folder}: {error.strerror or error}.") from error
    try:
        yield
    finally:
        held.release()


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside ``path`` and rename. Raises StoreError (no space, no permission) and leaves the old file alone."""
    import tempfile

    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise StoreError(
            f"Cannot write {path}: {error.strerror or error}.", "Nothing already there was changed."
        ) from error


@contextmanager
def new_folder(path: Path, *, parents: bool = False) -> Iterator[Path]:
    """Yield an empty folder that becomes ``path`` once all is written, and is removed where something fails.

    ``path`` may be there if it is empty; folders above it are made with ``parents``. Raises StoreError (no space, no
    permission).
    """
    import shutil
    import tempfile

    made = None
    try:
        if parents:
            path.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        yield made
        mask = os.umask(0)
        os.umask(mask)
        made.chmod(0o777 & ~mask)  # mkdtemp lets nobody else in
        if path.is_dir():
            path.rmdir()  # refuses a folder that something was put into meanwhile
        made.replace(path)
    except OSError as error:
        raise StoreError(f"Cannot write {path}: {error.strerror or error}.", "Nothing was written.") from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, whole or not at all."""
    write_bytes(path, text.encode())


def sha256(path: Path) -> str:
    """The hex digest of a file's content."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
