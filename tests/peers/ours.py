"""ganzoo's numbers for the same features: the profiles, and its own scores beside prdc and vendi-score."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from recipes import Case

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Metric, Reference, Sets
from ganzoo.metrics.clipped import clipped_scores
from ganzoo.metrics.cmmd import cmmd_scores
from ganzoo.metrics.neighbours import neighbour_scores
from ganzoo.metrics.parity_profiles import builtin_profiles
from ganzoo.metrics.vendi import vendi_score
from ganzoo.types import Estimate

PROFILES = {profile.name: profile for profile in builtin_profiles()}
SEED = 0
OWN = {
    "prdc": [("precision", "recall", "density", "coverage")],
    "vendi-score": [("vendi",)],
    "seqme": [("cmmd", "cmmd_unbiased"), ("clipped_density", "clipped_coverage")],
}
"""Tools that ganzoo's own metrics are compared with, and the columns of each."""
TOOLS = (*PROFILES, *OWN)


def sets_of(case: Case) -> Sets:
    """Return a case as metrics take it: float64 arrays of float32 values."""
    real, fake, logits = (x.astype(np.float64) for x in (case.real, case.fake, case.logits))
    return Sets(Reference(real=real, train=real, heldout=real[:0]), fake, logits, seed=SEED)


def columns_of(tool: str) -> list[tuple[str, ...]]:
    """Return the columns of each metric of a tool."""
    return OWN[tool] if tool in OWN else [metric.columns for metric in PROFILES[tool].metrics]


def _computations(tool: str, sets: Sets) -> list[Callable[[], dict[str, Estimate]]]:
    if tool == "prdc":
        rows = min(len(sets.reference.real), len(sets.fake))
        return [lambda: neighbour_scores(sets.reference.real[:rows], sets.fake[:rows], k=5)]
    if tool == "vendi-score":
        return [lambda: {"vendi": vendi_score(sets.fake, samples=len(sets.fake))}]
    if tool == "seqme":
        real, fake = sets.reference.real, sets.fake
        return [lambda: cmmd_scores(real, fake), lambda: clipped_scores(real, fake)]
    return [_bound(metric, sets) for metric in PROFILES[tool].metrics]


def _bound(metric: Metric, sets: Sets) -> Callable[[], dict[str, Estimate]]:
    return lambda: metric.compute(sets)


def numbers(tool: str, sets: Sets, only: str | None = None) -> dict[str, float | str]:
    """Return a tool's columns as ganzoo reproduces them, a sentence where it refuses.

    ``only`` keeps the metric with that column.
    """
    found: dict[str, float | str] = {}
    for columns, measure in zip(columns_of(tool), _computations(tool, sets), strict=True):
        if only is not None and only not in columns:
            continue
        try:
            found |= {name: estimate.value for name, estimate in measure().items()}
        except ScoreError as refusal:
            found |= dict.fromkeys(columns, str(refusal))
    return found
