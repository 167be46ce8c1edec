"""Gaussian mixtures of papers' toy experiments, whose modes are known.

``ring`` and ``grid``, on which mode collapse is counted, are Lin et al.'s ("PacGAN", 2018, section 4.1); ``ring-7`` is
that of the demonstration beside "Unrolled GANs" (Metz et al. 2017); ``8gaussians`` and ``25gaussians`` are those of the
toy code beside "Improved Training of Wasserstein GANs" (Gulrajani et al. 2017).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import Dataset, Mixture, Split
from ganzoo.latents import generator
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

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


RING_7_LOTS = (2, 1, 1, 1, 1, 1, 1)
"""How often each mode of ``ring_7_mixture`` stands among the eight angles."""


def ring_7_mixture() -> Mixture:
    """Seven modes (sin, cos)(2πi/7), i = 0..6, on the unit circle, standard deviation 0.01.

    The demonstration takes eight angles from 0 to 2π, both ends among them, so that its first and last are one mode.
    """
    angles = np.linspace(0, 2 * np.pi, 8)[:-1]
    return Mixture(np.stack([np.sin(angles), np.cos(angles)], axis=1), 0.01)


def eight_gaussians_mixture() -> Mixture:
    """Eight modes at the angles 2πi/8 on the circle of radius 2, standard deviation 0.02, all divided by 1.414."""
    return Mixture(2 * ring_mixture().centres / 1.414, 0.02 / 1.414)


def twenty_five_gaussians_mixture() -> Mixture:
    """The modes of ``grid_mixture`` and their standard deviation 0.05, all divided by 2.828."""
    grid = grid_mixture()
    return Mixture(grid.centres / 2.828, grid.std / 2.828)


def load_mixture(name: str, mixture: Mixture, lots: Sequence[int] | None = None) -> Dataset:
    """100,000 training and 10,000 held-out points, float32 [N, 2]; the label is the number of the mode.

    Modes are drawn uniformly or, with ``lots`` [k] of whole numbers, in their proportion; points as
    centre + std × N(0, I). Both are from Philox streams of the name and split alone.
    """
    k = len(mixture.centres)
    spec = DataSpec(name=name, kind="points", shape=(2,), classes=k)
    urn = np.repeat(np.arange(k, dtype=np.int64), 1 if lots is None else lots)
    train = _draw(spec, mixture, urn, "train", TRAIN_POINTS)
    heldout = _draw(spec, mixture, urn, "heldout", HELDOUT_POINTS)
    names = tuple(_mode_name(centre) for centre in mixture.centres)
    return Dataset(spec, train, heldout, names, mixture)


def _draw(spec: DataSpec, mixture: Mixture, urn: NDArray[np.int64], split: str, rows: int) -> Split:
    rng = generator(DATA_SEED, f"data/{spec.name}/{split}")
    y = urn[rng.integers(len(urn), size=rows, dtype=np.int64)]
    x = mixture.centres[y] + mixture.std * rng.standard_normal((rows, 2))
    return Split(spec, x.astype(np.float32), y)


def _mode_name(centre: NDArray[np.float64]) -> str:
    # Adding zero turns the -0.0 that rounding sin(2π·4/8) may leave into 0.0.
    return "({:g}, {:g})".format(*(np.round(centre, 3) + 0.0))
