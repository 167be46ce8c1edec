"""Inception Score in other tools: they differ in how samples are ordered and cut into splits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked
from ganzoo.metrics.base import Features, Index, Metric, Sets
from ganzoo.metrics.parity_profiles.base import single
from ganzoo.metrics.parity_profiles.randomness import TorchStream
from ganzoo.types import Estimate

Order = Callable[[int, int], Index | None]
"""From (seed, n) to a permutation, None for the order in which samples came."""
Cut = Callable[[int], list[slice]]


def legacy_order(seed: int) -> Order:
    """Permute by ``RandomState(seed)``, whatever the seed of the scoring is."""
    return lambda _, n: np.random.RandomState(seed).permutation(n)


def torch_order(seed: int, n: int) -> Index:
    """Permute as torch does after ``torch.manual_seed(seed)``."""
    return TorchStream(seed).permutation(n)


def as_drawn(_seed: int, _n: int) -> None:
    """Leave samples as they are."""


def floors(splits: int) -> Cut:
    """Cut at ⌊i n / splits⌋."""
    return lambda n: [slice(i * n // splits, (i + 1) * n // splits) for i in range(splits)]


def chunks(splits: int) -> Cut:
    """Cut as ``torch.chunk``: parts of ⌈n / splits⌉ rows, of which there may be fewer than ``splits``."""
    return lambda n: _steps(n, -(-n // splits))


def runs(size: int) -> Cut:
    """Cut into runs of ``size`` rows, the last of which may be shorter."""
    return lambda n: _steps(n, size)


def _steps(n: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


@dataclass(frozen=True)
class ToolScore:
    """How a tool orders and cuts."""

    tool: str
    order: Order
    cut: Cut
    single_parts: bool = False
    """Probabilities, logarithms and sums of a split are float32 NumPy arrays."""
    single_result: bool = False

    def score(self, sets: Sets) -> Estimate:
        """Return the mean over splits. Tools report the spread of splits beside it, which is no standard error."""
        if sets.logits is None:
            raise ScoreError("The inception score needs logits, and this extractor gives none.")
        logits = checked(sets.logits, "the logits of the generated samples")
        rows = self.order(sets.seed, len(logits))
        log_p = _log_softmax(logits if rows is None else logits[rows])
        parts = [log_p[part] for part in self.cut(len(log_p))]
        if not all(len(part) for part in parts):
            raise ScoreError(f"The inception score of {self.tool} leaves a split without samples: draw more.")
        value = float(np.mean([_single_part(part) if self.single_parts else _part(part) for part in parts]))
        return Estimate(float(np.float32(value)) if self.single_result else value, None, len(log_p))


def _part(log_p: Features) -> float:
    top = log_p.max(axis=0)
    log_q = top + np.log(np.exp(log_p - top).mean(axis=0))
    return float(np.exp((np.exp(log_p) * (log_p - log_q)).sum(axis=1).mean()))


def _single_part(log_p: Features) -> float:
    """Return the same from float32 steps; a probability that underflows adds nothing, where the tools get NaN."""
    p = single(np.exp(log_p))
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = p * (np.log(p) - np.log(p.mean(axis=0, keepdims=True)))
    return float(np.exp(np.where(p > 0, divergence, np.float32(0)).sum(axis=1).mean()))


def _log_softmax(logits: Features) -> Features:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p: Features = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p


def inception(convention: ToolScore) -> Metric:
    """Return the metric ``is`` of a tool."""
    return Metric(
        name=f"{convention.tool}/is",
        summary=f"Inception Score as {convention.tool} computes it",
        columns=("is",),
        compute=lambda sets: {"is": convention.score(sets)},
        needs=("logits",),
        better="higher",
    )
