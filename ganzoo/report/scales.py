"""From values to places on an axis, linear or logarithmic, and the round values that it is marked with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

TICKS = 5
"""Marks of an axis at about most."""
MARGIN = 0.05
"""Of the length of an axis, left free on either side of the data."""


@dataclass(frozen=True)
class Scale:
    """An axis from ``low`` to ``high``, drawn from ``begin`` to ``end`` in pixels."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value in pixels, at one of the ends where it lies beyond."""
        low, high, at = (math.log(each) if self.log else each for each in (self.low, self.high, self._within(value)))
        return self.begin + (self.end - self.begin) * (at - low) / (high - low)

    def _within(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def ticks(self) -> list[float]:
        """Round values within the axis, in rising order."""
        return _decades(self.low, self.high) if self.log else _steps(self.low, self.high)


def scale(values: Iterable[float], begin: float, end: float, *, log: bool = False) -> Scale:
    """An axis that holds all values and a little more; with ``log`` a logarithmic one, where all are above 0."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    log = log and min(finite) > 0
    low, high = (math.log(each) if log else each for each in (min(finite), max(finite)))
    room = MARGIN * (high - low) or (0.5 if log else 0.5 * abs(high) or 0.5)
    low, high = low - room, high + room
    return Scale(*((math.exp(low), math.exp(high)) if log else (low, high)), begin, end, log)


def _steps(low: float, high: float) -> list[float]:
    rough = (high - low) / TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    digits = max(0, -math.floor(math.log10(step)))
    return [round(step * i, digits) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each decade; powers of ten alone where these are too many; steps where they are too few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [factor * 10.0**exponent for exponent in exponents for factor in (1, 2, 5)]
    within = [mark for mark in marks if low <= mark <= high]
    if len(within) > 2 * TICKS:
        within = [10.0**exponent for exponent in exponents if low <= 10.0**exponent <= high]
        within = within[:: -(-len(within) // (2 * TICKS))]
    return within if len(within) > 1 else _steps(low, high)
