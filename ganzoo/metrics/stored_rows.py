"""The first rows of a stream, stored for standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Features
from ganzoo.metrics.scatter import whole


class StoredRows:
    """Up to ``limit`` feature rows [r, width] in float32."""

    def __init__(self, limit: int, width: int) -> None:
        self.limit = limit
        self._rows = [np.empty((0, width), np.float32)]

    def add(self, x: Features) -> None:
        """Keep what still fits of rows [m, width]. Raises ScoreError for values that float32 cannot hold."""
        free = self.limit - sum(map(len, self._rows))
        if free <= 0:
            return
        with np.errstate(over="ignore"):
            rows = x[:free].astype(np.float32)
        if not np.isfinite(rows).all():
            raise ScoreError("The features are too large for float32, in which rows are stored for standard errors.")
        self._rows.append(rows)

    def merge(self, other: StoredRows) -> None:
        """Append the rows of ``other``, up to the smaller of both limits."""
        self.limit = min(self.limit, other.limit)
        self._rows = [np.concatenate([*self._rows, *other._rows])[: self.limit]]

    def rows(self) -> Features:
        """Return the rows [r, width] in float64."""
        return np.concatenate(self._rows).astype(np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return ``kept_limit`` and ``kept_rows``: all there is."""
        return {"kept_limit": np.array(self.limit), "kept_rows": np.concatenate(self._rows)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], width: int) -> StoredRows:
        """Put back what ``arrays`` gave. Raises KeyError for one that is missing, ScoreError for one that cannot be."""
        limit, rows = whole(arrays, "kept_limit"), arrays["kept_rows"]
        if rows.ndim != 2 or rows.shape[1] != width or rows.dtype != np.float32 or len(rows) > limit:
            raise ScoreError(f"'kept_rows' is {rows.dtype}{rows.shape}, not up to {limit} float32 rows of {width}.")
        if not np.isfinite(rows).all():
            raise ScoreError("'kept_rows' holds NaN or infinite values.")
        made = cls(limit, width)
        made._rows = [rows]
        return made
