"""Mean and covariance of a feature set: all that a Fréchet distance needs of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import blocks, checked
from ganzoo.metrics.base import Features


@dataclass(frozen=True)
class Moments:
    """A Gaussian fit of features."""

    mean: Features
    """[d]"""
    covariance: Features
    """[d, d], over n − 1."""
    n: int | None = None
    """Rows behind it; None where another tool's file does not say."""


def moments(x: Features, what: str = "the features") -> Moments:
    """Fit features [n, d]. Raises ScoreError for bad shapes or values, or fewer than two rows."""
    x = checked(x, what, least=2, keep_single=True)
    mean = x.mean(axis=0, dtype=np.float64)
    return Moments(mean, covariance(x, mean), len(x))


def covariance(x: Features, mean: Features) -> Features:
    """Return the covariance [d, d] over n − 1 of checked features [n, d] about their float64 mean.

    float32 features are widened block by block, so that beyond ``x`` it holds one block of rows.
    """
    from scipy.linalg.blas import dsyrk

    d = x.shape[1]
    total = np.zeros((d, d), order="F")
    for block in blocks(len(x), d):
        # Half the arithmetic of a general product; the block's transpose is column-major, as BLAS wants it.
        total = dsyrk(1.0, (x[block] - mean).T, beta=1.0, c=total, lower=1, overwrite_c=1)
    total /= len(x) - 1
    return _mirrored(total)


def _mirrored(lower: Features, step: int = 256) -> Features:
    """Copy the lower triangle to the upper, in tiles that fit the cache."""
    d = len(lower)
    for start in range(0, d, step):
        end = min(start + step, d)
        lower[start:end, end:] = lower[end:, start:end].T
        tile = lower[start:end, start:end]
        tile[...] = np.tril(tile) + np.tril(tile, -1).T
    return lower


def checked_moments(fit: Moments, what: str) -> Moments:
    """Return ``fit`` in float64; ``what`` names it in errors ("the statistics of the reference").

    Raises ScoreError unless the mean is a finite [d], the covariance a finite, symmetric [d, d] without a negative
    variance, and ``n``, where known, at least 2.
    """
    mean, matrix = np.asarray(fit.mean), np.asarray(fit.covariance)
    name = what[:1].upper() + what[1:]
    if mean.dtype.kind not in "fiu" or matrix.dtype.kind not in "fiu":
        raise ScoreError(f"{name} are of types {mean.dtype} and {matrix.dtype}, where real numbers are needed.")
    if mean.ndim != 1 or matrix.shape != (len(mean), len(mean)) or not len(mean):
        raise ScoreError(f"{name} have shapes {mean.shape} and {matrix.shape}, where [d] and [d, d] are needed.")
    mean, matrix = mean.astype(np.float64, copy=False), matrix.astype(np.float64, copy=False)
    if not (np.isfinite(mean).all() and np.isfinite(matrix).all()):
        raise ScoreError(f"{name} hold NaN or infinite values.")
    diagonal = matrix.diagonal()
    if diagonal.min() < 0:
        raise ScoreError(f"{name} hold a negative variance, first for feature {int(np.argmax(diagonal < 0))}.")
    # Two products with one vector see an asymmetry at a tenth of the price of comparing all entries.
    probe = np.cos(np.arange(len(mean)))
    if np.abs(matrix @ probe - probe @ matrix).max() > 1e-6 * diagonal.sum():
        raise ScoreError(f"{name} hold a covariance that is not symmetric.")
    if fit.n is not None and fit.n < 2:
        raise ScoreError(f"{name} come from {fit.n} rows, where at least 2 are needed.")
    return Moments(mean, matrix, fit.n)
