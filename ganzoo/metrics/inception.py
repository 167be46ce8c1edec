"""Inception Score from logits (Salimans et al. 2016, "Improved Techniques for Training GANs", section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, shuffled
from ganzoo.metrics.base import Features, Influence, Metric, Sets
from ganzoo.metrics.shares import alone
from ganzoo.types import Estimate

SPLITS = 10


@dataclass(frozen=True)
class _Part:
    """One split of the samples."""

    rows: NDArray[np.int64]
    """Where its samples stand among all of them [n]."""
    score: float
    deviation: Features
    """KL_i − mean KL of each of its samples [n]."""


def inception_score(logits: Features, *, splits: int = SPLITS, seed: int = 0) -> Estimate:
    """Return exp(mean KL(p(y|x) ‖ p(y))) of logits [n, k], the mean over ``splits`` parts; within 1 … k.

    The rows are permuted by the seed and cut at ⌊iN/S⌋. The standard error is the delta method's: the influence of a
    sample on a part's score is score · (KL_i − mean KL), so that n samples, not S parts, carry the estimate. Its 95 %
    interval covers the expected score of parts of this size, which is below the score of unlimited samples.
    Raises ScoreError for bad values or fewer than two samples to a part.
    """
    parts = _parts(logits, splits, seed)
    variance = sum(part.score**2 * float(part.deviation.var(ddof=1)) / len(part.rows) for part in parts)
    value = float(np.mean([part.score for part in parts]))
    return alone(value, variance**0.5 / splits, sum(len(part.rows) for part in parts))


def inception_influence(logits: Features, *, splits: int = SPLITS, seed: int = 0) -> Influence:
    """Return how each sample moves the score of logits [n, k], in the order of the rows: √(var/n) is its error."""
    parts = _parts(logits, splits, seed)
    n = sum(len(part.rows) for part in parts)
    rows = np.empty(n)
    for part in parts:
        size = len(part.rows)
        # √(size/(size−1)): a variance over all n rows does not know that each part's mean was fitted.
        rows[part.rows] = n / (splits * size) * part.score * part.deviation * (size / (size - 1)) ** 0.5
    return Influence(float(np.mean([part.score for part in parts])), rows)


def log_softmax(logits: Features) -> Features:
    """Return log p(y|x) [n, k] of logits [n, k]; no probability underflows on the way."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p: Features = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p


def _parts(logits: Features, splits: int, seed: int) -> list[_Part]:
    logits = checked(logits, "the logits of the generated samples")
    n = len(logits)
    if splits < 1:
        raise ScoreError(f"The inception score needs at least one split, but was asked for {splits}.")
    if n < 2 * splits:
        raise ScoreError(f"The inception score needs two samples in each of {splits} splits, but there are {n}.")
    order = shuffled(seed, "is", n)
    log_p = log_softmax(logits)
    return [_part(log_p, order[i * n // splits : (i + 1) * n // splits]) for i in range(splits)]


def _part(log_p: Features, rows: NDArray[np.int64]) -> _Part:
    """Score the given rows of log p [n, k]. The marginal stays in logs: it may underflow."""
    log_p = log_p[rows]
    top = log_p.max(axis=0)
    log_q = top + np.log(np.exp(log_p - top).mean(axis=0))
    divergence = (np.exp(log_p) * (log_p - log_q)).sum(axis=1)
    mean = divergence.mean()
    return _Part(rows, float(np.exp(mean)), divergence - mean)


def _logits(sets: Sets) -> Features:
    if sets.logits is None:
        raise ScoreError("The inception score needs logits, and this extractor gives none.")
    return sets.logits


def _compute(sets: Sets) -> dict[str, Estimate]:
    return {"is": inception_score(_logits(sets), seed=sets.seed)}


def _influence(sets: Sets) -> dict[str, Influence]:
    return {"is": inception_influence(_logits(sets), seed=sets.seed)}


IS = Metric(
    name="is",
    summary="Inception Score over ten splits (Salimans et al. 2016)",
    columns=("is",),
    compute=_compute,
    needs=("logits",),
    better="higher",
    influence=_influence,
    version=2,
)
