"""The first rows of a stream, stored for standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Features, Labels
from ganzoo.metrics.scatter import whole


class StoredRows:
    """Up to ``limit`` feature rows [r, width] in float32, and their labels [r] where they have any."""

    def __init__(self, limit: int, width: int) -> None:
        self.limit = limit
        self._rows = [np.empty((0, width), np.float32)]
        self._labels: list[Labels] = [np.empty(0, np.int64)]

    def add(self, x: Features, labels: Labels | None) -> None:
        """Keep what still fits of rows [m, width]. Raises ScoreError for values that float32 cannot hold."""
        free = self.limit - sum(map(len, self._rows))
        if free <= 0:
            return
        with np.errstate(over="ignore"):
            rows = x[:free].astype(np.float32)
        if not np.isfinite(rows).all():
            raise ScoreError("The features are too large for float32, in which rows are stored for standard errors.")
        self._rows.append(rows)
        if labels is not None:
            self._labels.append(labels[:free])

    def merge(self, other: StoredRows) -> None:
        """Append the rows of ``other``, up to the smaller of both limits."""
        self.limit = min(self.limit, other.limit)
        self._rows = [np.concatenate([*self._rows, *other._rows])[: self.limit]]
        self._labels = [np.concatenate([*self._labels, *other._labels])[: self.limit]]

    def rows(self) -> Features:
        """Return the rows [r, width] in float64."""
        return np.concatenate(self._rows).astype(np.float64)

    def labels(self) -> Labels:
        """Return their labels [r], or [0] where rows have none."""
        return np.concatenate(self._labels)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return ``kept_limit``, ``kept_rows`` and ``kept_labels``: all there is."""
        return {
            "kept_limit": np.array(self.limit),
            "kept_rows": np.concatenate(self._rows),
            "kept_labels": self.labels(),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], width: int, classes: int) -> StoredRows:
        """Put back what ``arrays`` gave. Raises KeyError for one that is missing, ScoreError for one that cannot be."""
        limit, rows, labels = whole(arrays, "kept_limit"), arrays["kept_rows"], arrays["kept_labels"]
        if rows.ndim != 2 or rows.shape[1] != width or rows.dtype != np.float32 or len(rows) > limit:
            raise ScoreError(f"'kept_rows' is {rows.dtype}{rows.shape}, not up to {limit} float32 rows of {width}.")
        if not np.isfinite(rows).all():
            raise ScoreError("'kept_rows' holds NaN or infinite values.")
        if labels.shape != (len(rows) if classes else 0,) or labels.dtype.kind not in "iu":
            raise ScoreError(f"'kept_labels' is {labels.dtype}{labels.shape}, which does not fit the stored rows.")
        if len(labels) and not 0 <= labels.min() <= labels.max() < classes:
            raise ScoreError(
                f"'kept_labels' reach from {labels.min()} to {labels.max()}, outside of {classes} classes."
            )
        made = cls(limit, width)
        made._rows, made._labels = [rows], [labels.astype(np.int64)]
        return made
