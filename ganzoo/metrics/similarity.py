"""How alike two images are: PSNR, SSIM and multi-scale SSIM of pairs: of outputs with their targets, or of samples.

Wang, Bovik, Sheikh & Simoncelli 2004, "Image Quality Assessment", eq. 13; Wang, Simoncelli & Bovik 2003, "Multiscale
Structural Similarity", eq. 7. Images are uint8 [n, C, H, W]; everything is computed in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Features

if TYPE_CHECKING:
    from ganzoo.types import Array

PEAK = 255.0
WINDOW, SIGMA = 11, 1.5
_FLAT, _PLAIN = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
"""The constants C1 and C2 that keep ratios of small numbers apart."""
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the scales, the image's own first."""
_AT_ONCE = 1 << 21
"""Values of images worked on at once."""


def psnr(first: Array, second: Array) -> Features:
    """Return the peak signal-to-noise ratio [n] of each pair in dB: 10 log₁₀(255² / mean squared difference).

    It is infinite for equal images. Raises ScoreError where shapes differ or are no images'.
    """
    _check(first, second)
    found = np.empty(len(first))
    for part in _parts(first):
        error = np.square(first[part].astype(np.float64) - second[part]).mean(axis=(1, 2, 3))
        with np.errstate(divide="ignore"):
            found[part] = 10 * np.log10(PEAK**2 / error)
    return found


def ssim(first: Array, second: Array) -> Features:
    """Return the structural similarity [n] of each pair, −1 … 1, the mean over channels and places.

    Gaussian window of 11 pixels (σ 1.5), population covariances, places whose window lies within the image. Of images
    with less than 11 pixels a side the window is the largest odd number of pixels that fits.
    Raises ScoreError where shapes differ or are no images'.
    """
    _check(first, second)
    return np.concatenate([_similarity(first[part], second[part])[0] for part in _parts(first)])


def scales_of(height: int, width: int) -> int:
    """Return how many scales of halved sides still hold a window, five at most."""
    side = min(height, width)
    window = _window(height, width)
    return max(1, sum(side >> scale >= window for scale in range(len(SCALES))))


def ms_ssim(first: Array, second: Array) -> Features:
    """Return the multi-scale structural similarity [n] of each pair, 0 … 1.

    Contrast and structure at every scale but the last, SSIM at the last, to the power of the scale's weight; between
    scales 2×2 pixels are averaged. Negative means count as 0. Five scales want 176 pixels a side: of smaller images as
    many as ``scales_of`` says are taken, their weights brought to a sum of 1; of one scale it is ``ssim``.
    Raises ScoreError where shapes differ or are no images'.
    """
    _check(first, second)
    count = scales_of(*first.shape[2:])
    weights = np.array(SCALES[:count]) / sum(SCALES[:count])
    found = np.empty(len(first))
    for part in _parts(first):
        x, y, product = first[part].astype(np.float64), second[part].astype(np.float64), 1.0
        for scale, weight in enumerate(weights):
            whole, structure = _similarity(x, y)
            product = product * np.maximum(whole if scale == count - 1 else structure, 0.0) ** weight
            x, y = _halved(x), _halved(y)
        found[part] = product
    return found


def _similarity(x: Array, y: Array) -> tuple[Features, Features]:
    """Return SSIM [n], and its contrast and structure alone [n]."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    window = _window(*x.shape[2:])
    mean_x, mean_y = _weighted(x, window), _weighted(y, window)
    spread_x, spread_y = (_weighted(a * a, window) - m * m for a, m in ((x, mean_x), (y, mean_y)))
    both = _weighted(x * y, window) - mean_x * mean_y
    structure = (2 * both + _PLAIN) / (spread_x + spread_y + _PLAIN)
    light = (2 * mean_x * mean_y + _FLAT) / (mean_x**2 + mean_y**2 + _FLAT)
    return (light * structure).mean(axis=(1, 2, 3)), structure.mean(axis=(1, 2, 3))


def _window(height: int, width: int) -> int:
    side = min(height, width, WINDOW)
    return side if side % 2 else side - 1


def _weighted(x: Features, window: int) -> Features:
    """Weight [n, C, H, W] by the window at every place where it lies within the image."""
    from scipy.ndimage import correlate1d

    reach = window // 2
    weights = np.exp(-np.square(np.arange(-reach, reach + 1)) / (2 * SIGMA**2))
    weights /= weights.sum()
    for axis in (2, 3):
        x = correlate1d(x, weights, axis=axis)
    inside: Features = x[..., reach : x.shape[2] - reach, reach : x.shape[3] - reach]
    return inside


def _halved(x: Features) -> Features:
    height, width = (side // 2 * 2 for side in x.shape[2:])
    x = x[..., :height, :width]
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def _parts(images: Array) -> Iterator[slice]:
    step = max(1, _AT_ONCE // int(np.prod(images.shape[1:])))
    return (slice(start, start + step) for start in range(0, len(images), step))


def _check(first: Array, second: Array) -> None:
    if first.shape != second.shape or first.ndim != 4 or 0 in first.shape:
        raise ScoreError(f"Pairs are images of one form, but there are {first.shape} and {second.shape}.")
