"""Exact nearest neighbours in a training set: screened by blocked BLAS, settled by direct float64 differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics import arrays
from ganzoo.metrics.arrays import checked, same_width
from ganzoo.metrics.base import Features, Index, Reference
from ganzoo.metrics.distances import Cloud, below, centre_of, cut, precision, scale_of
from ganzoo.metrics.shortlist import Shortlist


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
        self._answers: list[tuple[Features, Features, NDArray[np.int64]]] = []

    def nearest(self, points: Features) -> tuple[Features, NDArray[np.int64]]:
        """Return for points [m, d] the distance to the nearest training sample [m] and that sample's row [m].

        The answers for the last two arrays are cached, as two metrics ask about the same generated and held-out ones.
        """
        for cached, distance, row in self._answers:
            if cached is points:
                return distance, row
        same_width(self.train.shape[1], points)
        distance, row = self._search(points, None)
        self._answers = [*self._answers[-1:], (points, distance, row)]
        return distance, row

    def train_distance(self, rows: NDArray[np.int64]) -> Features:
        """Return the distance [m] of the training samples ``rows`` [m] to the nearest other training sample."""
        unknown = np.unique(rows[np.isnan(self._distances[rows])])
        if len(unknown):
            self._distances[unknown] = self._search(self.train[unknown], unknown)[0]
        return self._distances[rows]

    def _search(self, points: Features, skip: Index | None) -> tuple[Features, Index]:
        """Find the nearest training row of each point, leaving out its row ``skip`` [m] where given."""
        scale = scale_of(points, self.train) if len(points) else 1.0
        dtype = precision(len(points), *self.train.shape)
        squared, row = np.empty(len(points)), np.empty(len(points), dtype=np.int64)
        for part in cut(0, len(points), 4 * math.isqrt(arrays.PANEL)):
            cloud = Cloud.of(points[part], self._centre, scale, dtype)
            squared[part], row[part] = self._nearest(cloud, None if skip is None else skip[part])
        return np.sqrt(squared) / scale, row

    def _nearest(self, points: Cloud, skip: Index | None) -> tuple[Features, Index]:
        short = Shortlist(points, self.train, 1)
        side = math.isqrt(arrays.PANEL)
        for columns in cut(0, len(self.train), side):
            train = Cloud.of(self.train[columns], self._centre, points.scale, points.table.dtype.type)
            for rows in cut(0, len(points.x), side):
                panel = points.lower(rows, train, slice(None))
                if skip is not None:
                    _leave_out(panel, skip[rows] - columns.start)
                _offer_nearest(short, points, train, rows.start, columns.start, panel)
        return short.nearest()


def _leave_out(panel: NDArray[np.floating[Any]], columns: Index) -> None:
    here = np.flatnonzero((columns >= 0) & (columns < panel.shape[1]))
    panel[here, columns[here]] = np.inf


def _offer_nearest(
    short: Shortlist, points: Cloud, train: Cloud, row: int, column: int, panel: NDArray[np.floating[Any]]
) -> None:
    """Offer what a panel of lower bounds holds; its first row and column stand for ``row`` and ``column``."""
    rows, best = np.arange(row, row + len(panel)), panel.argmin(axis=1)
    low = panel[np.arange(len(panel)), best].astype(np.float64)
    short.lower(rows, low + points.margin(rows, train, best))
    weak = np.flatnonzero((low < np.inf) & (points.weak(short.limit)[rows]) & (short.limit[rows] > -np.inf))
    short.probe(rows[weak], best[weak, None] + column)
    i, j = below(panel, short.limit[rows, None])
    short.offer(rows[i], j + column, panel[i, j].astype(np.float64), points.margin(rows[i], train, j))


def train_index(reference: Reference) -> TrainIndex:
    """Return the index of a reference's training set, made once."""
    return reference.once("train_index", lambda: TrainIndex(reference.train))
