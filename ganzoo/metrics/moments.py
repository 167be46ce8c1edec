"""Mean and covariance of a feature set: all that a Fréchet distance needs of it."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.metrics.arrays import checked
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
    x = checked(x, what, least=2)
    mean = x.mean(axis=0)
    centred = x - mean
    return Moments(mean, centred.T @ centred / (len(x) - 1), len(x))
