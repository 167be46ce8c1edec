"""Exact nearest training neighbours: candidates by blocked BLAS, then direct float64 differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics.arrays import blocks, checked, left, right, same_width
from ganzoo.metrics.base import Features, Reference

CANDIDATES = 3
"""How many of the nearest are measured again directly: BLAS distances are blind below about 1e-7 of the norms."""


class TrainIndex:
    """The training set [n, d], ready to be asked for nearest neighbours.

    Distances between training samples are computed for the samples asked for only, once each.
    Raises ScoreError for bad values or fewer than two rows.
    """

    def __init__(self, train: Features) -> None:
        self.train = checked(train, "the training features", least=2)
        self._centre = self.train.mean(axis=0)
        self._targets = right(self.train - self._centre)
        self._own = np.full(len(self.train), np.nan)
        self._kept: list[tuple[Features, Features, NDArray[np.int64]]] = []

    def nearest(self, points: Features) -> tuple[Features, NDArray[np.int64]]:
        """Return for points [m, d] the distance to the nearest training sample [m] and that sample's row [m].

        The answers for the last two arrays are kept, as two metrics ask about the same generated and held-out ones.
        """
        for kept, distance, row in self._kept:
            if kept is points:
                return distance, row
        same_width(self.train.shape[1], points)
        distance, row = self._search(points, None)
        self._kept = [*self._kept[-1:], (points, distance, row)]
        return distance, row

    def own_distance(self, rows: NDArray[np.int64]) -> Features:
        """Return the distance [m] of the training samples ``rows`` [m] to the nearest other training sample."""
        unknown = np.unique(rows[np.isnan(self._own[rows])])
        if len(unknown):
            self._own[unknown] = self._search(self.train[unknown], unknown)[0]
        return self._own[rows]

    def _search(self, points: Features, skip: NDArray[np.int64] | None) -> tuple[Features, NDArray[np.int64]]:
        """Find the nearest training row of each point, leaving out its row ``skip`` [m] where given."""
        sources = left(points - self._centre)
        count = min(CANDIDATES, len(self.train) - (skip is not None))
        distance, found = np.full(len(points), np.inf), np.zeros(len(points), dtype=np.int64)
        for block in blocks(len(points), len(self.train)):
            panel = sources[block] @ self._targets.T
            every = np.arange(len(panel))
            if skip is not None:
                panel[every, skip[block]] = np.inf
            for _ in range(count):
                candidate = panel.argmin(axis=1)
                panel[every, candidate] = np.inf
                exact = np.linalg.norm(points[block] - self.train[candidate], axis=1)
                closer = exact < distance[block]
                distance[block][closer] = exact[closer]
                found[block][closer] = candidate[closer]
        return distance, found


def train_index(reference: Reference) -> TrainIndex:
    """Return the index of a reference's training set, made once."""
    return reference.once("train_index", lambda: TrainIndex(reference.train))
