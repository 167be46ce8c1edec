"""Stacked MNIST (Metz et al. 2017, "Unrolled GANs"): three digits as the channels of one image, a thousand modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import Dataset, Split
from ganzoo.data.mnist import load_idx_set
from ganzoo.latents import generator
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from pathlib import Path

    from ganzoo.data.published import IdxSet

DATA_SEED = 0
CHANNELS = 3
TRAIN_IMAGES = 128_000
"""As many as Lin et al. train on ("PacGAN", 2018, section 4.2)."""
HELDOUT_IMAGES = 26_000
"""As many as are generated there for one score."""


def load_stacked(published: IdxSet, data_dir: Path | None) -> Dataset:
    """Images uint8 [N, 3, H, W], each channel a random one of a set of grey digits; 128,000 and 26,000 held out.

    The label is 100a + 10b + c for the digits a, b, c of the channels in their order. Training images are made of the
    set's training digits, held-out ones of its test digits; which ones is drawn from Philox streams of the name and
    split alone. Of MNIST's size all images take 362 MB. Raises DataError as ``load_idx_set`` does.
    """
    digits = load_idx_set(published, data_dir)
    name = f"stacked-{digits.spec.name}"
    shape, classes = (CHANNELS, *digits.spec.shape[1:]), digits.spec.classes**CHANNELS
    spec = DataSpec(name=name, kind="image", shape=shape, classes=classes)
    train = _stack(spec, digits.train, "train", TRAIN_IMAGES)
    heldout = _stack(spec, digits.heldout, "heldout", HELDOUT_IMAGES)
    return Dataset(spec, train, heldout)


def _stack(spec: DataSpec, digits: Split, split: str, rows: int) -> Split:
    assert digits.y is not None, "sets of digits have labels"
    rng = generator(DATA_SEED, f"data/{spec.name}/{split}")
    chosen = rng.integers(len(digits), size=(rows, CHANNELS), dtype=np.int64)
    places = digits.spec.classes ** np.arange(CHANNELS - 1, -1, -1)
    # One indexing makes the array that is kept: stacking the channels would need them a second time.
    return Split(spec, digits.x[:, 0][chosen], digits.y[chosen] @ places)
