"""Class labels of different origin, told to mean the same: by name, else by number, or refused.

The classes of a file are the set of its labels, whatever numbers these are. A generator and a loaded dataset count them
from 0 in ascending order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError

if TYPE_CHECKING:
    from ganzoo.types import IndexArray

_SHOWN = 5


def set_of(labels: IndexArray, names: Sequence[str] = ()) -> tuple[str, ...]:
    """The names of the classes of labels [N]: those given, where a label is the place of one, else the labels."""
    return tuple(names) or tuple(str(label) for label in np.unique(labels))


def places(labels: IndexArray, names: Sequence[str], known: Sequence[str], whose: str, reference: str) -> IndexArray:
    """The place among the classes ``known`` of each label [N]: int64 [N].

    ``names`` are those of labels 0, 1, …; none, where a label is its own name. Labels that are numbers may also count
    classes that are called otherwise. Raises ScoreError where some label is none of the known classes.
    """
    present = np.unique(labels)
    called = [names[label] if names else str(label) for label in present]
    place = {name: i for i, name in enumerate(known)}
    by_number = not any(name.isdecimal() for name in known)
    if by_number and not any(name in place for name in called):
        place = {str(i): i for i in range(len(known))}
    strange = [name for name in called if name not in place]
    if strange:
        raise ScoreError(
            f"The labels of {whose} are not those of {reference}: {_shown(strange)} {_are(strange)} none of its "
            f"{len(known)} classes ({_shown(known)}).",
            "Give both sides the same classes, or leave the labels out.",
        )
    return np.array([place[name] for name in called], np.int64)[np.searchsorted(present, labels)]


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _SHOWN else f"{', '.join(names[: _SHOWN - 1])} … {names[-1]}"
