"""Numbers that a variant reports of itself: while it trains by ``run.report``, and afterwards by the hook ``measure``.

What is wrong with one costs that number and never the training: it is left out, and the run says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import GanzooError, Interrupted
from ganzoo.escaping import one_line
from ganzoo.types import Estimate, Report, SelfReported

if TYPE_CHECKING:
    from ganzoo.options import Options
    from ganzoo.plugin.manager import Plugin
    from ganzoo.training.loop import Loop
    from ganzoo.types import Array, LatentSpec, TrainData

HOOK = "measure()"
"""Stands for a fault of the hook where a number's name would; no number can be called so."""


class Told(msgspec.Struct, frozen=True):
    """What a run was told of itself, as every checkpoint keeps it: of each name the last number, or what is wrong."""

    numbers: dict[str, Estimate] = {}
    faults: dict[str, str] = {}
    """The reason by name, as the end of a sentence."""

    def __bool__(self) -> bool:
        return bool(self.numbers or self.faults)

    def and_then(self, declared: Sequence[Report], given: Mapping[Any, object]) -> Told:
        """These numbers and the ones given later, which take the place of those that they name."""
        names = [each.name for each in declared]
        read = {str(name): _read(str(name), value, names) for name, value in given.items()}
        numbers = {name: value for name, value in self.numbers.items() if name not in read}
        faults = {name: fault for name, fault in self.faults.items() if name not in read}
        numbers |= {name: value for name, value in read.items() if isinstance(value, Estimate)}
        faults |= {name: value for name, value in read.items() if isinstance(value, str)}
        return Told(numbers, faults)

    def kept(self, declared: Sequence[Report]) -> tuple[SelfReported, ...]:
        """The numbers with what was declared of them, in its order."""
        given = [(each, self.numbers[each.name]) for each in declared if each.name in self.numbers]
        return tuple(
            SelfReported(
                name=each.name, direction=each.direction, help=each.help, value=found.value, se=found.se, n=found.n
            )
            for each, found in given
        )

    @property
    def note(self) -> str:
        """The faults on one line; "" for none."""
        return "; ".join(self.faults.values())


NOTHING = Told()


def _read(name: str, value: Any, declared: Sequence[str]) -> Estimate | str:
    """A number as it is kept, or what is wrong with it."""
    who = f"the number '{one_line(name)}'"
    if name not in declared:
        return f"{who} was reported, but the variant declares {', '.join(declared) or 'none'}"
    try:
        found = value if isinstance(value, Estimate) else Estimate(value)
        kept = Estimate(float(found.value), None if found.se is None else float(found.se), int(found.n))
    except Exception:  # noqa: BLE001 - foreign objects: a framework's tensor of several values raises what it likes
        return f"{who} was reported as {type(value).__name__}, which is no number"
    if not math.isfinite(kept.value):
        return f"{who} was reported as {kept.value}"
    if kept.se is not None and not 0 <= kept.se < math.inf:
        return f"{who} was reported with the standard error {kept.se}"
    return kept


class Afterwards:
    """Implements ``ganzoo.MeasureRun``: what the hook ``measure`` sees of a run that ended."""

    def __init__(self, loop: Loop, heldout: TrainData) -> None:
        self.data: TrainData = loop.data
        self.heldout = heldout
        self.options: Options = loop.options
        self.seed = loop.seed
        self.device = loop.device
        self.latent: LatentSpec = loop.latent
        self._draw = loop.latents

    def latents(self, batch: int, tick: int, ticks: int | None = None, stream: str = "measure") -> dict[str, Array]:
        """Latent inputs, as in training, by default of a stream that the training does not see."""
        return self._draw(batch, tick, ticks, stream)


def measured(plugin: Plugin, model: object, loop: Loop, heldout: TrainData) -> Told:
    """What a run was told while it trained, and what the variant measures of the trained model.

    A hook that fails is a fault among the others; with GANZOO_STRICT=1 it raises.
    """
    try:
        given = plugin.measure(model, Afterwards(loop, heldout))
    except Interrupted:
        raise
    except GanzooError as error:
        fault = f"its own numbers were not measured: {error.message.rstrip('.')}"
        return Told(loop.told.numbers, {**loop.told.faults, HOOK: fault})
    return loop.told.and_then(loop.declared, given)
