"""The training loops that ``training.py`` compares ganzoo's with, written as public scripts write them.

A reference has the algorithm, networks, batch, losses, optimiser settings and order of updates of the plugin's loop,
and none of what makes that fast. Losses that are pure functions are the plugin's own; networks are written anew in the
framework's layers, but for Keras's, which are the plugin's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Step = Callable[[], object]
"""One generator update of the reference with what belongs to it; it reads every loss that the plugin logs."""


@dataclass(frozen=True)
class Task:
    """What both sides are given."""

    options: Any
    data: Any
    latent: Any


def written_for(options: Any, **values: Any) -> None:
    """Stop where options that would change the algorithm are not those that the reference is written for."""
    for name, value in values.items():
        if (found := getattr(options, name)) != value:
            sys.exit(f"The reference is written for {name}={value}, and the recipe has {found}.")


def same(mine: object, theirs: object) -> None:
    """Stop where the reference's networks, described by their parameters, are not the plugin's."""
    if mine != theirs:
        sys.exit(f"The reference's networks are no longer the plugin's: {mine} against {theirs}.")
