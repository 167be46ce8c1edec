"""Copying of the training set: share of memorised samples, and the C_T statistic.

Alaa et al. 2022, "How Faithful is your Synthetic Data?", section 3 (authenticity); Meehan, Chaudhuri & Dasgupta 2020,
"A Non-Parametric Test to Detect Data-Copying in Generative Models", section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import binomial_error, checked, same_width
from ganzoo.metrics.base import Features, Metric, Reference, Sets
from ganzoo.metrics.nearest import TrainIndex, train_index
from ganzoo.types import Estimate

CELLS = 3
MINIMAL_CELL = 20
MAXIMAL_WIDTH = 64
_SEED = 0

Cells = NDArray[np.int64]


def memorised_share(index: TrainIndex, points: Features) -> Estimate:
    """Return the share (0 … 1) of points [m, d] nearer to a training sample than its own nearest other one is.

    An exact copy always counts, even of a training sample that has a duplicate. Standard error: binomial, given the
    training set. Raises ScoreError for bad shapes or values.
    """
    points = checked(points, "the samples")
    distance, row = index.nearest(points)
    copied = (distance < index.own_distance(row)) | (distance == 0)
    share = float(copied.mean())
    return Estimate(share, binomial_error(share, len(points)), len(points))


@dataclass(frozen=True)
class Partition:
    """The real side of C_T: the training set in its cells, and the held-out set seen through them."""

    project: Callable[[Features], Features]
    """Features [m, d] to at most 64 principal components of the training set."""
    assign: Callable[[Features], Cells]
    """Projected features to the cell [m] of each."""
    index: TrainIndex
    heldout: list[Features]
    """Distances of the held-out samples to the training set, ascending, per cell."""


def partition(train: Features, heldout: Features, index: TrainIndex | None = None) -> Partition:
    """Cut the training features [n, d] into three cells by k-means (ten starts, fixed seed); place the held-out ones.

    ``index`` hands over an index of the same training features. Raises ScoreError for bad shapes, values, fewer than
    three training rows or no held-out row.
    """
    from sklearn.cluster import KMeans

    train = checked(train, "the training features", least=CELLS)
    heldout = checked(heldout, "the held-out features")
    same_width(train.shape[1], heldout)
    wide = train.shape[1] > MAXIMAL_WIDTH
    project = _principal(train) if wide else _unchanged
    projected = project(train)
    if wide or index is None:
        index = TrainIndex(projected)
    clusters = KMeans(CELLS, n_init=10, random_state=_SEED).fit(projected)
    seen = project(heldout)
    distance, _ = index.nearest(seen)
    return Partition(project, clusters.predict, index, _by_cell(distance, clusters.predict(seen)))


def copying_statistic(real: Partition, fake: Features) -> Estimate:
    """Return C_T of generated features [m, d]: far below 0 for copies, about 0 for fresh samples, above for far ones.

    Per cell, the Mann–Whitney z of the generated against the held-out distances to the training set; averaged over the
    cells with 20 or more generated samples by their held-out shares. Its standard error is that of the two-sample rank
    statistic in each cell (DeLong et al. 1988) with training set, cells and shares as given.
    Raises ScoreError for bad shapes or values, or where no cell qualifies.
    """
    fake = checked(fake, "the generated features")
    projected = real.project(fake)
    distance, _ = real.index.nearest(projected)
    cells = zip(_by_cell(distance, real.assign(projected)), real.heldout, strict=True)
    parts = [(len(test), *_rank_z(own, test)) for own, test in cells if len(own) >= MINIMAL_CELL and len(test) > 0]
    if not parts:
        raise ScoreError(f"No cell of the training set holds {MINIMAL_CELL} of the {len(fake)} generated samples.")
    weights, scores, variances = np.array(parts).T
    weights /= weights.sum()
    return Estimate(float(weights @ scores), float(np.sqrt(weights**2 @ variances)), len(fake))


def _unchanged(x: Features) -> Features:
    return x


def _principal(train: Features) -> Callable[[Features], Features]:
    mean = train.mean(axis=0)
    centred = train - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :MAXIMAL_WIDTH]

    def project(x: Features) -> Features:
        same_width(len(mean), x)
        components: Features = (x - mean) @ axes
        return components

    return project


def _by_cell(distance: Features, cells: Cells) -> list[Features]:
    return [np.sort(distance[cells == cell]) for cell in range(CELLS)]


def _rank_z(own: Features, test: Features) -> tuple[float, float]:
    """Return the Mann–Whitney z of ascending ``own`` [n] against ``test`` [m] (low: own is less) and its variance."""
    n, m = len(own), len(test)
    above = (np.searchsorted(test, own, "left") + np.searchsorted(test, own, "right")) / 2
    below = (np.searchsorted(own, test, "left") + np.searchsorted(own, test, "right")) / 2
    scale = np.sqrt(n * m * (n + m + 1) / 12)
    z = (above.sum() - (n * m / 2 - 0.5)) / scale
    variance = _variance(above / m) / n + _variance(below / n) / m
    return float(z), float(variance * (n * m / scale) ** 2)


def _variance(x: Features) -> float:
    return float(x.var(ddof=1)) if len(x) > 1 else 0.0


def reference_partition(reference: Reference) -> Partition:
    """Return the cells of a reference, made once."""
    return reference.once("cells", lambda: partition(reference.train, reference.heldout, train_index(reference)))


def _compute_memorised(sets: Sets) -> dict[str, Estimate]:
    return {"memorised": memorised_share(train_index(sets.reference), sets.fake)}


def _compute_heldout(sets: Sets) -> dict[str, Estimate]:
    reference = sets.reference
    share = reference.once("memorised_heldout", lambda: memorised_share(train_index(reference), reference.heldout))
    return {"memorised_heldout": share}


def _compute_statistic(sets: Sets) -> dict[str, Estimate]:
    return {"ct": copying_statistic(reference_partition(sets.reference), sets.fake)}


MEMORISED = Metric(
    name="memorised",
    summary="Share of samples nearer to a training sample than its own nearest neighbour is (Alaa et al. 2022)",
    columns=("memorised",),
    compute=_compute_memorised,
    better="lower",
)

MEMORISED_HELDOUT = Metric(
    name="memorised_heldout",
    summary="The same share for held-out real samples: what a model that copies nothing scores",
    columns=("memorised_heldout",),
    compute=_compute_heldout,
    needs=("heldout",),
)

CT = Metric(
    name="ct",
    summary="C_T test of data copying; well below 0: copies (Meehan et al. 2020)",
    columns=("ct",),
    compute=_compute_statistic,
    needs=("heldout",),
)
