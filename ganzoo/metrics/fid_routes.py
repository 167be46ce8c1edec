"""The linear algebra of the Fréchet distance: factors of a covariance, and tr (S1 S2)^½ from them.

For any factor F of the reference covariance (S2 = F Fᵀ) the product S1 S2 has the eigenvalues of the symmetric Fᵀ S1 F,
so no square root of a non-symmetric matrix is ever taken. With F the Cholesky factor, LAPACK's ``dsygst`` makes Fᵀ S1 F
in half the arithmetic of two matrix products. Where there are fewer rows than features the rows themselves are the
factor: the trace is then the nuclear norm of Xc F / √(m−1), which rounding does not disturb.

T = F (Fᵀ S1 F)^−½ Fᵀ is the optimal map from N(μ1, S1) to N(μ2, S2). It is kept as W [d, k] with W Wᵀ = T.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import blocks
from ganzoo.metrics.base import Features

_EPS = float(np.finfo(np.float64).eps)


def factor_of_rows(centred: Features) -> Features:
    """Return the centred rows [n, d] themselves, scaled, as a factor [d, n] of their covariance."""
    rows: Features = np.asfortranarray(centred.T / np.sqrt(len(centred) - 1))
    return rows


def factor_of(covariance: Features, rank: int | None = None) -> Features:
    """Factor a covariance [d, d] of at most ``rank``: by Cholesky, or by its spectrum where it is singular."""
    from scipy.linalg.lapack import dpotrf

    if rank is None or rank >= len(covariance):
        lower, info = dpotrf(covariance, lower=1, clean=1)
        if info == 0:
            cholesky: Features = lower
            return cholesky
    return _spectral_factor(covariance, rank)


def _spectral_factor(covariance: Features, rank: int | None) -> Features:
    """Return V √λ over the eigenvalues that stand above rounding; [d, 0] for constant features."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > len(values) * _EPS * values.max()
    kept[: 0 if rank is None else max(0, len(values) - rank)] = False
    factor: Features = np.asfortranarray(vectors[:, kept] * np.sqrt(values[kept]))
    return factor


def _is_lower(factor: Features) -> bool:
    """Whether a factor [d, r] is a lower triangle; read by columns, as it is stored."""
    d, r = factor.shape
    return d == r and not any(factor[:j, j].any() for j in range(1, d))


def inner(factor: Features, covariance: Features) -> Features:
    """Return Fᵀ S1 F [r, r] for the other side's covariance [d, d]; only its lower triangle is filled in.

    Raises ScoreError where it overflows.
    """
    from scipy.linalg.lapack import dsygst

    if _is_lower(factor):
        product, _ = dsygst(covariance.T, factor, itype=2, lower=1)
    else:
        product = factor.T @ covariance @ factor
    return finite(product)


def finite(product: Features) -> Features:
    """Return ``product``. Raises ScoreError where it overflowed."""
    if not np.isfinite(product).all():
        raise ScoreError("The features are so large that their covariance overflows.")
    return product


def root(product: Features, rank: int | None = None) -> float:
    """Return Σ √λ over the ``rank`` largest eigenvalues of Fᵀ S1 F [r, r]; the others are known to be rounding."""
    from scipy.linalg import eigvalsh

    if not len(product):
        return 0.0
    return _sum_of_roots(eigvalsh(product, lower=True, overwrite_a=True, check_finite=False), rank)


def _sum_of_roots(ascending: Features, rank: int | None) -> float:
    start = 0 if rank is None else max(0, len(ascending) - rank)
    return float(np.sqrt(ascending[start:].clip(0)).sum())


def root_of_rows(centred: Features, factor: Features) -> float:
    """Return tr (S1 S2)^½ for centred rows [m, d], m ≤ d: singular values, or eigenvalues where r < m."""
    projected = finite(centred @ factor)
    m = len(projected)
    if m <= factor.shape[1]:
        return float(np.linalg.svd(projected, compute_uv=False).sum() / np.sqrt(m - 1))
    return root(finite(projected.T @ projected / (m - 1)), m - 1)


@dataclass(frozen=True)
class Maps:
    """tr (S1 S2)^½ and what the optimal maps between both fits are made of. Directions without spread are left out."""

    root: float
    values: Features
    """Singular values s [k] of Gᵀ F, S1 = G Gᵀ: square roots of the eigenvalues of Fᵀ S1 F, those above rounding."""
    vectors: Features
    """Their right singular vectors [r, k]."""
    onward: Features
    """W [d, k] of the map from the generated fit to the reference."""


def maps_of(product: Features, factor: Features, rank: int | None = None) -> Maps:
    """Take apart Fᵀ S1 F [r, r]; see ``root`` for ``rank``."""
    from scipy.linalg import eigh

    if not len(product):
        return Maps(0.0, np.zeros(0), np.zeros((0, 0)), np.zeros((len(factor), 0)))
    squares, vectors = eigh(product, lower=True, overwrite_a=True, check_finite=False, driver="evd")
    kept = squares > len(squares) * _EPS * max(squares.max(), 0.0)
    values, vectors = np.sqrt(squares[kept]), vectors[:, kept]
    return Maps(_sum_of_roots(squares, rank), values, vectors, factor @ (vectors / np.sqrt(values)))


def maps_of_rows(centred: Features, factor: Features) -> Maps:
    """The same from centred rows [m, d] with m ≤ d."""
    projected = finite(centred @ factor)
    m = len(projected)
    if m > factor.shape[1]:
        return maps_of(finite(projected.T @ projected / (m - 1)), factor, m - 1)
    _, values, vectors = np.linalg.svd(projected / np.sqrt(m - 1), full_matrices=False)
    total = float(values.sum())
    kept = values > m * _EPS * values.max(initial=0.0)
    values, vectors = values[kept], vectors[kept].T
    return Maps(total, values, vectors, factor @ (vectors / np.sqrt(values)))


def before_backward(maps: Maps, factor: Features) -> Features:
    """Return F V s^−3/2 [d, k]: S1 times it is W' of the map from the reference to the generated fit."""
    scaled: Features = factor @ (maps.vectors * maps.values**-1.5)
    return scaled


def squared_lengths(x: Features, mean: Features, onward: Features) -> tuple[Features, Features]:
    """Return |x − mean|² and (x − mean)ᵀ T (x − mean) for each row of ``x`` [n, d], T = W Wᵀ; in blocks of rows."""
    plain, mapped = np.empty(len(x)), np.empty(len(x))
    image_of = _image_under(onward)
    for block in blocks(len(x), x.shape[1]):
        centred = x[block] - mean
        plain[block] = np.einsum("ij,ij->i", centred, centred)
        image = image_of(centred)
        mapped[block] = np.einsum("ij,ij->i", image, image)
    return plain, mapped


def _image_under(onward: Features) -> Callable[[Features], Features]:
    """Return a function of centred rows [b, d] whose squared row lengths are those of ``rows @ onward``."""
    from scipy.linalg.blas import dsyrk, dtrmm
    from scipy.linalg.lapack import dpotrf

    if onward.shape[0] == onward.shape[1]:
        lower, info = dpotrf(dsyrk(1.0, onward, lower=1), lower=1)
        if info == 0:  # the triangular factor of the same T: half the arithmetic
            return lambda rows: dtrmm(1.0, lower, rows.T, side=0, lower=1, trans_a=1).T
    return lambda rows: rows @ onward
