"""Pairs of models on one reference: the error of their difference against repetition.

Shared by ``tests/metrics/test_paired.py`` and ``tests/benchmarks/calibration.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from simulation import Draw, Scores, Setting, normal

from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.fid import FID
from ganzoo.metrics.kid import KID
from ganzoo.metrics.paired import difference
from ganzoo.metrics.shares import estimate
from ganzoo.types import Estimate

Law = Callable[[np.ndarray], np.ndarray]
PAIRED = (FID, KID)


def paired(draw: Draw, *, laws: tuple[Law, Law], same: bool, n: int = 80, m: int = 160, d: int = 6) -> Scores:
    """Two laws of the latents z against one fresh reference N(0, I); ``same``: both from the same z.

    Columns: the differences, by name; ``<name> unpaired``: with the error as if the latents were not the same;
    ``<name> apart``: with the root of the sum of both squared errors, as if nothing were shared.
    """
    real, z = normal(draw, n, d), normal(draw, m, d)
    reference = Reference(real, real, real[:0])
    sets = [Sets(reference, law(x)) for law, x in zip(laws, (z, z if same else normal(draw, m, d)), strict=True)]
    scores = {}
    for metric in PAIRED:
        a, b = (metric.influence(each)[metric.name] for each in sets)
        scores[metric.name] = difference(a, b, same_latents=same)
        scores[f"{metric.name} unpaired"] = difference(a, b, same_latents=False)
        apart = float(np.hypot(estimate(a).total, estimate(b).total))
        scores[f"{metric.name} apart"] = Estimate(a.value - b.value, apart, m)
    return scores


LAWS: dict[str, tuple[Law, Law]] = {
    "1.2 z and 1.3 z": (lambda z: 1.2 * z, lambda z: 1.3 * z),
    "z + 0.2 and z + 0.3": (lambda z: z + 0.2, lambda z: z + 0.3),
    "z and 1.05 z": (lambda z: z, lambda z: 1.05 * z),
}
DIFFERENCES = tuple(f"{metric.name}{how}" for metric in PAIRED for how in ("", " unpaired", " apart"))


def difference_settings() -> list[Setting]:
    """Pairs of models that are alike, before a reference so small that its sampling is much of each score's error."""
    return [
        Setting(f"{name}, {'the same' if same else 'other'} z", DIFFERENCES, partial(paired, laws=laws, same=same))
        for name, laws in LAWS.items()
        for same in (True, False)
    ]
