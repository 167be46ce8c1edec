"""How far the values of drawn images leave their range: a tail is clipped and said, another range is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.errors import ModelError
from ganzoo.generator.contract import MOST_OUTSIDE, PARITY_LIMIT

if TYPE_CHECKING:
    from ganzoo.types import FloatArray


class Spread:
    """How the values of images drawn so far lie to [-1, 1]: beyond it they are clipped when they become bytes.

    ``declared`` is what the generator itself calls this range; sentences speak in its numbers. ``hint`` says what to do
    about a range that is wrong.
    """

    def __init__(self, name: str, declared: tuple[float, float], hint: str) -> None:
        self._name = name
        self._declared = declared
        self._hint = hint
        self._values = 0
        self._outside = 0
        self._worst = 0.0

    def add(self, x: FloatArray, low: float, high: float) -> None:
        """Look at further samples, all finite, from ``low`` to ``high``. Raises ModelError where the range must be
        another.
        """
        self._values += x.size
        limit = 1 + PARITY_LIMIT
        if -limit <= low and high <= limit:
            return
        self._outside += int((x > limit).sum()) + int((x < -limit).sum())
        self._worst = max(self._worst, low, high, key=abs)
        if self._outside > MOST_OUTSIDE * self._values:
            raise ModelError(f"{self._sentence}.", self._hint)

    @property
    def note(self) -> str:
        """What was clipped, as a sentence without its full stop; "" where nothing was."""
        return f"{self._sentence} and were clipped" if self._outside else ""

    @property
    def _sentence(self) -> str:
        low, high = self._declared
        worst = low + (self._worst + 1) / 2 * (high - low)
        share = 100 * self._outside / self._values
        return (
            f"{share:.2g} % of the values of '{self._name}' lie outside of the range {low:g},{high:g} "
            f"(the worst is {worst:.4g})"
        )
