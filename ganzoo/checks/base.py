"""What a check is, what it answers, and the ways in which it says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from ganzoo.checks.context import Context
    from ganzoo.types import Variant

CheckStatus = Literal["passed", "failed", "expected", "skipped"]
LONGEST = 400
"""Letters shown of what others say."""


@dataclass(frozen=True)
class Check:
    """One rule that every plugin keeps.

    ``id`` never changes once published. ``applies`` decides by what ``describe()`` declares; None: every variant.
    ``run`` returns where the rule is kept and raises where it is broken.
    """

    id: str
    summary: str
    remedy: str
    run: Callable[[Context], None]
    applies: Callable[[Variant], bool] | None = None
    applies_to: str = "every variant"


class Result(msgspec.Struct, frozen=True):
    """How one check went. ``why`` is one line; ``expected`` is a failure that was announced with its reason."""

    id: str
    status: CheckStatus
    why: str
    seconds: float


class CheckFailed(Exception):
    """The rule is broken; the message says by what."""


class NotMade(Exception):
    """The check says nothing on its rule."""


class Refused(NotMade):
    """The caller's own request is wrong; the message says how."""


class Inapplicable(NotMade):
    """The rule is for other options than those in force; the message says for which."""


class Blocked(NotMade):
    """The check cannot be made, because the rule of the check ``owner`` is broken."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


def one_line(error: BaseException) -> str:
    """An error as one line that says what went wrong: whole where ganzoo worded it, else the beginning."""
    from ganzoo.errors import GanzooError

    expected = isinstance(error, (CheckFailed, GanzooError))
    if expected:
        return " ".join(str(error).split())
    return shortened(" ".join(f"{type(error).__name__}: {error}".split()), LONGEST)


def shortened(text: str, most: int) -> str:
    """The text, or as many whole words of it as ``most`` letters hold, with dots behind them."""
    if len(text) <= most:
        return text
    end = text.rfind(" ", 0, most - 1)
    return f"{text[: end if end > 0 else most - 2]} …"
