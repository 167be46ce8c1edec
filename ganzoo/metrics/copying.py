"""Copying of the training set: shares of memorised and of duplicate samples, the worst copies, and the C_T statistic.

Alaa et al. 2022, "How Faithful is your Synthetic Data?", section 3 (authenticity); Meehan, Chaudhuri & Dasgupta 2020,
"A Non-Parametric Test to Detect Data-Copying in Generative Models", section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, same_width
from ganzoo.metrics.base import Features, Influence, Metric, Reference, Sets
from ganzoo.metrics.nearest import TrainIndex, train_index
from ganzoo.metrics.shares import estimate, estimates, near_share_influence, share, share_below, share_influence
from ganzoo.types import Estimate

CELLS = 3
MINIMAL_CELL = 20
MAXIMAL_WIDTH = 64
MINIMAL_HELDOUT = 20
"""Held-out samples below which that quantile lies beyond the nearest of them."""
_SEED = 0

Cells = NDArray[np.int64]


def memorised_share(index: TrainIndex, points: Features) -> Estimate:
    """Return the share (0 … 1) of points [m, d] nearer to a training sample than its own nearest other one is.

    An exact copy always counts, even of a training sample that has a duplicate. Standard error: binomial, given the
    training set. Raises ScoreError for bad shapes or values.
    """
    return share(_memorised(index, points))


def _memorised(index: TrainIndex, points: Features) -> NDArray[np.bool_]:
    distance, row = index.nearest(checked(points, "the samples", keep_single=True))
    hits: NDArray[np.bool_] = (distance < index.train_distance(row)) | (distance == 0)
    return hits


def relative_distance(index: TrainIndex, points: Features) -> Features:
    """Return for checked points [m, d] the distance to the nearest training sample over that to the fifth nearest.

    In 0 … 1, and 0 for an exact copy. A copy has one training sample much nearer than all others (the ratio test of
    Lowe 2004, section 7.1). What brings the samples of a poor model near to the training set, such as features that
    contract where images are blurred or noisy, brings them near to many at once, and is no copy by this measure.
    """
    nearest, _ = index.nearest(points)
    return np.divide(nearest, index.reach(points), out=np.zeros(len(points)), where=nearest > 0)


def duplicate_share(index: TrainIndex, heldout: Features, points: Features) -> Estimate:
    """Return the share (0 … 1) of points [m, d] as near to the training set as the nearest 5 % of held-out samples.

    Near is by ``relative_distance``. τ is its 5 % quantile over the held-out samples [n, d], at rank 0.05 (n+1), so
    that a model that copies nothing scores 0.05 on average, or the share of exact copies among the held-out samples
    where that is more. Points at τ count, and so exact copies always do.
    The standard error counts the points and the held-out samples, with the training set as given:
    √(p(1−p)/m + (f/g)² 0.05·0.95/n), f/g the ratio of the densities of both distances around τ.
    Raises ScoreError for bad shapes or values, or fewer than 20 held-out samples.
    """
    return estimate(duplicate_influence(index, heldout, points))


def duplicate_influence(index: TrainIndex, heldout: Features, points: Features) -> Influence:
    """Return the rows of ``duplicate_share``, of the points and of the held-out samples."""
    heldout = checked(heldout, "the held-out features", least=MINIMAL_HELDOUT, keep_single=True)
    distance = relative_distance(index, checked(points, "the samples", keep_single=True))
    return near_share_influence(distance, relative_distance(index, heldout))


@dataclass(frozen=True)
class Copy:
    """A sample and the training sample it is nearest to."""

    sample: int
    """Row of the sample."""
    train: int
    """Row of the training sample."""
    distance: float
    """Between the two, in feature units."""
    train_distance: float
    """From that training sample to the nearest other one."""
    ratio: float
    """``distance`` / ``train_distance``: below 1 counts as memorised, 0 is an exact copy."""


def worst_copies(index: TrainIndex, features: Features, count: int) -> list[Copy]:
    """Return the ``count`` samples of ``features`` [m, d] (fewer if m is smaller) with the smallest ratio, worst first.

    Each sample is listed once, a training sample as often as it was copied; of equal ratios the first row comes first.
    Raises ScoreError for bad shapes or values.
    """
    distance, row = index.nearest(checked(features, "the samples", keep_single=True))
    scale = index.train_distance(row)
    ratio = np.where(distance > 0, np.inf, 0.0)
    np.divide(distance, scale, out=ratio, where=scale > 0)
    return [
        Copy(int(i), int(row[i]), float(distance[i]), float(scale[i]), float(ratio[i]))
        for i in np.argsort(ratio, kind="stable")[: max(count, 0)]
    ]


@dataclass(frozen=True)
class Partition:
    """The real side of C_T: the training set in its cells, and the held-out set seen through them."""

    project: Callable[[Features], Features]
    """Features [m, d] to at most 64 principal components of the training set."""
    assign: Callable[[Features], Cells]
    """Projected features to the cell [m] of each."""
    index: TrainIndex
    distance: Features
    """From each held-out sample to the training set [n], as ``relative_distance``."""
    cells: Cells
    """Cell of each held-out sample [n]."""


def partition(train: Features, heldout: Features, index: TrainIndex | None = None) -> Partition:
    """Cut the training features [n, d] into three cells by k-means (ten starts, fixed seed); place the held-out ones.

    ``index`` hands over an index of the same training features. Raises ScoreError for bad shapes, values, fewer than
    three training rows or no held-out row.
    """
    from sklearn.cluster import KMeans

    train = checked(train, "the training features", least=CELLS, keep_single=True)
    heldout = checked(heldout, "the held-out features", keep_single=True)
    same_width(train.shape[1], heldout)
    wide = train.shape[1] > MAXIMAL_WIDTH
    project = _principal(train) if wide else _unchanged
    projected = project(train)
    if wide or index is None:
        index = TrainIndex(projected if wide else train)
    clusters = KMeans(CELLS, n_init=10, random_state=_SEED).fit(projected)
    seen = project(heldout)
    distance = relative_distance(index, seen if wide else heldout)
    return Partition(project, clusters.predict, index, distance, clusters.predict(seen))


def copying_statistic(real: Partition, fake: Features) -> Estimate:
    """Return C_T of generated features [m, d]: far below 0 for copies, about 0 for fresh samples, above for far ones.

    Per cell, the Mann–Whitney z of the generated against the held-out samples' ``relative_distance`` to the training
    set (the paper takes the distance itself, which calls blurred images copies where features contract); averaged over
    the cells with 20 or more generated samples by their held-out shares. The standard error counts the sampling of both
    sets: the ranks in each cell (DeLong et al. 1988), how many samples fall into it, and with these the weights. The
    training set, its cells and which of them qualify are as given.
    Raises ScoreError for bad shapes or values, or where no cell qualifies.
    """
    return estimate(copying_influence(real, fake))


def copying_influence(real: Partition, fake: Features) -> Influence:
    """Return the rows of ``copying_statistic``: of the generated and of the held-out samples."""
    fake = checked(fake, "the generated features", keep_single=True)
    projected = real.project(fake)
    # Where nothing is projected, the index is asked about the array that other metrics asked about.
    distance = relative_distance(real.index, fake if real.project is _unchanged else projected)
    cells = real.assign(projected)
    kept = [cell for cell in range(CELLS) if np.sum(cells == cell) >= MINIMAL_CELL and np.any(real.cells == cell)]
    if not kept:
        raise ScoreError(f"No cell of the training set holds {MINIMAL_CELL} of the {len(fake)} generated samples.")
    weighed = np.isin(real.cells, kept)
    total, value = int(weighed.sum()), 0.0
    by_fake, by_real = np.zeros(len(fake)), np.zeros(len(real.cells))
    for cell in kept:
        fake, test = cells == cell, real.cells == cell
        share_of_cell = test.sum() / total
        z, fake_rows, test_rows = _rank_z(distance[fake], real.distance[test])
        by_fake[fake] = share_of_cell * fake_rows
        by_real[test] = share_of_cell * test_rows + z / total
        value += share_of_cell * z
    by_real[weighed] -= value / total
    return Influence(float(value), len(fake) * by_fake, len(by_real) * by_real)


def _unchanged(x: Features) -> Features:
    return x.astype(np.float64, copy=False)


def _principal(train: Features) -> Callable[[Features], Features]:
    mean = train.mean(axis=0, dtype=np.float64)
    centred = train - mean
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :MAXIMAL_WIDTH]

    def project(x: Features) -> Features:
        same_width(len(mean), x)
        components: Features = (x - mean) @ axes
        return components

    return project


def _rank_z(fake: Features, test: Features) -> tuple[float, Features, Features]:
    """Return the Mann–Whitney z of ``own`` [n] against ``test`` [m] (low: own is less), and what each row adds to it.

    z is √(12nm/(n+m+1)) (A − ½) nearly, A the chance of own > test: a row moves A, and by being there n or m.
    """
    n, m = len(fake), len(test)
    above, below = share_below(fake, test), 1 - share_below(test, fake)
    slope = n * m / np.sqrt(n * m * (n + m + 1) / 12)
    z = float(slope * (above.mean() - 0.5 + 0.5 / (n * m)))
    fake_rows = slope * (above - above.mean()) / n + z * m / (2 * n * (n + m))
    test_rows = slope * (below - below.mean()) / m + z * n / (2 * m * (n + m))
    return z, fake_rows, test_rows


def reference_partition(reference: Reference) -> Partition:
    """Return the cells of a reference, made once."""
    return reference.once("cells", lambda: partition(reference.train, reference.heldout, train_index(reference)))


def _heldout_share(sets: Sets) -> Estimate:
    reference = sets.reference
    return reference.once("memorised_heldout", lambda: memorised_share(train_index(reference), reference.heldout))


def _duplicates(sets: Sets) -> dict[str, Influence]:
    reference = sets.reference
    if len(reference.heldout) < MINIMAL_HELDOUT:
        return {}
    return {"duplicates": duplicate_influence(train_index(reference), reference.heldout, sets.fake)}


MEMORISED = Metric(
    name="memorised",
    summary="Share of samples nearer to a training sample than its own nearest neighbour is (Alaa et al. 2022)",
    columns=("memorised",),
    compute=lambda sets: {"memorised": memorised_share(train_index(sets.reference), sets.fake)},
    influence=lambda sets: {"memorised": share_influence(_memorised(train_index(sets.reference), sets.fake))},
    needs=("train",),
    version=2,
    better="lower",
)

MEMORISED_HELDOUT = Metric(
    name="memorised_heldout",
    summary="The same share for held-out real samples: what a model that copies nothing scores",
    columns=("memorised_heldout",),
    compute=lambda sets: {"memorised_heldout": _heldout_share(sets)},
    needs=("train", "heldout"),
    version=2,
)

DUPLICATES = Metric(
    name="duplicates",
    summary="Share of samples as near to one training sample, beside the others near it, as the nearest 5 % of the "
    "held-out ones; 0.05: no copies",
    columns=("duplicates",),
    compute=lambda sets: estimates(_duplicates(sets)),
    influence=_duplicates,
    needs=("train", "heldout"),
    version=2,
    better="lower",
)

CT = Metric(
    name="ct",
    summary="C_T test of data copying; well below 0: copies (Meehan et al. 2020)",
    columns=("ct",),
    compute=lambda sets: {"ct": copying_statistic(reference_partition(sets.reference), sets.fake)},
    influence=lambda sets: {"ct": copying_influence(reference_partition(sets.reference), sets.fake)},
    needs=("train", "heldout"),
    version=4,
)
