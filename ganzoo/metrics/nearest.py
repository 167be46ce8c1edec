"""Exact nearest neighbours in a training set: screened by blocked BLAS, settled by direct float64 differences."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics import arrays
from ganzoo.metrics.arrays import checked, same_width
from ganzoo.metrics.base import Features, Index, Reference
from ganzoo.metrics.distances import Cloud, below, centre_of, cut, precision, scale_of, squared_differences
from ganzoo.metrics.shortlist import Shortlist

NEIGHBOURS = 5
"""Of the training samples near a point, the last whose distance is told: the nearer ones are its surroundings."""

_ROOM = 1 << 12
"""Pairs held beside four times k per point: those of one panel lower the limits for the next."""


class TrainIndex:
    """The training set [n, d], ready to be asked for nearest neighbours.

    Answers are exact: every training sample that rounding leaves in question is measured by differences in float64; of
    those equally near, the first counts (of several exact copies, any). Memory beside the features is O(block · d).
    Distances between training samples are computed for the samples asked for only, once each.
    Raises ScoreError for bad values or fewer than two rows.
    """

    def __init__(self, train: Features) -> None:
        self.train = checked(train, "the training features", least=2, keep_single=True)
        self._centre = centre_of(self.train)
        self._distances = np.full(len(self.train), np.nan)
        self._answers: list[_Answer] = []

    def nearest(self, points: Features) -> tuple[Features, NDArray[np.int64]]:
        """Return for points [m, d] the distance to the nearest training sample [m] and that sample's row [m]."""
        found = self._answer(points)
        return found.distance, found.row

    def reach(self, points: Features) -> Features:
        """Return for points [m, d] the distance to the fifth nearest training sample [m], or to the last of fewer."""
        return self._answer(points).farthest

    def _answer(self, points: Features) -> _Answer:
        """The answers for the last two arrays are cached: metrics ask about the same generated and held-out ones."""
        for each in self._answers:
            if each.points is points:
                return each
        same_width(self.train.shape[1], points)
        found = _Answer(points, *self._search(points, None, min(NEIGHBOURS, len(self.train))))
        self._answers = [*self._answers[-1:], found]
        return found

    def train_distance(self, rows: NDArray[np.int64]) -> Features:
        """Return the distance [m] of the training samples ``rows`` [m] to the nearest other training sample."""
        unknown = np.unique(rows[np.isnan(self._distances[rows])])
        if len(unknown):
            self._distances[unknown] = self._search(self.train[unknown], unknown, 1)[0]
        return self._distances[rows]

    def neighbours(self) -> tuple[Features, NDArray[np.int64]]:
        """Return the distance of every training sample to the nearest other one [n], and that one's row [n]."""
        distance, row, _ = self._search(self.train, np.arange(len(self.train)), 1)
        return distance, row

    def _search(self, points: Features, skip: Index | None, k: int) -> tuple[Features, Index, Features]:
        """Find the nearest training row of each point and how far the k-th is, leaving out its row ``skip`` [m]."""
        scale = scale_of(points, self.train) if len(points) else 1.0
        dtype = precision(len(points), *self.train.shape)
        squared, row, farthest = np.empty(len(points)), np.empty(len(points), dtype=np.int64), np.empty(len(points))
        for part in cut(0, len(points), 4 * math.isqrt(arrays.PANEL)):
            cloud = Cloud.of(points[part], self._centre, scale, dtype)
            found = self._nearest(cloud, None if skip is None else skip[part], k)
            squared[part], row[part], farthest[part] = found
        return np.sqrt(squared) / scale, row, np.sqrt(farthest) / scale

    def _nearest(self, points: Cloud, skip: Index | None, k: int) -> tuple[Features, Index, Features]:
        short = Shortlist(points, self.train, k, room=_ROOM)
        side = math.isqrt(arrays.PANEL)
        for columns in cut(0, len(self.train), side):
            train = Cloud.of(self.train[columns], self._centre, points.scale, points.table.dtype.type)
            for rows in cut(0, len(points.x), side):
                panel = points.lower(rows, train, slice(None))
                if skip is not None:
                    _leave_out(panel, skip[rows] - columns.start)
                _offer_nearest(short, points, train, rows.start, columns.start, panel)
        return short.nearest()


class _Answer(NamedTuple):
    """What was asked about, and what was found."""

    points: Features
    distance: Features
    row: Index
    farthest: Features


def _leave_out(panel: NDArray[np.floating[Any]], columns: Index) -> None:
    here = np.flatnonzero((columns >= 0) & (columns < panel.shape[1]))
    panel[here, columns[here]] = np.inf


def _lower_limits(
    short: Shortlist, points: Cloud, train: Cloud, rows: Index, column: int, panel: NDArray[np.floating[Any]]
) -> None:
    """Bring the limits down to the k nearest of a panel, which are measured where rounding would blur them."""
    k = short.k
    best = panel.argmin(axis=1)[:, None] if k == 1 else np.argpartition(panel, k - 1, axis=1)[:, :k]
    low = np.take_along_axis(panel, best, axis=1).astype(np.float64)
    margin = points.margin(np.repeat(rows, k), train, best.ravel()).reshape(-1, k)
    short.lower(rows, (low + margin).max(axis=1))
    blurred = (low < np.inf).all(axis=1) & points.weak(short.limit)[rows] & (short.limit[rows] > -np.inf)
    weak = np.flatnonzero(blurred)
    short.probe(rows[weak], best[weak] + column)


def _offer_nearest(
    short: Shortlist, points: Cloud, train: Cloud, row: int, column: int, panel: NDArray[np.floating[Any]]
) -> None:
    """Offer what a panel of lower bounds holds; its first row and column stand for ``row`` and ``column``."""
    rows = np.arange(row, row + len(panel))
    if short.k == 1 or column == 0:  # later panels of the training set lower no limit of several by themselves
        _lower_limits(short, points, train, rows, column, panel)
    i, j = below(panel, short.limit[rows, None])
    short.offer(rows[i], j + column, panel[i, j].astype(np.float64), points.margin(rows[i], train, j))


def train_index(reference: Reference) -> TrainIndex:
    """Return the index of a reference's training set, made once."""
    return reference.once("train_index", lambda: TrainIndex(reference.train))


def several_nearest(points: Features, train: Features, k: int) -> tuple[Features, NDArray[np.int64]]:
    """Return for a few points [m, d] the distances to the k nearest of ``train`` [n, d] and their rows, both [m, k].

    Nearest first, of those equally near the first row first; exact, as every pair is measured by differences in
    float64. Time is O(m · n · d). Raises ScoreError for bad values, and for fewer than k rows.
    """
    points = checked(points, "the samples", keep_single=True)
    train = checked(train, "the training features", least=k, keep_single=True)
    same_width(train.shape[1], points)
    scale, every = scale_of(points, train), np.arange(len(train))
    distances, rows = np.empty((len(points), k)), np.empty((len(points), k), dtype=np.int64)
    for i in range(len(points)):
        squared = squared_differences(points, np.full(len(train), i), train, every, scale)
        rows[i] = np.argsort(squared, kind="stable")[:k]
        distances[i] = np.sqrt(squared[rows[i]]) / scale
    return distances, rows
