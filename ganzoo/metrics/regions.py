"""Modes where no classifier knows the classes: the parts of feature space around the means of the reference's classes.

Without labels the parts are clusters of the reference's features (k-means, k = 10). As for classes that a classifier
tells apart, a mode counts that gets a tenth of its due share, and the histograms are compared by their divergence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganzoo.metrics.arrays import blocks, checked, checked_pair, left, right, shuffled
from ganzoo.metrics.base import Features, Index, Influence, Labels, Metric, Reference, Sets
from ganzoo.metrics.modes import histogram_influence, histogram_scores
from ganzoo.types import Estimate

CLUSTERS = 10
"""Of a reference without labels."""
FITTED = 10_000
"""Rows of the reference from which clusters are found; all rows are counted."""
LEAST = 10
"""Rows of the reference for each part: of fewer its share is not known."""
_SEED = 0


@dataclass(frozen=True)
class Regions:
    """Parts of feature space, each around a centre, and which of them the rows of the reference are in."""

    centres: Features
    """[k, d], in float64."""
    real: Index
    """The part [n] of every reference row; each part has one or more."""

    def of(self, x: Features) -> Index:
        """Return the part of each row [m, d]: that of the nearest centre."""
        return _nearest(x, self.centres)


def regions(real: Features, labels: Labels | None = None) -> Regions:
    """Return the parts around the class means of the reference [n, d], or around its clusters where it has no labels.

    A class none of whose rows is nearest to its own mean has no part. Raises ScoreError for bad shapes or values.
    """
    real = checked(real, "the reference features", least=CLUSTERS, keep_single=True)
    centres = _clusters(real) if labels is None else _means(real, labels)
    found = np.unique(_nearest(real, centres))
    kept = centres[found]
    nearest = _nearest(real, kept)
    return Regions(kept, nearest)


def region_modes(parts: Regions, fake: Features) -> dict[str, Estimate]:
    """Return ``modes`` (0 … k) and ``mode_kl`` (nats, ≥ 0) of generated features [m, d].

    Both as in ``class_modes``, with the part that a row lies in for its class, on either side. Raises ScoreError for
    bad shapes or values.
    """
    _, fake = checked_pair(parts.centres, fake, keep_single=True)
    return histogram_scores(parts.of(fake), parts.real, len(parts.centres))


def _means(real: Features, labels: Labels) -> Features:
    return np.array([real[labels == label].mean(axis=0, dtype=np.float64) for label in np.unique(labels)])


def _clusters(real: Features) -> Features:
    from sklearn.cluster import KMeans

    rows = shuffled(_SEED, "regions", len(real))[:FITTED]
    centres: Features = KMeans(CLUSTERS, random_state=_SEED).fit(real[rows].astype(np.float64)).cluster_centers_
    return centres


def _nearest(x: Features, centres: Features) -> Index:
    middle = centres.mean(axis=0)
    table = right(centres - middle).T
    found = [(left(x[block] - middle) @ table).argmin(axis=1) for block in blocks(len(x), x.shape[1] + len(centres))]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def reference_regions(reference: Reference) -> Regions:
    """Return the parts of a reference, found once."""
    return reference.once("regions", lambda: regions(reference.real, reference.labels))


def _wanted(sets: Sets) -> bool:
    reference = sets.reference
    parts = CLUSTERS if reference.labels is None else len(np.unique(reference.labels))
    return parts > 1 and len(reference.real) >= LEAST * parts and len(sets.fake) > 0


def _compute(sets: Sets) -> dict[str, Estimate]:
    return region_modes(reference_regions(sets.reference), sets.fake) if _wanted(sets) else {}


def _influences(sets: Sets) -> dict[str, Influence]:
    if not _wanted(sets):
        return {}
    parts = reference_regions(sets.reference)
    _, fake = checked_pair(parts.centres, sets.fake, keep_single=True)
    return {"mode_kl": histogram_influence(parts.of(fake), parts.real, len(parts.centres))}


REGION_MODES = Metric(
    name="region_modes",
    summary="Parts of feature space (nearest class mean, or ten clusters without labels) with a tenth of their due "
    "share or more, and KL of their histogram",
    columns=("modes", "mode_kl"),
    compute=_compute,
    influence=_influences,
    needs=("real",),
)
