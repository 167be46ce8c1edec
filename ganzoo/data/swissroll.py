"""The spiral of the toy code beside "Improved Training of Wasserstein GANs" (Gulrajani et al. 2017)."""

from __future__ import annotations

import numpy as np

from ganzoo.data.base import Dataset, Split
from ganzoo.data.mixtures import DATA_SEED, HELDOUT_POINTS, TRAIN_POINTS
from ganzoo.latents import generator
from ganzoo.types import DataSpec

NOISE = 0.25
SCALE = 7.5


def load_swissroll() -> Dataset:
    """100,000 training and 10,000 held-out points (x, z) / 7.5, float32 [N, 2], without labels.

    x = t cos t and z = t sin t with t = 1.5π(1 + 2u), u from U[0, 1), each with noise of standard deviation 0.25: the
    first and third coordinate of scikit-learn's ``make_swiss_roll``, from Philox streams of the name and split alone.
    """
    spec = DataSpec(name="swissroll", kind="points", shape=(2,))
    return Dataset(spec, _draw(spec, "train", TRAIN_POINTS), _draw(spec, "heldout", HELDOUT_POINTS))


def _draw(spec: DataSpec, split: str, rows: int) -> Split:
    rng = generator(DATA_SEED, f"data/{spec.name}/{split}")
    t = 1.5 * np.pi * (1 + 2 * rng.random(rows))
    x = np.stack([t * np.cos(t), t * np.sin(t)], axis=1) + NOISE * rng.standard_normal((rows, 2))
    return Split(spec, (x / SCALE).astype(np.float32))
