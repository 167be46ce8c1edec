"""The training samples that a few samples are nearest to, in the features by which they would be scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.generator.engine import BATCH
from ganzoo.metrics.nearest import several_nearest

if TYPE_CHECKING:
    from ganzoo.metrics.base import Features
    from ganzoo.scoring.setup import Setup
    from ganzoo.types import Array, FloatArray


class Surroundings(NamedTuple):
    """Of m samples the k nearest training samples, nearest first."""

    train: Array
    """They themselves, in the generator's range: [m, k, *shape]."""
    distances: Features
    """[m, k]"""


def surroundings(setup: Setup, x: FloatArray, k: int) -> Surroundings:
    """Find the k training samples nearest to each of some samples [m, *shape], given in the generator's range.

    Raises UsageError where there are fewer than k.
    """
    train = setup.reference.train
    if k > len(train):
        raise UsageError(f"{setup.side.name} has {len(train)} training samples, not {k}.", "Ask for fewer neighbours.")
    parts = [setup.extractor.extract(x[start : start + BATCH]).features for start in range(0, len(x), BATCH)]
    distances, rows = several_nearest(np.concatenate(parts), train, k)
    found = setup.side.training_samples(rows.ravel().tolist())
    return Surroundings(found.reshape(*rows.shape, *found.shape[1:]), distances)
