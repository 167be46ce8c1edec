"""How far a number of ours may be from a tool's, and why; used by the live comparison and by the stored one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from recipes import Case

LIMIT = 1e-6
"""The relative difference that counts as equal."""
FEW_ROWS = 1e-5
"""FID where rows do not outnumber features: the tools' roots of rounding errors add up to this (section 2.2)."""
SINGLE_SUM = 2e-7
"""KID: what float32 sums lose, as a share of the mean kernel value."""
ZERO = 1e-12
"""FID of equal sets: rounding as a share of both traces."""
NEAR_ONE = 1e-11
"""CMMD: what subtracting means of kernel values near 1 loses, times 1000."""
BLURRED = 0.02
"""Precision and recall where float32 squared distances hold no correct digit."""


@dataclass(frozen=True)
class Verdict:
    """What became of one pair of numbers."""

    word: str
    why: str = ""

    @property
    def passes(self) -> bool:
        """Whether ours reproduces theirs, or does what can be done where theirs is no number."""
        return self.word != "DIFFERS"


def judge(case: Case, column: str, theirs: float | str, ours: float | str) -> Verdict:
    """Compare one number; a string stands for a failure."""
    if isinstance(theirs, str) or math.isnan(theirs):
        if isinstance(ours, str):
            return Verdict("both refuse")
        return Verdict("tool gives nan" if not isinstance(theirs, str) else "tool fails")
    if isinstance(ours, str):
        return Verdict("DIFFERS", "ours refuses")
    gap = abs(ours - theirs)
    if column == "clipped_coverage" and tied(case):
        return Verdict("other rule", "it counts samples on a ball's surface, the authors' code does not")
    if gap <= LIMIT * abs(theirs) + (ZERO * _spread(case) if column == "fid" else 0):
        return Verdict("equal")
    room, why = _room(case, column, theirs)
    return Verdict("within rounding", why) if gap <= room else Verdict("DIFFERS")


def _room(case: Case, column: str, theirs: float) -> tuple[float, str]:
    rows, width = min(len(case.real), len(case.fake)), case.real.shape[1]
    if column == "fid" and rows <= width:
        return FEW_ROWS * abs(theirs), "roots of rounding errors, n ≤ d"
    if column == "kid":
        return SINGLE_SUM * kernel_mean(case), "float32 sums"
    if column in ("cmmd", "cmmd_unbiased"):
        return NEAR_ONE, "differences of means near 1"
    if column == "clipped_coverage":
        return 2 / len(case.fake), "a curve read off in steps of one sample"
    if column in ("precision", "recall") and blurred(case):
        return BLURRED, "float32 distances without a correct digit"
    return 0.0, ""


def _spread(case: Case) -> float:
    return float(case.real.var(axis=0, dtype=np.float64).sum() + case.fake.var(axis=0, dtype=np.float64).sum())


def kernel_mean(case: Case) -> float:
    """Return the mean of |x·y/d + 1|³ over pairs of different rows of both sets."""
    rows = np.concatenate([case.real[:1000], case.fake[:1000]]).astype(np.float64)
    kernel = np.abs(rows @ rows.T / rows.shape[1] + 1) ** 3
    return float((kernel.sum() - np.trace(kernel)) / (len(rows) * (len(rows) - 1)))


def tied(case: Case) -> bool:
    """Whether there are copies: then samples lie on the surface of balls, exactly."""
    rows = np.concatenate([case.real, case.fake])
    return len(np.unique(rows, axis=0)) < len(rows)


def blurred(case: Case) -> bool:
    """Whether |x|² + |y|² rounds in float32 by a hundredth of a typical squared distance or more."""
    norms = 2 * float(np.square(case.real, dtype=np.float64).sum(axis=1).mean())
    return bool(norms * float(np.finfo(np.float32).eps) > 0.01 * _spread(case))
