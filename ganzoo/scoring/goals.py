"""How many samples are enough: drawing on until an error is small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ganzoo.types import Estimate

FIRST = 1000
"""Samples drawn before an error is looked at for the first time."""


class Goal(msgspec.Struct, frozen=True):
    """Sample until a column's standard error is at most ``error``, or ``limit`` samples are drawn."""

    column: str
    error: float
    limit: int


def reached(goal: Goal | None, estimates: dict[str, Estimate], n: int) -> tuple[str, ...]:
    """What a score says of its goal, if it had one."""
    if goal is None:
        return ()
    return (goal_note(goal, n, estimates[goal.column].se or 0.0),)


def goal_note(goal: Goal, n: int, error: float) -> str:
    """Whether the samples drawn were enough."""
    if error <= goal.error:
        return f"stopped at {n} samples: the standard error of {goal.column} is {error:.3g}"
    return f"{n} samples were not enough: the standard error of {goal.column} is still {error:.3g}"


def next_size(n: int, excess: float, limit: int) -> int:
    """Errors fall like 1/√n: aim a little beyond, but neither creep nor leap on a first, noisy error."""
    return min(limit, int(n * min(max(1.05 * excess**2, 1.25), 4.0)))
