"""What every metric shares: checked input, seeded orders, and blocked squared distances."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.latents import generator
from ganzoo.metrics.base import Features

PANEL = 1 << 22
"""Numbers held at once in a block of pairwise values (32 MiB): memory is O(n · block), never n × n."""


def checked(x: object, what: str, *, least: int = 1, keep_single: bool = False) -> Features:
    """Return ``x`` as float64 [n, d]; ``what`` names it in errors ("the generated features").

    With ``keep_single`` float32 stays what it is, for metrics that go through the features block by block.
    Raises ScoreError unless it is a real, finite matrix with at least ``least`` rows and one column.
    """
    array = np.asarray(x)
    if array.dtype.kind not in "fiu":
        raise ScoreError(f"{_cap(what)} are of type {array.dtype}, where real numbers are needed.")
    if array.ndim != 2 or array.shape[1] == 0:
        raise ScoreError(f"{_cap(what)} have shape {array.shape}, where [n, d] is needed.")
    if len(array) < least:
        raise ScoreError(f"{_cap(what)} have {len(array)} rows, where at least {least} are needed.")
    if not (keep_single and array.dtype == np.float32):
        array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise ScoreError(f"{_cap(what)} hold NaN or infinite values, first in row {row}.")
    return array


def checked_pair(real: object, fake: object, *, least: int = 1, keep_single: bool = False) -> tuple[Features, Features]:
    """Check reference features [n, d] and generated features [m, d]. Raises ScoreError where their widths differ."""
    a = checked(real, "the reference features", least=least, keep_single=keep_single)
    b = checked(fake, "the generated features", least=least, keep_single=keep_single)
    same_width(a.shape[1], b)
    return a, b


def same_width(width: int, fake: Features) -> None:
    """Raise ScoreError unless generated features [m, d] are as wide as the reference."""
    if fake.shape[1] != width:
        raise ScoreError(f"The generated features have width {fake.shape[1]}, the reference has {width}.")


def _cap(what: str) -> str:
    return what[:1].upper() + what[1:]


def shuffled(seed: int, purpose: str, n: int) -> NDArray[np.int64]:
    """Return a permutation of 0 … n-1 that depends on (seed, purpose, n) alone."""
    return generator(seed, f"metrics/{purpose}").permutation(n)


def blocks(rows: int, columns: int) -> Iterator[slice]:
    """Cut ``rows`` into slices such that slice × ``columns`` numbers fit one panel."""
    step = max(1, PANEL // max(columns, 1))
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def squared_norms(x: Features) -> Features:
    """Return |x_i|² [n]."""
    norms: Features = np.einsum("ij,ij->i", x, x)
    return norms


def unit_rows(x: Features) -> tuple[Features, Features]:
    """Return rows [n, d] scaled to length one (zeros stay) and 1.0 for each row of zeros [n]."""
    # Dividing by the largest entry first keeps squares of very large or small features finite.
    peak = np.abs(x).max(axis=1, keepdims=True)
    x = x / np.where(peak == 0, 1, peak)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(norms == 0, 1, norms), (peak[:, 0] == 0).astype(np.float64)


def left(x: Features) -> Features:
    """Return [−2x, |x|², 1], so that ``left(x) @ right(y).T`` is all squared distances in one BLAS call.

    They carry a rounding error of about 16 ε √d (max |x|² + max |y|²), and may be as much below 0.
    """
    return np.column_stack([-2 * x, squared_norms(x), np.ones(len(x))])


def right(y: Features) -> Features:
    """Return [y, 1, |y|²], whose products with ``left`` are squared distances."""
    return np.column_stack([y, np.ones(len(y)), squared_norms(y)])


def binomial_error(share: float, n: int) -> float:
    """Return the standard error √(p(1−p)/n) of a share of n independent samples."""
    return math.sqrt(share * (1 - share) / n)
