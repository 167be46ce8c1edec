"""One pass over features of any number: sums that add across batches, shards and workers, and the metrics they give.

Fréchet distance, Inception Score and Vendi score of any order need no more of a sample than means and scatter matrices;
memory is O(width²) and does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, same_width, unit_rows
from ganzoo.metrics.base import Features
from ganzoo.metrics.fid import Target, moments_distance
from ganzoo.metrics.fid_routes import inner, maps_of, squared_lengths
from ganzoo.metrics.inception import log_softmax
from ganzoo.metrics.moments import Moments
from ganzoo.metrics.scatter import Scatter
from ganzoo.metrics.shares import alone
from ganzoo.metrics.stored_rows import StoredRows
from ganzoo.metrics.vendi import order_score
from ganzoo.types import Estimate

STORED = 10_000
"""Rows stored for standard errors, unless told otherwise."""


class FeatureSums:
    """Sums over feature rows, and the first few rows themselves for standard errors.

    ``width``: features of a row, d. ``shift`` [d]: a point near the rows (the reference mean) that sums are taken
    about, by default the first row. ``logits``: how many logits a row has, 0 without an Inception Score. ``stored``:
    how many rows are stored, in float32; rows should come in random order, since these stand for all. ``units``:
    whether to sum what the Vendi score needs. Values agree with the metrics of whole arrays to rounding, whatever the
    batches. Raises ScoreError for sizes that cannot be.
    """

    def __init__(
        self,
        width: int,
        *,
        shift: Features | None = None,
        logits: int = 0,
        stored: int = STORED,
        units: bool = True,
    ) -> None:
        if width < 1 or min(logits, stored) < 0:
            raise ScoreError(f"No sums have width {width}, {logits} logits and {stored} stored rows.")
        self.width, self.logits, self.units = width, logits, units
        self._shift = None if shift is None else self._fitting(np.asarray(shift)[None], "the values of the shift")[0]
        self._features = Scatter(width)
        self._judged = Scatter(logits + 1) if logits else None  # of rows [Σ p log p, p]
        self._units = Scatter(width + 1) if units else None  # of unit rows; the last column marks rows of zeros
        self._stored = StoredRows(stored, width)

    @property
    def n(self) -> int:
        """Rows seen."""
        return self._features.n

    def add(self, features: Features, logits: Features | None = None) -> None:
        """Take rows [m, d] and, where these sums were made for them, logits [m, k].

        Raises ScoreError for wrong shapes and values that are not finite, naming the row of this batch; nothing is
        added then.
        """
        x = self._fitting(features, f"the features added after {self.n} rows")
        log_p = None if logits is None and not self.logits else log_softmax(self._checked_logits(logits, len(x)))
        self._stored.add(x)
        if self._shift is None:
            self._shift = x[0].copy()
        if self._units is not None:
            self._units.add(np.column_stack(unit_rows(x)))
        if self._judged is not None and log_p is not None:
            p = np.exp(log_p)
            self._judged.add(np.column_stack([np.einsum("ij,ij->i", p, log_p), p]))
        self._features.add(x - self._shift)

    def _fitting(self, x: object, what: str) -> Features:
        rows = checked(x, what)
        if rows.shape[1] != self.width:
            raise ScoreError(f"T{what[1:]} have width {rows.shape[1]}, where these sums take {self.width}.")
        return rows

    def _checked_logits(self, logits: object, m: int) -> Features:
        if logits is None or not self.logits:
            raise ScoreError(f"These sums were made for {self.logits} logits a row: give exactly as many.")
        checked_logits = checked(logits, f"the logits added after {self.n} rows")
        if checked_logits.shape != (m, self.logits):
            raise ScoreError(f"The logits have shape {checked_logits.shape}, where {(m, self.logits)} is needed.")
        return checked_logits

    def merge(self, other: FeatureSums) -> None:
        """Take the rows behind ``other``, which stays as it is; its shift may differ.

        The stored rows are the first of both after each other, as many as the smaller limit. Raises ScoreError where
        the two were made for different widths, logits or units.
        """
        for name in ("width", "logits", "units"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise ScoreError(f"Sums made for different {name} ({mine} and {theirs}) cannot be merged.")
        self._stored.merge(other._stored)
        if other._shift is None:
            return
        if self._shift is None:
            self._shift = other._shift
        self._features.merge(other._features, other._shift - self._shift)
        for mine, theirs in ((self._judged, other._judged), (self._units, other._units)):
            if mine is not None and theirs is not None:
                mine.merge(theirs)

    def __add__(self, other: FeatureSums) -> FeatureSums:
        """Return the sums over the rows of both, which stay as they are."""
        total = FeatureSums(self.width, logits=self.logits, stored=self._stored.limit, units=self.units)
        total.merge(self)
        total.merge(other)
        return total

    def moments(self) -> Moments:
        """Return mean and covariance of all rows. Raises ScoreError for fewer than two."""
        shift = 0.0 if self._shift is None else self._shift
        return Moments(self._features.mean + shift, self._features.covariance(), self.n)

    def frechet(self, target: Target) -> Estimate:
        """Return the Fréchet distance of all rows from the reference; see ``fid.frechet_distance``.

        The standard error is √(var φ/n) with the influence φ taken over the stored rows, None where fewer than two are.
        Raises ScoreError for another width, or fewer than two rows.
        """
        return _distance(target, self.moments(), self._stored.rows())

    def inception_score(self) -> Estimate:
        """Return exp(mean KL(p(y|x) ‖ p(y))) over all rows as one split; within 1 … k.

        The standard error is the delta method's, std(KL_i)·score/√n, and exact: the variance of KL_i is a quadratic
        form of the covariance of [Σ p log p, p]. Raises ScoreError without logits or for fewer than two rows.
        """
        if self._judged is None:
            raise ScoreError("The inception score needs logits, and these sums were made without.")
        covariance = self._judged.covariance()
        mean_p = self._judged.mean[1:]
        seen = mean_p > 0  # a class whose every probability underflows adds nothing
        log_q = np.log(np.where(seen, mean_p, 1.0))
        form = np.concatenate([[1.0], -log_q])
        score = float(np.exp(form @ self._judged.mean))
        return alone(score, score * max(float(form @ covariance @ form), 0.0) ** 0.5 / self.n**0.5, self.n)

    def vendi_score(self, q: float = 1.0) -> Estimate:
        """Return the Vendi score of order ``q`` over all rows; see ``vendi.vendi_score``. It grows with n.

        The standard error is the delta method's over the stored rows, None where fewer than two are, or at q = 0.
        Raises ScoreError for sums made without units, fewer than two rows, or a negative q.
        """
        if self._units is None:
            raise ScoreError("The Vendi score needs sums of unit rows, and these were made without.")
        if self.n < 2:
            raise ScoreError(f"The Vendi score needs at least 2 rows, but there are {self.n}.")
        values, vectors = np.linalg.eigh(self._units.second_moment())
        real = values > 8 * len(values) * float(np.finfo(np.float64).eps)
        score, slopes = order_score(values[real], q)
        rows = self._stored.rows()
        if slopes is None or len(rows) < 2:
            return Estimate(score, None, self.n)
        weights = (np.column_stack(unit_rows(rows)) @ vectors[:, real]) ** 2
        return alone(score, float((weights @ slopes).std(ddof=1)) / self.n**0.5, self.n)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as named arrays, for ``from_arrays``."""
        arrays = self._stored.arrays()
        if self._shift is not None:
            arrays["shift"] = self._shift
        parts = {"feature": self._features, "logit": self._judged, "unit": self._units}
        for name, scatter in parts.items():
            arrays |= scatter.arrays(name) if scatter is not None else {}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> FeatureSums:
        """Put back what ``arrays`` gave. Raises KeyError for one that is missing, ScoreError for one that cannot be."""
        features = Scatter.from_arrays(arrays, "feature")
        width = len(features.mean)
        judged = Scatter.from_arrays(arrays, "logit") if "logit_n" in arrays else None
        units = Scatter.from_arrays(arrays, "unit", width + 1) if "unit_n" in arrays else None
        made = cls(
            width,
            shift=arrays.get("shift"),
            logits=len(judged.mean) - 1 if judged is not None else 0,
            stored=0,
            units=units is not None,
        )
        made._features, made._judged, made._units = features, judged, units
        made._stored = StoredRows.from_arrays(arrays, width)
        made._check_counts()
        return made

    def _check_counts(self) -> None:
        counts = [scatter.n for scatter in (self._judged, self._units) if scatter is not None]
        if any(count != self.n for count in counts) or len(self._stored.rows()) != min(self.n, self._stored.limit):
            raise ScoreError("These sums are over different numbers of rows.")
        if self.n and self._shift is None:
            raise ScoreError("There is no 'shift', which these sums are about.")


def _distance(goal: Target, fit: Moments, rows: Features) -> Estimate:
    """Return the distance of a fit, with the error that φ (see ``fid.frechet_distance``) at some rows [r, d] gives."""
    same_width(len(goal.mean), fit.covariance)
    n = fit.n or 0
    if len(rows) < 2:
        return Estimate(moments_distance(goal, fit), None, n)
    maps = maps_of(inner(goal.factor, fit.covariance), goal.factor, min(n, goal.n or n) - 1)
    shift = fit.mean - goal.mean
    plain, mapped = squared_lengths(rows, fit.mean, maps.onward)
    influence = 2 * (rows - fit.mean) @ shift + plain - mapped
    value = float(shift @ shift) + goal.trace + float(np.trace(fit.covariance)) - 2 * maps.root
    return Estimate(max(value, 0.0), float(influence.std(ddof=1)) / n**0.5, n)
