"""The two Gaussian mixtures on which mode collapse is counted (Lin et al. 2018, "PacGAN", section 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import Dataset, Mixture, Split
from ganzoo.latents import generator
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATA_SEED = 0
TRAIN_POINTS = 100_000
HELDOUT_POINTS = 10_000


def ring_mixture() -> Mixture:
    """Eight modes (cos, sin)(2πi/8), i = 0..7, on the unit circle, standard deviation 0.01."""
    angles = 2 * np.pi * np.arange(8) / 8
    return Mixture(np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.01)


def grid_mixture() -> Mixture:
    """Twenty-five modes {-4, -2, 0, 2, 4}², the first coordinate slowest, standard deviation 0.05."""
    ticks = np.arange(-4.0, 5.0, 2.0)
    return Mixture(np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2), 0.05)


def load_mixture(name: str, mixture: Mixture) -> Dataset:
    """100,000 training and 10,000 held-out points, float32 [N, 2]; the label is the number of the mode.

    Modes are drawn uniformly, points as centre + std × N(0, I), from Philox streams of the name and split alone.
    """
    spec = DataSpec(name=name, kind="points", shape=(2,), classes=len(mixture.centres))
    train = _draw(spec, mixture, "train", TRAIN_POINTS)
    heldout = _draw(spec, mixture, "heldout", HELDOUT_POINTS)
    names = tuple(_mode_name(centre) for centre in mixture.centres)
    return Dataset(spec, train, heldout, names, mixture)


def _draw(spec: DataSpec, mixture: Mixture, split: str, rows: int) -> Split:
    rng = generator(DATA_SEED, f"data/{spec.name}/{split}")
    y = rng.integers(len(mixture.centres), size=rows, dtype=np.int64)
    x = mixture.centres[y] + mixture.std * rng.standard_normal((rows, 2))
    return Split(spec, x.astype(np.float32), y)


def _mode_name(centre: NDArray[np.float64]) -> str:
    # Adding zero turns the -0.0 that rounding sin(2π·4/8) may leave into 0.0.
    return "({:g}, {:g})".format(*(np.round(centre, 3) + 0.0))
