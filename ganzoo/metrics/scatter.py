"""Mean and scatter of rows that pass by once: the sum behind every streaming metric.

Chan, Golub & LeVeque 1979, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances": sums are
kept about the mean of what was seen, so nothing cancels however far the rows lie from the origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Features


class Scatter:
    """n, Σx/n and Σ(x−x̄)(x−x̄)ᵀ of rows [n, d]; two of them add to that of all rows."""

    def __init__(self, width: int) -> None:
        self.n = 0
        self.mean: Features = np.zeros(width)
        # BLAS adds into the upper triangle of a column-major matrix in place: no second matrix is ever made.
        self._upper: Features = np.zeros((width, width), order="F")

    def add(self, x: Features) -> None:
        """Take rows [m, d], m ≥ 1, of finite float64 values."""
        from scipy.linalg.blas import dsyrk

        mean = x.mean(axis=0)
        centred = x - mean
        self._upper = dsyrk(1.0, centred.T, beta=1.0, c=self._upper, overwrite_c=True)
        self._shift(len(x), mean)

    def merge(self, other: Scatter, offset: Features | float = 0.0) -> None:
        """Take the rows behind ``other``, each moved by ``offset`` [d]; ``other`` stays as it is."""
        if other.n:
            self._upper += other._upper
            self._shift(other.n, other.mean + offset)

    def _shift(self, n: int, mean: Features) -> None:
        """Count the distance of the new rows' mean from the old one, and move the mean."""
        from scipy.linalg.blas import dsyr

        step, total = mean - self.mean, self.n + n
        self._upper = dsyr(self.n * n / total, step, a=self._upper, overwrite_a=True)
        self.mean = self.mean + step * (n / total)
        self.n = total

    def matrix(self) -> Features:
        """Return Σ(x−x̄)(x−x̄)ᵀ [d, d]. Raises ScoreError where it overflows."""
        upper = np.triu(self._upper)
        full: Features = upper + np.triu(upper, 1).T
        if not np.isfinite(full).all():
            raise ScoreError("The features are so large that their covariance overflows.")
        return full

    def covariance(self) -> Features:
        """Return the covariance [d, d] over n − 1. Raises ScoreError for fewer than two rows."""
        if self.n < 2:
            raise ScoreError(f"A covariance needs at least 2 rows, but there are {self.n}.")
        return self.matrix() / (self.n - 1)

    def second_moment(self) -> Features:
        """Return Σxxᵀ/n [d, d] about the origin, for rows whose length is known to be about one."""
        return self.matrix() / max(self.n, 1) + np.outer(self.mean, self.mean)

    def copy(self) -> Scatter:
        """Return an independent copy."""
        other = Scatter(len(self.mean))
        other.merge(self)
        return other

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return ``prefix``_n, ``prefix``_mean [d] and ``prefix``_scatter [d, d]: all there is."""
        return {f"{prefix}_n": np.array(self.n), f"{prefix}_mean": self.mean, f"{prefix}_scatter": self.matrix()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str, width: int | None = None) -> Scatter:
        """Put back what ``arrays`` gave, of rows of this width where it is known.

        Raises KeyError for an array that is missing, ScoreError for one that cannot be.
        """
        n, mean, matrix = whole(arrays, f"{prefix}_n"), arrays[f"{prefix}_mean"], arrays[f"{prefix}_scatter"]
        if mean.ndim != 1 or mean.dtype.kind != "f" or not np.isfinite(mean).all():
            raise ScoreError(f"'{prefix}_mean' is no finite vector.")
        if width not in (None, len(mean)):
            raise ScoreError(f"'{prefix}_mean' has width {len(mean)}, where {width} is needed.")
        if matrix.shape != (len(mean), len(mean)) or matrix.dtype.kind != "f" or not np.isfinite(matrix).all():
            raise ScoreError(f"'{prefix}_scatter' is no finite matrix as wide as '{prefix}_mean'.")
        made = cls(0)
        made.n, made.mean, made._upper = n, mean.astype(np.float64), np.array(matrix, np.float64, order="F")
        return made


def whole(arrays: Mapping[str, NDArray[Any]], key: str) -> int:
    """Return an array that is one integer, 0 or more. Raises KeyError where it is missing, ScoreError otherwise."""
    value = arrays[key]
    if value.shape != () or value.dtype.kind not in "iu" or value < 0:
        raise ScoreError(f"'{key}' is no whole number, 0 or more.")
    return int(value)
