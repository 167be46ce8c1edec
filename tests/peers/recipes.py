"""The data sets of the comparison, drawn from RandomState, whose streams NumPy has frozen.

No matrix product is used, so every machine makes the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

Rows = NDArray[np.float32]


@dataclass(frozen=True)
class Case:
    """One comparison, in float32 as extractors give it."""

    real: Rows
    fake: Rows
    logits: Rows


def _correlated(draw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give each column a share of the one before it."""
    mixed = draw.copy()
    mixed[:, 1:] += 0.6 * draw[:, :-1]
    return mixed


def _logits(state: RandomState, rows: int, classes: int = 100, scale: float = 2.0) -> NDArray[np.float64]:
    return scale * state.randn(rows, classes) + state.randn(classes)


def _case(real: NDArray[np.float64], fake: NDArray[np.float64], logits: NDArray[np.float64]) -> Case:
    return Case(real.astype(np.float32), fake.astype(np.float32), logits.astype(np.float32))


def gaussian() -> Case:
    """Two close, correlated Gaussians, n and m above d."""
    state = RandomState(1)
    real, fake = _correlated(state.randn(1500, 64)), _correlated(state.randn(1200, 64)) * 1.1 + 0.05
    return _case(real, fake, _logits(state, 1200))


def far() -> Case:
    """Other means and scales; 1003 rows, so that splits are uneven."""
    state = RandomState(2)
    real, fake = _correlated(state.randn(1000, 128)), state.randn(1003, 128) * 1.7 + 2
    return _case(real, fake, _logits(state, 1003, 1008))


def few() -> Case:
    """Fewer rows than features on both sides."""
    state = RandomState(3)
    real, fake = _correlated(state.randn(120, 256)), _correlated(state.randn(100, 256)) * 1.2
    return _case(real, fake, _logits(state, 100))


def lopsided() -> Case:
    """Fewer rows than features on the generated side alone."""
    state = RandomState(4)
    real, fake = _correlated(state.randn(1100, 256)), _correlated(state.randn(150, 256)) + 0.3
    return _case(real, fake, _logits(state, 150))


def duplicates() -> Case:
    """Every real row three times, and half of the generated rows copied from them."""
    state = RandomState(5)
    real = np.repeat(_correlated(state.randn(400, 32)), 3, axis=0)
    fake = _correlated(state.randn(1200, 32)) * 0.9
    fake[::2] = real[:600]
    return _case(real, fake, np.repeat(_logits(state, 400), 3, axis=0))


def constant() -> Case:
    """Features that never vary: some on both sides, one on the real side, one on the generated side."""
    state = RandomState(6)
    real, fake = _correlated(state.randn(1000, 48)), _correlated(state.randn(1000, 48)) * 1.3 + 0.1
    real[:, :5] = fake[:, :4] = 0.25
    fake[:, 5] = -1.0
    return _case(real, fake, _logits(state, 1000, 10, 6.0))


def collapsed() -> Case:
    """One generated sample, a thousand times."""
    state = RandomState(7)
    real = state.randn(1000, 32)
    return _case(real, np.repeat(real[:1], 1000, axis=0), np.repeat(_logits(state, 1), 1000, axis=0))


def outlier() -> Case:
    """One generated row at a thousand standard deviations, and one with logits that leave all but one class at zero."""
    state = RandomState(8)
    real, fake = _correlated(state.randn(1200, 64)), _correlated(state.randn(1200, 64))
    fake[17] = 1000.0
    logits = _logits(state, 1200)
    logits[17, 3] = 500.0
    return _case(real, fake, logits)


def heavy() -> Case:
    """Student's t with 2.5 degrees of freedom: fourth moments do not exist."""
    state = RandomState(9)
    real, fake = state.standard_t(2.5, (2000, 32)), state.standard_t(2.5, (1800, 32)) * 1.1
    return _case(_correlated(real), _correlated(fake), _logits(state, 1800))


def lognormal() -> Case:
    """Skew, positive features, as after a ReLU; peaked logits."""
    state = RandomState(10)
    real, fake = state.lognormal(-1, 0.8, (1500, 64)), state.lognormal(-0.9, 0.8, (2000, 64))
    return _case(_correlated(real), _correlated(fake), _logits(state, 2000, 1008, 5.0))


def same() -> Case:
    """The same set twice."""
    state = RandomState(11)
    real = _correlated(state.randn(1000, 64))
    return _case(real, real, _logits(state, 1000))


def offset() -> Case:
    """A mean a thousand standard deviations from zero, where raw moments lose digits."""
    state = RandomState(12)
    real, fake = _correlated(state.randn(1000, 32)) + 1000, _correlated(state.randn(1000, 32)) * 1.2 + 1000.5
    return _case(real, fake, _logits(state, 1000))


def inception() -> Case:
    """2048 sparse, positive features, as Inception's pool: 3000 rows a side."""
    state = RandomState(13)
    real = np.maximum(_correlated(state.randn(3000, 2048)) * 0.5, 0) + 0.01
    fake = np.maximum(_correlated(state.randn(3000, 2048)) * 0.55 + 0.02, 0) + 0.01
    return _case(real, fake, _logits(state, 3000, 1008))


RECIPES: dict[str, Callable[[], Case]] = {
    recipe.__name__: recipe
    for recipe in (
        gaussian,
        far,
        few,
        lopsided,
        duplicates,
        constant,
        collapsed,
        outlier,
        heavy,
        lognormal,
        same,
        offset,
        inception,
    )
}
