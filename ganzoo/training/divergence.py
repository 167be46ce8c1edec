"""When a training has diverged: what is looked at, after which steps, and the constants with their reasons.

A run is ended only by what no sound training shows, whatever its loss. Critics' losses are unbounded, may have either
sign, and follow the scale of the data, so a large loss alone says little: it is a reason to look at the generator.

- A loss that is not finite: at a look, after steps 1, 2, 5, 10, 20 and 50, every 100 steps, and after the last.
- A loss that explodes: at the third look in a row above ``EXPLODED`` times its first value (at least 1).
- A state that is not finite: at the looks up to step 50, at each checkpoint, and at the end. An array that was not
  finite at the first look is not meant to be.
- A generator that is dead or saturated: seen twice, ``CONFIRM`` steps apart, from step ``FIRST_VERDICT`` on, where the
  losses are a reason to look and after steps 1,000, 10,000, ...; and once at the end.
  Shorter runs are not judged.

Chunks of several steps are looked at as a whole, after their last step. What a watch has seen is not part of a run's
state: one that was stopped counts anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import Diverged

if TYPE_CHECKING:
    from ganzoo.training.loop import Checkpoint
    from ganzoo.types import Array, TrainData

EARLY_LOOKS = (1, 2, 5, 10, 20, 50)
"""Steps after which losses are read beside those that are logged: a rate far too high shows in the first few. A look
reads a handful of scalars from the device, which six times costs nothing."""
EXPLODED = 1e6
"""A loss above so many times its first value has exploded. The largest growth seen in sound runs is sixfold; losses
that begin near 0, as critics' do, count as beginning at 1, and sums over many pixels or large data begin large."""
EXPLODED_LOOKS = 3
"""Looks in a row: one step may be an outlier."""
SUSPICIOUS = 100.0
"""A loss above so many times its first value is a reason to look at the generator."""
VANISHED = 1e-6
"""So is one that is nearer to 0: a discriminator that has won gives a generator nothing to learn from."""
FIRST_VERDICT = 100
"""The first step after which a generator may be called dead: young moving averages and batch statistics are crude."""
CONFIRM = 100
"""Steps from the look that found a generator dead to the one that says so."""
SCHEDULE = (1_000, 10)
"""Generators are looked at after so many steps whatever the losses say, and each time after so many times as many.
A look builds the networks once more (5 ms to 0.8 s), which so rarely is about one percent of a short run at most."""
SAME = 1e-3
"""Samples of which no value differs by more than this part of the data's range are all the same: as bytes they are one
picture. Those of dead generators differ by less than half of it; of sound ones, from step 50 on, by a third."""
FULL = 1 - 1e-6
"""Values of images beyond this in size are at the end of tanh, where its gradient is 0 in float32."""
SATURATED, SATURATED_DATA = 0.999, 0.9
"""The share of such values that makes a generator saturated, and the share in the data up to which it does: those of
black and white images are all of this kind."""
FAR = 1e4
"""Points so many times as far from 0 as any of the data have nothing to do with them."""
LOOKED_AT = 64
"""Samples of a look."""

HINT = "Try a smaller learning rate, or another seed."


@dataclass(frozen=True)
class Extent:
    """How far training data reach: what a generator's samples are held against."""

    image: bool
    width: float
    """Of the range of all values."""
    largest: float
    """The largest size of a value."""
    full: float
    """The share of values at the ends of an image's range."""
    varied: bool
    """Whether not all samples are the same."""

    @classmethod
    def of(cls, data: TrainData) -> Extent:
        """Look at all of ``data``, or at a few samples that stand for it."""
        x = data.scaled()
        full = float((np.abs(x) >= FULL).mean())
        width = float(np.ptp(x))
        return cls(data.spec.kind == "image", width, float(np.abs(x).max()), full, bool(np.any(np.ptp(x, axis=0) > 0)))

    def fault(self, x: Array) -> str:
        """What is wrong with a generator that gives the samples ``x`` [n, ...]; "" where it is alive."""
        if not np.isfinite(x).all():
            return "the generator gives values that are not finite"
        if self.image and float((np.abs(x) >= FULL).mean()) >= SATURATED and self.full <= SATURATED_DATA:
            return "the generator is saturated: every value of its samples is -1 or 1"
        if not self.image and float(np.median(np.abs(x).max(axis=-1))) > FAR * self.largest:
            return f"the generator's points lie {FAR:,.0f} times as far out as the data"
        if self.varied and float(np.ptp(x, axis=0).max()) <= SAME * self.width:
            return "the generator is dead: all its samples are the same"
        return ""


def not_finite(arrays: Mapping[str, Array]) -> set[str]:
    """The names of those that hold a NaN or an infinity."""
    return {
        name
        for name, value in arrays.items()
        if np.issubdtype(value.dtype, np.inexact) and not np.isfinite(value).all()
    }


class Losses:
    """The scalars that a variant logs, from look to look."""

    def __init__(self) -> None:
        self._first: dict[str, float] = {}
        self._above: dict[str, int] = {}
        self._last: Mapping[str, float] = {}

    def look(self, step: int, total: int, scalars: Mapping[str, float]) -> bool:
        """Whether they are a reason to look at the generator. Raises Diverged where they leave no doubt."""
        for name, value in scalars.items():
            if not math.isfinite(value):
                raise Diverged(f"{name} became {value} at step {step} of {total}.", HINT)
        times = {name: self._times(name, abs(value)) for name, value in scalars.items()}
        for name, grown in times.items():
            self._above[name] = self._above.get(name, 0) + 1 if grown > EXPLODED else 0
            if self._above[name] >= EXPLODED_LOOKS:
                raise Diverged(
                    f"{name} exploded: it is {scalars[name]:.3g} at step {step} of {total}, and was "
                    f"{self._first[name]:.3g} at first.",
                    HINT,
                )
        stuck, self._last = scalars == self._last, dict(scalars)
        vanished = any(abs(value) < VANISHED for value in scalars.values())
        return stuck or vanished or any(grown > SUSPICIOUS for grown in times.values())

    def _times(self, name: str, size: float) -> float:
        """How many times as large as at first."""
        return size / max(1.0, self._first.setdefault(name, size))


class Watch:
    """What a loop asks about the run it drives; it raises Diverged.

    ``fault`` says what is wrong with the generator of a checkpoint, "" where nothing is or it cannot be told.
    """

    def __init__(self, fault: Callable[[Checkpoint], str] | None = None) -> None:
        self._fault = fault
        self._losses = Losses()
        self._meant: set[str] | None = None
        self._suspected = False
        self._found = 0
        """The step after which the generator was found dead; 0 for none."""
        self._quiet_until = FIRST_VERDICT
        self.early: Checkpoint | None = None
        """The last finite state of the first looks, until one is saved."""

    def wants_losses(self, part: range) -> bool:
        """Whether this part of the training ends with a look at the losses that is not logged."""
        return part.start < EARLY_LOOKS[-1] and any(part.start < look <= part.stop for look in EARLY_LOOKS)

    def losses(self, step: int, total: int, scalars: Mapping[str, float]) -> None:
        """Look at the scalars of a step."""
        if self._losses.look(step, total, scalars) and step >= self._quiet_until:
            self._suspected = True

    def wants_state(self, part: range) -> bool:
        """Whether this part ends with a look at the state."""
        return self._wants_generator(part) or self.wants_losses(part)

    def state(self, checkpoint: Checkpoint, part: range, total: int) -> None:
        """Look at the state after a part, and at its generator where that is due."""
        self.require_finite(checkpoint.arrays, checkpoint.step, total)
        if self.wants_losses(part):
            self.early = replace(checkpoint, arrays={name: value.copy() for name, value in checkpoint.arrays.items()})
        if not self._wants_generator(part) or self._fault is None:
            return
        self._suspected, before = False, self._found
        fault = self._fault(checkpoint)
        self._found = checkpoint.step if fault else 0
        if not fault:
            self._quiet_until = 2 * checkpoint.step
        elif before:
            raise Diverged(f"{_upper(fault)}, after step {before} and after step {checkpoint.step} of {total}.", HINT)

    def require_finite(self, arrays: Mapping[str, Array], step: int, total: int) -> None:
        """Hold a state to be finite, but for arrays that never were: an infinity may stand for "none yet"."""
        found = not_finite(arrays)
        self._meant = found if self._meant is None else self._meant
        if wrong := sorted(found - self._meant):
            more = f" and {len(wrong) - 1} more arrays" if len(wrong) > 1 else ""
            raise Diverged(f"{wrong[0]}{more} of the state became not finite by step {step} of {total}.", HINT)

    def _wants_generator(self, part: range) -> bool:
        if self._found:
            return part.stop >= self._found + CONFIRM
        return self._suspected or _scheduled(part)


def _scheduled(part: range) -> bool:
    look, factor = SCHEDULE
    while look <= part.start:
        look *= factor
    return look <= part.stop


def _upper(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
