"""Repeats within the generated set: how many of the samples are nearly the same as another one.

Not how near they are to the training set (copying.py), nor how varied the set is as a whole (vendi.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ganzoo.metrics.arrays import blocks, checked_pair, squared_norms
from ganzoo.metrics.base import Features, Index, Influence, Metric, Reference, Sets
from ganzoo.metrics.nearest import TrainIndex
from ganzoo.metrics.shares import estimate, estimates, near_share_influence
from ganzoo.types import Estimate

MOST = 10_000
"""Rows of a side that are looked at: all pairs of more take longer than they tell."""
LEAST = 20
"""Real samples below which that quantile lies beyond the nearest two of them."""


def repeated_share(real: Features, fake: Features) -> Estimate:
    """Return the share (0 … 1) of generated rows [m, d] as near to another one as the nearest 5 % of real rows [n, d].

    Near is by the distance to the nearest other row of the same set over the root mean square distance to all of them,
    so that features that contract make no repeats. Nearest distances shrink as sets grow, so only the first min(n, m,
    10,000) rows of each are used: pass rows in random order. τ is the 5 % quantile over the real rows at rank
    0.05 (n+1); real samples score 0.05 on average, a set that holds each of its samples twice 1. Rows at τ count.
    The standard error takes the reference as exact, and counts for each row those that only it makes repeats.
    Raises ScoreError for bad shapes or values, or fewer than 20 rows on a side.
    """
    return estimate(repeat_influence(real, fake))


def repeat_influence(real: Features, fake: Features, reference: Reference | None = None) -> Influence:
    """Return the rows of ``repeated_share``: a row counts itself, and those that have their nearest in it.

    ``reference`` keeps what is known of its rows ``real`` for the next call.
    """
    real, fake = checked_pair(real, fake, least=LEAST, keep_single=True)
    n = min(len(real), len(fake), MOST)
    key = f"repeats/{n}"
    usual = reference.once(key, lambda: _closeness(real[:n])[0]) if reference is not None else _closeness(real[:n])[0]
    near, other = _closeness(fake[:n])
    rows = near_share_influence(near, usual)
    leaned_on = np.bincount(other[rows.fake > 0], minlength=n)
    return replace(rows, fake=rows.fake + leaned_on, given=True)


def _closeness(x: Features) -> tuple[Features, Index]:
    """Return for each row its distance to the nearest other over that to all others [n], and which one is nearest."""
    distance, row = TrainIndex(x).neighbours()
    mean = x.mean(axis=0, dtype=np.float64)
    squares = np.concatenate([squared_norms(x[block] - mean) for block in blocks(*x.shape)])
    apart = np.sqrt((len(x) * squares + squares.sum()) / (len(x) - 1))
    return np.divide(distance, apart, out=np.zeros(len(x)), where=apart > 0), row


def _repeats(sets: Sets) -> dict[str, Influence]:
    if min(len(sets.reference.real), len(sets.fake)) < LEAST:
        return {}
    return {"repeats": repeat_influence(sets.reference.real, sets.fake, sets.reference)}


REPEATS = Metric(
    name="repeats",
    summary="Share of samples as near to another generated one as the nearest 5 % of real ones are to theirs",
    columns=("repeats",),
    compute=lambda sets: estimates(_repeats(sets)),
    influence=_repeats,
    needs=("real",),
    better="lower",
)
