"""Quality within each class: Fréchet distance, precision and recall on the rows of one label at a time.

A generated sample belongs to the class it was asked to have; where nothing was asked, to the class that the extractor's
classifier sees, which hides samples of the wrong class. A reference sample belongs to the class of its label.
Miyato & Koyama 2018, "cGANs with Projection Discriminator" (intra FID).
"""

from __future__ import annotations

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked_pair
from ganzoo.metrics.base import Features, Labels, Metric, Reference, Sets
from ganzoo.metrics.fid import Target, frechet_distance, target
from ganzoo.metrics.neighbours import neighbour_scores
from ganzoo.types import ClassScore, Estimate

MINIMUM = 20
"""Rows of a class that are needed on either side; fewer say nothing about it."""


def class_scores(sets: Sets) -> list[ClassScore]:
    """Return Fréchet distance, precision and recall (k = 5) of every class, in the order of labels.

    The distance is biased up by about 1/n of its rows, and precision and recall use the first min(n_fake, n_real) of
    them: compare models at equal numbers. Standard errors as for all rows. Raises ScoreError without reference labels,
    without either asked labels or the logits of as many classes, and for labels out of range.
    """
    real_labels, fake_labels = _labels(sets)
    scores = []
    for label in range(sets.reference.classes):
        real, fake = sets.reference.real[real_labels == label], sets.fake[fake_labels == label]
        scores.append(_class_score(sets.reference, label, real, fake))
    return scores


def _class_score(reference: Reference, label: int, real: Features, fake: Features) -> ClassScore:
    name = reference.class_name(label)
    number = int(name) if name.isdecimal() else label
    reason = _too_few(name, len(fake), len(real))
    if reason:
        return ClassScore(label=number, name=name, n_fake=len(fake), n_real=len(real), reason=reason)
    near = neighbour_scores(real, fake)
    return ClassScore(
        label=number,
        name=name,
        n_fake=len(fake),
        n_real=len(real),
        fid=frechet_distance(_target(reference, label, real), fake),
        precision=near["precision"],
        recall=near["recall"],
    )


def intra_class_distance(sets: Sets) -> Estimate:
    """Return the mean of the classes' Fréchet distances (≥ 0).

    Classes share no row, so the standard error is √Σse²/classes, with the labels as given and the reference taken as
    exact. Raises ScoreError as ``class_scores`` does, and where a class has too few rows: a mean over the others would
    reward a model for leaving classes out.
    """
    real_labels, fake_labels = _labels(sets)
    found = []
    for label in range(sets.reference.classes):
        real, fake = sets.reference.real[real_labels == label], sets.fake[fake_labels == label]
        if reason := _too_few(sets.reference.class_name(label), len(fake), len(real)):
            raise ScoreError(f"The mean over classes needs all of them, but {reason[0].lower()}{reason[1:]}")
        found.append(frechet_distance(_target(sets.reference, label, real), fake))
    variance = sum((each.se or 0.0) ** 2 for each in found)
    return Estimate(float(np.mean([each.value for each in found])), variance**0.5 / len(found), len(sets.fake))


def _target(reference: Reference, label: int, real: Features) -> Target:
    return reference.once(f"classwise/{label}", lambda: target(real))


def _too_few(name: str, n_fake: int, n_real: int) -> str:
    if min(n_fake, n_real) >= MINIMUM:
        return ""
    return f"Class {name} has {n_fake} generated and {n_real} reference rows, where {MINIMUM} of each are needed."


def _labels(sets: Sets) -> tuple[Labels, Labels]:
    """Return the class of each reference row [n] and of each generated row [m]."""
    reference = sets.reference
    checked_pair(reference.real, sets.fake)
    if reference.labels is None or reference.classes < 1:
        raise ScoreError("Class-wise scores need the labels of the reference.")
    real = checked_labels(reference.labels, len(reference.real), reference.classes, "reference")
    if sets.asked is not None:
        return real, checked_labels(sets.asked, len(sets.fake), reference.classes, "generated")
    if sets.logits is None:
        raise ScoreError("Class-wise scores need a conditional generator, labels, or an extractor that classifies.")
    if sets.logits.shape != (len(sets.fake), reference.classes):
        raise ScoreError(
            f"The extractor's logits {sets.logits.shape} do not tell the {reference.classes} classes of "
            f"{len(sets.fake)} samples apart."
        )
    return real, sets.logits.argmax(axis=1)


def checked_labels(labels: object, rows: int, classes: int, what: str) -> Labels:
    """Return labels [rows] in 0 … classes − 1; ``what`` names the samples in errors. Raises ScoreError for others."""
    array = np.asarray(labels)
    if array.shape != (rows,) or array.dtype.kind not in "iu":
        raise ScoreError(f"The labels of the {what} samples are {array.dtype}{array.shape}, not {rows} integers.")
    outside = np.flatnonzero((array < 0) | (array >= classes))
    if len(outside):
        row = int(outside[0])
        raise ScoreError(f"The label {array[row]} of {what} sample {row} is outside of {classes} classes.")
    return array.astype(np.int64)


def _compute(sets: Sets) -> dict[str, Estimate]:
    return {"intra_fid": intra_class_distance(sets)}


INTRA_FID = Metric(
    name="intra_fid",
    summary="Mean Fréchet distance within classes as asked for, else as the classifier sees (Miyato & Koyama 2018)",
    columns=("intra_fid",),
    compute=_compute,
    needs=("classes",),
    better="lower",
    on_request=True,
)
