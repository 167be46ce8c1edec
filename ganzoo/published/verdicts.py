"""Ours beside theirs: whether a mean over seeds is off a number in print by more than both errors explain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from ganzoo.metrics.paired import holm
from ganzoo.published.tables import FULL, Printed, PublishedTable

AGREES, DIFFERS = "agrees", "differs"
REDUCED = "not comparable at this budget"
ALONE = "not comparable: one seed"
FAILED = "not comparable: a seed failed"
UNPRINTED = "no number in print"
ORDER = "order alone compares"
LEVEL = 0.05


@dataclass(frozen=True)
class Mean:
    """Our number: the mean over seeds and its standard error, None for one seed; NaN where none was trained."""

    value: float
    se: float | None
    seeds: int


def mean_of(values: Sequence[float]) -> Mean:
    """The mean [of n], with s/√n as its error."""
    if not values:
        return Mean(math.nan, None, 0)
    return Mean(fmean(values), stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None, len(values))


def p_value(ours: Mean, theirs: Printed, table: PublishedTable) -> float:
    """Two-sided p of Welch's t test of our mean against theirs, given as mean ± error; ``ours`` has an error.

    Rounding in print is granted: the difference counts from the nearest value that is printed so. A number without an
    error is taken as exact. An error of which print does not say what it is, is taken as a standard error. Where the
    number of their runs is not in print, our degrees of freedom alone count.
    """
    from scipy.stats import t

    error = theirs.error or 0.0
    if table.error == "standard deviation" and table.trials:
        error /= math.sqrt(table.trials)
    off = max(0.0, abs(ours.value - theirs.value) - theirs.half_unit)
    own, other = (ours.se or 0.0) ** 2, error**2
    if own + other == 0:
        return float(off == 0)
    freedom = float(ours.seeds - 1)
    if other and table.trials > 1:
        freedom = (own + other) ** 2 / (own**2 / (ours.seeds - 1) + other**2 / (table.trials - 1))
    return float(2 * t.sf(off / math.sqrt(own + other), freedom))


@dataclass(frozen=True)
class Beside:
    """One number of ours and of theirs, and what is known of how ours came about."""

    ours: Mean
    theirs: Printed | None
    budget: float
    failed: int


def verdicts(table: PublishedTable, numbers: Sequence[Beside]) -> list[tuple[str, float | None]]:
    """The verdict on each number of one table, and its p, corrected for all that are tested of it (Holm 1979).

    Only whole trainings of several seeds, none of which failed, are compared. *agrees* means that the two cannot be
    told apart with these errors.
    """
    reasons = [_reason(table, each) for each in numbers]
    tested = [each for each, reason in zip(numbers, reasons, strict=True) if not reason]
    found = iter(holm([p_value(each.ours, each.theirs, table) for each in tested if each.theirs is not None]))
    answers: list[tuple[str, float | None]] = []
    for reason in reasons:
        p = None if reason else next(found)
        answers.append((reason, None) if p is None else (DIFFERS if p < LEVEL else AGREES, p))
    return answers


def _reason(table: PublishedTable, each: Beside) -> str:
    """Why a number is not tested; "" where it is."""
    if each.theirs is None:
        return UNPRINTED
    if each.failed:
        return FAILED
    if each.budget < FULL:
        return REDUCED
    if table.compare == "order":
        return ORDER
    return ALONE if each.ours.se is None else ""


@dataclass(frozen=True)
class OrderAgreement:
    """Kendall's τ between our order of rows and theirs, and the one-sided p of so much agreement by chance."""

    tau: float
    p: float
    rows: int


def order_agreement(ours: Sequence[float], theirs: Sequence[float]) -> OrderAgreement | None:
    """How far two lists of numbers agree in their order (Kendall 1938); None of fewer than three."""
    if len(ours) < 3:
        return None
    from scipy.stats import kendalltau

    found = kendalltau(ours, theirs, alternative="greater")
    return (
        None if math.isnan(found.statistic) else OrderAgreement(float(found.statistic), float(found.pvalue), len(ours))
    )
