"""Fréchet distance in other tools: one formula, with other means, divisors and number types.

The trace of (S1 S2)^½ is ganzoo's own: for n > d every tool's route agrees with it to about 1e-12, and for n ≤ d the
tools' routes add the roots of rounding errors, 1e-6 to 1e-5 of the value, which differ from machine to machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.metrics.fid import fitted, reference_target
from ganzoo.metrics.parity_profiles.base import pair, single
from ganzoo.types import Estimate


@dataclass(frozen=True)
class Frechet:
    """How a tool puts the distance together."""

    tool: str
    single_means: bool = False
    """Means are taken, and their squared distance summed, in float32."""
    ddof: int = 1
    single_result: bool = False
    """The result is cast to float32."""

    def distance(self, sets: Sets) -> Estimate:
        """Return the tool's number, which may be below 0 by rounding, with the error of ganzoo's own distance."""
        real, fake = pair(sets, self.tool, "Fréchet distance")
        goal = reference_target(sets.reference)
        fit = fitted(goal, fake)
        a, b = self._shrink(len(real)), self._shrink(len(fake))
        value = self._squared_shift(real, fake) + a**2 * goal.trace + b**2 * fit.trace - 2 * a * b * fit.root
        return Estimate(float(np.float32(value)) if self.single_result else value, fit.se, len(fake))

    def _squared_shift(self, real: Features, fake: Features) -> float:
        if self.single_means:  # NumPy adds rows one by one in float32, and so must this
            shift = single(real).mean(axis=0) - single(fake).mean(axis=0)
            return float(shift.dot(shift))
        difference = real.mean(axis=0) - fake.mean(axis=0)
        return float(difference.dot(difference))

    def _shrink(self, n: int) -> float:
        return float(np.sqrt((n - 1) / (n - self.ddof)))


def frechet(convention: Frechet) -> Metric:
    """Return the metric ``fid`` of a tool."""
    return Metric(
        name=f"{convention.tool}/fid",
        summary=f"Fréchet distance as {convention.tool} computes it",
        columns=("fid",),
        compute=lambda sets: {"fid": convention.distance(sets)},
        better="lower",
    )
