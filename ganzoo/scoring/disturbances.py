"""Ways to spoil real images, each at rising strengths: what a metric is worth shows in what it says of them.

Noise, blur, swirl, salt and pepper and foreign images are those of Heusel et al. 2017, appendix A1; what harms
diversity, and copies, come after Naeem et al. 2020, section 4, and Alaa et al. 2022, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ganzoo.types import Array, IndexArray

Spoil = Callable[["Array", float, np.random.Generator], "Array"]
FIDELITY = ("fid", "fid_unbiased", "kid", "precision", "density", "coverage")
"""Columns that images of low quality must move."""
COPYING = ("memorised", "duplicates", "ct")
"""Columns that copies must move, and bad images must not."""


@dataclass(frozen=True)
class Disturbance:
    """One way to spoil images or a set of them, and what it must do to a score."""

    name: str
    strengths: tuple[float, ...]
    unit: str
    moves: tuple[str, ...]
    """Columns that must get worse."""
    quiet: tuple[str, ...] = ()
    """Columns that must not get worse: they warn of something else."""
    spoil: Spoil | None = None
    """Changes each image of uint8 [n, C, H, W]; None for what chooses among images instead."""


def noise(x: Array, sigma: float, rng: np.random.Generator) -> Array:
    """Gaussian noise of ``sigma`` grey levels on every value."""
    return _bytes(x + rng.normal(0, sigma, x.shape))


def blur(x: Array, percent: float, rng: np.random.Generator) -> Array:
    """A Gaussian blur whose σ is so many percent of the shorter side."""
    from scipy.ndimage import gaussian_filter

    sigma = percent / 100 * min(x.shape[2:])
    return _bytes(gaussian_filter(x.astype(np.float64), (0, 0, sigma, sigma)))


def salt_and_pepper(x: Array, percent: float, rng: np.random.Generator) -> Array:
    """So many percent of the pixels black or white, in all channels at once."""
    n, _, height, width = x.shape
    hit = rng.random((n, 1, height, width)) < percent / 100
    return np.where(hit, rng.choice(np.array([0, 255], np.uint8), (n, 1, height, width)), x).astype(np.uint8)


def swirl(x: Array, turn: float, rng: np.random.Generator) -> Array:
    """A rotation by ``turn`` radians at the centre that fades to e⁻² of it at half the shorter side."""
    from scipy.ndimage import map_coordinates

    height, width = x.shape[2:]
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    down, across = rows - (height - 1) / 2, columns - (width - 1) / 2
    radius = np.hypot(down, across)
    angle = np.arctan2(down, across) + turn * np.exp(-4 * radius / min(height, width))
    places = [radius * np.sin(angle) + (height - 1) / 2, radius * np.cos(angle) + (width - 1) / 2]
    out = [[map_coordinates(plane.astype(np.float64), places, order=1, mode="nearest") for plane in im] for im in x]
    return _bytes(np.array(out))


def fitted_gaussian(x: Array, n: int, rng: np.random.Generator) -> Array:
    """``n`` images of one Gaussian with the mean and the covariance of all pixels of ``x``."""
    flat = x.reshape(len(x), -1).astype(np.float64)
    mean = flat.mean(axis=0)
    drawn = mean + rng.normal(size=(n, len(x))) @ (flat - mean) / np.sqrt(len(x) - 1)
    return _bytes(drawn.reshape(n, *x.shape[1:]))


def photographs(n: int, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """``n`` images of a form [C, H, W], cut at random from the two photographs that scikit-learn ships."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    photos = [Image.fromarray(each) for each in load_sample_images().images]
    channels, height, width = shape
    out = []
    for i in range(n):
        photo = photos[i % len(photos)]
        scale = rng.uniform(0.2, 0.9) * min(photo.width / width, photo.height / height)
        wide, high = scale * width, scale * height
        left, top = rng.uniform(0, photo.width - wide), rng.uniform(0, photo.height - high)
        cut = photo.resize((width, height), Image.Resampling.BICUBIC, (left, top, left + wide, top + high))
        pixels = np.asarray(cut.convert("L" if channels == 1 else "RGB"))
        out.append(pixels[None] if channels == 1 else pixels.transpose(2, 0, 1))
    return np.array(out, np.uint8)


def without_classes(labels: IndexArray, percent: float, n: int, rng: np.random.Generator) -> IndexArray:
    """The first ``n`` rows of ``labels`` once so many percent of the classes, at least one, are dropped at random.

    Fewer classes are dropped where fewer than ``n`` rows would be left; none, and no row, where one is too many.
    """
    classes = rng.permutation(np.unique(labels))
    for dropped in range(max(1, round(percent / 100 * len(classes))), 0, -1):
        rows = np.flatnonzero(~np.isin(labels, classes[:dropped]))
        if len(rows) >= n:
            return rows[:n]
    return np.empty(0, np.int64)


def _bytes(x: Array) -> Array:
    rounded: Array = np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return rounded


DROPPED, REPEATED, FOREIGN, GAUSSIAN, COPIES, FLIPPED_COPIES, FLIPS = (
    "dropped classes", "repeats", "foreign images", "fitted Gaussian", "copies", "flipped copies", "flips",
)  # fmt: skip
_SHARES = (10, 25, 50, 100)

DISTURBANCES = (
    Disturbance("noise", (4, 8, 16, 32, 64), "grey levels", FIDELITY, COPYING, noise),
    Disturbance("blur", (1, 2, 4, 8), "% of the side", FIDELITY, COPYING, blur),
    Disturbance("salt and pepper", (1, 3, 10, 30), "% of the pixels", FIDELITY, COPYING, salt_and_pepper),
    Disturbance("swirl", (0.5, 1, 2, 4), "radians", FIDELITY, COPYING, swirl),
    Disturbance(FOREIGN, (5, 10, 25, 50), "% of the images", FIDELITY, COPYING),
    Disturbance(GAUSSIAN, _SHARES, "% of the images", FIDELITY, COPYING),
    Disturbance(
        DROPPED, (10, 25, 50), "% of the classes", ("fid", "fid_unbiased", "kid", "recall", "coverage", "vendi")
    ),
    Disturbance(REPEATED, (2, 5, 10), "times each", ("recall", "coverage", "vendi", "repeats"), COPYING),
    Disturbance(COPIES, _SHARES, "% of the images", COPYING),
    Disturbance(FLIPPED_COPIES, _SHARES, "% of the images", ()),
    Disturbance(FLIPS, _SHARES, "% of the images", ()),
)
"""Those of no ``moves`` are shown without a verdict: whether a mirrored image is another one is for the data to say."""
