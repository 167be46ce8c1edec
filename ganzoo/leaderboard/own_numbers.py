"""The numbers that variants report of themselves, below a board: nobody else measured them, so none has a rank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import numpy as np

from ganzoo.leaderboard.page import plus_minus
from ganzoo.leaderboard.ranking import half_width
from ganzoo.types import SELF

_ARROWS = {"up": " ↑", "down": " ↓"}


def own_numbers(groups: Iterable[tuple[str, Sequence[str]]], long: Iterable[Sequence[str]]) -> list[list[str]]:
    """A row per variant and number: the mean over seeds ± half of the 95 % interval, and of how many seeds.

    ``groups`` are the variants in the order of their board, each with the keys of the runs behind its means; ``long``
    are rows of metrics.csv: run, column, value and standard error.
    """
    told: dict[str, dict[str, float]] = {}
    for run, column, value, _ in long:
        if column.startswith(SELF):
            with suppress(ValueError):  # somebody's own cell
                told.setdefault(run, {})[column] = float(value)
    return [
        [name, _label(column), *_mean([told[key][column] for key in keys if column in told.get(key, ())])]
        for name, keys in groups
        for column in sorted({column for key in keys for column in told.get(key, ())})
    ]


def _mean(values: Sequence[float]) -> tuple[str, str]:
    """The mean of the seeds' values as people read it, and how many they are."""
    array = np.array(values)
    return plus_minus(float(array.mean()), half_width(array)), str(len(array))


def _label(column: str) -> str:
    """``ssl_error ↓`` for ``self:ssl_error:down``."""
    name, _, direction = column.removeprefix(SELF).partition(":")
    return name + _ARROWS.get(direction, "")
