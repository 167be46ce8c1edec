"""Inception Score from logits (Salimans et al. 2016, "Improved Techniques for Training GANs", section 4)."""

from __future__ import annotations

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, shuffled
from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.types import Estimate

SPLITS = 10


def inception_score(logits: Features, *, splits: int = SPLITS, seed: int = 0) -> Estimate:
    """Return exp(mean KL(p(y|x) ‖ p(y))) of logits [n, k], the mean over ``splits`` parts; within 1 … k.

    The rows are permuted by the seed and cut at ⌊iN/S⌋. The standard error is the delta method's: the influence of a
    sample on a part's score is score · (KL_i − mean KL), so that n samples, not S parts, carry the estimate.
    Raises ScoreError for bad values or fewer than two samples to a part.
    """
    logits = checked(logits, "the logits of the generated samples")
    n = len(logits)
    if n < 2 * splits:
        raise ScoreError(f"The inception score needs two samples in each of {splits} splits, but there are {n}.")
    log_p = _log_softmax(logits)[shuffled(seed, "is", n)]
    parts = [_part(log_p[i * n // splits : (i + 1) * n // splits]) for i in range(splits)]
    scores, variances = np.array(parts).T
    return Estimate(float(scores.mean()), float(np.sqrt(variances.sum()) / splits), n)


def _log_softmax(logits: Features) -> Features:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p: Features = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p


def _part(log_p: Features) -> tuple[float, float]:
    """Return the score of one part [n, k] and its variance. The marginal stays in logs: it may underflow."""
    top = log_p.max(axis=0)
    log_q = top + np.log(np.exp(log_p - top).mean(axis=0))
    divergence = (np.exp(log_p) * (log_p - log_q)).sum(axis=1)
    score = float(np.exp(divergence.mean()))
    return score, score**2 * float(divergence.var(ddof=1)) / len(log_p)


def _compute(sets: Sets) -> dict[str, Estimate]:
    if sets.logits is None:
        raise ScoreError("The inception score needs logits, and this extractor gives none.")
    return {"is": inception_score(sets.logits, seed=sets.seed)}


IS = Metric(
    name="is",
    summary="Inception Score over ten splits (Salimans et al. 2016)",
    columns=("is",),
    compute=_compute,
    needs=("logits",),
    better="higher",
)
