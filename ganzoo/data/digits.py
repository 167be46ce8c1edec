"""scikit-learn's copy of the UCI optical digits (Alpaydin & Kaynak 1998), the zoo's smallest image set."""

from __future__ import annotations

import numpy as np

from ganzoo.data.base import Dataset
from ganzoo.data.splits import split_dataset
from ganzoo.types import DataSpec

HELDOUT = 450


def load_digits() -> Dataset:
    """1797 grey digits, uint8 [N, 1, 8, 8], labels 0..9: 1347 for training, 450 held out, stratified and fixed.

    Stored values 0..16 become round(v × 255 / 16), half to even.
    """
    from sklearn import datasets

    bunch = datasets.load_digits()
    x = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]
    spec = DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10)
    return split_dataset(spec, x, bunch.target.astype(np.int64), HELDOUT, tuple("0123456789"))
