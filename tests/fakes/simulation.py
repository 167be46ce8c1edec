"""Repetition: how often value ± 1.96 SE holds the truth, and how the error compares with the spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ganzoo.types import Estimate

Draw = np.random.Generator
Scores = Mapping[str, Estimate]
NORMAL = 1.959964


@dataclass(frozen=True)
class Setting:
    """One known distribution of samples, and of the reference where the metric counts its sampling."""

    name: str
    columns: tuple[str, ...]
    score: Callable[[Draw], Scores]
    truth: Mapping[str, float] = field(default_factory=dict)
    """The population's value by column; for the others it is the expectation at this n, by the mean of all runs."""
    runs: int = 400
    total: bool = False
    """Whether the total error is held against the spread: the reference is drawn anew, too."""


@dataclass(frozen=True)
class Calibration:
    """What repetition showed about one column."""

    coverage: float
    """Share of the runs whose value ± 1.96 SE holds the truth."""
    ratio: float
    """Mean SE over the standard deviation of the values."""


def calibrate(setting: Setting, seed: int = 0) -> dict[str, Calibration]:
    """Repeat a setting and compare its errors with the spread."""
    draw = np.random.default_rng(seed)
    runs = [setting.score(draw) for _ in range(setting.runs)]
    return {
        column: _compare([run[column] for run in runs], setting.truth.get(column), setting.total)
        for column in setting.columns
    }


def _compare(found: list[Estimate], truth: float | None, total: bool = False) -> Calibration:
    values, errors = np.array([(e.value, e.total if total else e.se) for e in found]).T
    middle = values.mean() if truth is None else truth
    spread = values.std(ddof=1)
    covered = np.abs(values - middle) <= NORMAL * errors + 1e-12
    return Calibration(float(covered.mean()), float(errors.mean() / spread) if spread > 0 else np.inf)


def normal(draw: Draw, n: int, d: int = 4, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """n draws of N(shift, scale² I_d)."""
    return shift + scale * draw.standard_normal((n, d))
