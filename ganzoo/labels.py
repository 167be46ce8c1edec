"""Class labels of different origin, told to mean the same: by name, else by number, or refused.

The classes of a file are the set of its labels, whatever numbers these are. A generator and a loaded dataset count them
from 0 in ascending order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError, UnknownName, UsageError

if TYPE_CHECKING:
    from ganzoo.types import IndexArray

_SHOWN = 5
_LONGEST = 200
"""Bytes of a folder's name; file systems take 255."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, wherever it lies."""


def called(names: Sequence[str], classes: int) -> tuple[str, ...]:
    """What so many classes are called: by their names, or, where they have none, by their numbers."""
    return tuple(names) or tuple(str(label) for label in range(classes))


def number_of(label: int | str, names: Sequence[str]) -> int:
    """The number of the class that is called so, or else has this number, among classes of these names.

    Raises UsageError where there is none.
    """
    if isinstance(label, str):
        if label in names:
            return names.index(label)
        if not label.removeprefix("-").isdecimal():
            raise UnknownName("class", label, names)
    number = int(label)
    if not 0 <= number < len(names):
        raise UsageError(f"Label {number} is not one of 0 to {len(names) - 1}.")
    return number


def folder_name(name: str) -> str:
    """A name as a folder may have it on any system, seen by those who pass over hidden ones: T-shirt-top."""
    text = name.encode("utf-8", "replace").decode("utf-8")
    allowed = re.sub(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+', "-", text)
    short = allowed.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore")
    shown = short.lstrip(". ").rstrip(". ") or "-"
    return f"{shown}_" if _DEVICES.fullmatch(shown) else shown


def folder_names(names: Sequence[str]) -> tuple[str, ...]:
    """A folder name for each class, no two of them the same, in capital letters neither."""
    found: dict[str, str] = {}
    for i, name in enumerate(names):
        shown = folder_name(name)
        while shown.casefold() in found:
            shown = f"{shown}-{i}"
        found[shown.casefold()] = shown
    return tuple(found.values())


def all_known(names: Sequence[str], known: Sequence[str]) -> bool:
    """Whether each of these classes, of which there are some, is by its name one of the known ones."""
    place = _by_name(known)
    return bool(names) and all(_called(name, place) in place for name in names)


def _by_name(known: Sequence[str]) -> dict[str, int]:
    """The place of each class, by its name and by that of its folder."""
    folders = {folder: i for i, folder in enumerate(folder_names(known))}
    return folders | {name: i for i, name in enumerate(known)}


def _called(name: str, place: Mapping[str, int]) -> str:
    return name if name in place else folder_name(name)


def set_of(labels: IndexArray, names: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the classes of labels [N]: those given, where a label is the place of one, else the labels."""
    return tuple(names) or tuple(str(label) for label in np.unique(labels))


def places(labels: IndexArray, names: Sequence[str], known: Sequence[str], whose: str, reference: str) -> IndexArray:
    """The place among the classes ``known`` of each label [N]: int64 [N].

    ``names`` are those of labels 0, 1, …; none, where a label is its own name. A class may be called as its folder is.
    Labels that are numbers may also count classes that are called otherwise. Raises ScoreError where some label is none
    of the known classes.
    """
    present = np.unique(labels)
    place = _by_name(known)
    theirs = [_called(names[label] if names else str(label), place) for label in present]
    by_number = not any(name.isdecimal() for name in known)
    if by_number and not any(name in place for name in theirs):
        place = {str(i): i for i in range(len(known))}
    strange = [name for name in theirs if name not in place]
    if strange:
        raise ScoreError(
            f"The labels of {whose} are not those of {reference}: {_shown(strange)} {_are(strange)} none of its "
            f"{len(known)} classes ({_shown(known)}).",
            "Give both sides the same classes, or leave the labels out.",
        )
    return np.array([place[name] for name in theirs], np.int64)[np.searchsorted(present, labels)]


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _SHOWN else f"{', '.join(names[: _SHOWN - 1])} … {names[-1]}"
