"""What a text stands for wherever data are named: one reading for every command and every position."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data.sizing import parse_sizing
from ganzoo.errors import DataError, UnknownName, UsageError
from ganzoo.escaping import one_line
from ganzoo.files import exists, expanded, named_by, readable
from ganzoo.naming import LONGEST, is_name

if TYPE_CHECKING:
    from ganzoo.data.base import Source
    from ganzoo.data.sizing import Sizing

FOLDER, NPZ = "folder", "npz"
ARRAYS = (".npz", ".npy")
"""Endings of files of arrays, in any case."""
FORMS = "a folder of images or an .npz or .npy file"


@dataclass(frozen=True)
class DataReference:
    """A dataset, or a path. ``folder:DIR`` and ``npz:FILE`` are both."""

    dataset: str
    """The registered name: "folder" or "npz" for a path of such a form, empty for any other path."""
    argument: str = ""
    """What follows the colon, or the path as it was given; with the sizing in full where there is one."""
    path: Path | None = None
    """Where it lies; None for datasets that are no path."""
    sizing: Sizing | None = None
    """What a folder's images are made of one size by; None where they are as they are."""
    prefixed: bool = False
    """Whether the dataset was named; else the form of the path tells it."""
    notes: tuple[str, ...] = ()
    """What was chosen where there was a choice."""

    @property
    def text(self) -> str:
        """The reference in the form that names its dataset, fit to be kept: ``folder:faces`` for ``faces``."""
        return readable(f"{self.dataset}:{self.argument}" if self.argument else self.dataset)

    def exists(self) -> bool:
        """Whether there is a file or folder at its path."""
        return self.path is not None and exists(self.path)


def parse(
    text: str | Path, known: Mapping[str, Source], data_dir: Path | None = None, *, path_first: bool = False
) -> DataReference:
    """Read ``digits``, ``folder:DIR``, ``npz:FILE``, the name of any other of ``known``, or a path.

    A name is a dataset, even where a file or folder has that name, unless ``path_first``; a ``Path`` is a path. Paths
    may begin with ``~``, and lie below ``data_dir`` where they are not there as given; they need not exist. The text of
    a folder may end in ``?size=64&fit=crop`` (``ganzoo.data.sizing``).
    Raises UsageError for an argument that is missing or not wanted, or a sizing that is none, UnknownName for a prefix
    that is none.
    """
    given = os.fspath(text)
    if not given:
        raise _unknown("", known)
    if "\0" in given:
        raise UsageError(f"'{one_line(given)}' has a NUL character, and no name of data has one.", f"Name {FORMS}.")
    name, colon, argument = given.partition(":")
    if isinstance(text, Path):
        return _path(given, find(given, data_dir))
    if name not in known:
        found = _text(given, data_dir)
        misspelt = colon and len(name) > 1 and os.sep not in name  # one letter is a drive of Windows
        if misspelt and not found.exists():
            raise _unknown(name, known)
        return found
    if path_first and exists(Path(given)):
        form = "folder" if Path(given).is_dir() else "file"
        return _path(given, Path(given), (readable(f"{given} is the {form} of this name, not the dataset"),))
    source = known[name]
    if colon and not source.argument:
        raise UsageError(f"The dataset {name} takes no argument, but '{given}' gives it one.", f"Write {name}.")
    if source.argument and not argument:
        raise UsageError(
            f"The dataset {name} needs an argument, but '{given}' has none.", f"Write {name}:{source.argument}."
        )
    if name == FOLDER:
        return DataReference(name, *folder_of(argument, data_dir), prefixed=True)
    if name == NPZ:
        return DataReference(name, argument, _file_of(argument, data_dir), prefixed=True)
    return DataReference(name, argument, prefixed=True)


def parse_dataset(text: str | Path, known: Mapping[str, Source], data_dir: Path | None = None) -> DataReference:
    """Like ``parse``, where only a dataset will do. Raises UnknownName, DataError or UsageError for anything else."""
    found = parse(text, known, data_dir)
    if found.dataset in known:
        return found
    if found.exists():
        raise UsageError(f"{found.path} is no dataset.", f"Name {FORMS}, or a dataset by its name.")
    if os.sep in found.argument or found.argument.startswith(("~", ".")) or holds_arrays(Path(found.argument)):
        raise DataError(f"There is no file or folder {found.path}.", f"Name {FORMS}.")
    raise _unknown(found.argument, known)


def _unknown(name: str, known: Mapping[str, Source]) -> UnknownName:
    given = " or ".join(f"{each.name}:{each.argument}" for each in known.values() if each.argument)
    return UnknownName("dataset", name, known, f"For your own data write {given}." if given else "")


def find(path: str | Path, data_dir: Path | None = None) -> Path:
    """A user's path: as given, with ``~`` as the home folder, or else below the data directory if it exists there.

    A name that is not UTF-8 is found by its ``readable`` form, too.
    """
    given = expanded(path)
    roots = [Path(), *([data_dir] if data_dir is not None else [])]
    candidates = (root / name for root in roots for name in (given, Path(named_by(str(given)))))
    return next((found for found in candidates if exists(found)), given)


def safe_name(kind: str, stem: str) -> str:
    """A dataset name fit for a folder: ``npz-faces`` for ``npz:~/My/faces.npz``.

    A long one ends in a hash of the stem, and so does one with letters beyond ASCII, of which nothing else is left.
    """
    name = f"{kind}-{re.sub(r'[^A-Za-z0-9._-]+', '_', stem) or 'data'}"
    if is_name(name) and stem.isascii():
        return name
    return f"{name[: LONGEST - 9]}-{zlib.crc32(stem.encode('utf-8', 'surrogatepass')):08x}"


def holds_arrays(path: Path) -> bool:
    """Whether a path ends like a file of arrays."""
    return path.suffix.lower() in ARRAYS


def folder_of(argument: str, data_dir: Path | None = None) -> tuple[str, Path, Sizing | None]:
    """Read ``DIR`` or ``DIR?size=64&fit=crop``: the same with its sizing in full, the path, and the sizing.

    A name that is there as it is given, with its ``?``, is all name. Raises UsageError for a sizing that is none.
    """
    path, (head, _, query) = find(argument, data_dir), argument.rpartition("?")
    base = find(head, data_dir)
    if not head or exists(path) or not (exists(base) or "=" in query):
        return argument, path, None
    if exists(base) and not base.is_dir():
        raise _without_size(head, query)
    sizing = parse_sizing(query, readable(head))
    return f"{head}?{sizing.text}", base, sizing


def _file_of(argument: str, data_dir: Path | None) -> Path:
    """The path of a file of arrays. Raises UsageError where it is given a sizing."""
    path, (head, _, query) = find(argument, data_dir), argument.rpartition("?")
    if head and not exists(path) and exists(find(head, data_dir)):
        raise _without_size(head, query)
    return path


def _without_size(head: str, query: str) -> UsageError:
    sentence = f"{head} is no folder of images, and only these are read by '?{query}'."
    return UsageError(readable(sentence), f"Leave '?{query}' out.")


def _text(given: str, data_dir: Path | None) -> DataReference:
    """A path by its text, which may be that of a folder with a sizing."""
    head = given.rpartition("?")[0]
    if not head or not exists(find(head, data_dir)):
        return _path(given, find(given, data_dir))
    argument, path, sizing = folder_of(given, data_dir)
    return replace(_path(argument, path), sizing=sizing)


def _path(given: str, path: Path, notes: tuple[str, ...] = ()) -> DataReference:
    form = "" if not exists(path) else FOLDER if path.is_dir() else NPZ if holds_arrays(path) else ""
    return DataReference(form, given, path, notes=notes)
