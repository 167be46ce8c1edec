"""What generated data are worth to a classifier of real data.

Ravuri & Vinyals 2019, "Classification Accuracy Score for Conditional Generative Models": train on generated
samples with the labels they were asked to have, test on held-out real ones. The classifier is a logistic regression on
the extractor's features, so that the score takes seconds and no training recipe enters it.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import binomial_error, checked, same_width, shuffled
from ganzoo.metrics.base import Features, Labels, Metric, Sets
from ganzoo.metrics.classwise import checked_labels
from ganzoo.types import Estimate

LIMIT = 20_000
"""Rows of each side that a classifier is trained on at most, a seeded subset."""
ITERATIONS = 200
STRENGTH = 1.0
"""Inverse of the ridge penalty, relative to the summed log loss."""


def utility_scores(sets: Sets) -> dict[str, Estimate]:
    """Return ``cas``, ``cas_real`` (0 … 1) and ``augmentation_gain`` (−1 … 1) on the held-out real samples.

    ``cas``: accuracy of a classifier trained on the generated samples and the labels asked of them; ``cas_real``: of
    one trained on real training samples, the ceiling; ``augmentation_gain``: accuracy with both together less
    ``cas_real``. Each classifier is an L2-regularised logistic regression (C = 1, L-BFGS, at most 200 iterations) on
    features standardised by its own training samples, at most 20,000 of each side.
    Standard errors are those of the held-out sample, given the classifiers: binomial, and for the gain that of the
    paired differences (McNemar 1947). Another draw of the training samples adds to them.
    Raises ScoreError without asked labels, training or held-out labels, for labels out of range, or where the real
    training samples are all of one class.
    """
    reference = sets.reference
    heldout = checked(reference.heldout, "the held-out features")
    fake = checked(sets.fake, "the generated features")
    train = checked(reference.train, "the training features")
    for other in (fake, heldout):
        same_width(train.shape[1], other)
    if sets.asked is None or reference.train_labels is None or reference.heldout_labels is None:
        raise ScoreError("The value for a classifier needs labels of training, held-out and generated samples.")
    truth = checked_labels(reference.heldout_labels, len(heldout), reference.classes, "held-out")
    real = _subset(train, checked_labels(reference.train_labels, len(train), reference.classes, "training"), "real")
    made = _subset(fake, checked_labels(sets.asked, len(fake), reference.classes, "generated"), "generated")
    if len(np.unique(real[1])) < 2:
        raise ScoreError("The real training samples are all of one class: there is nothing to classify.")
    alone = reference.once("utility/real", lambda: _predictions(*real, heldout)) == truth
    both = _predictions(np.concatenate([real[0], made[0]]), np.concatenate([real[1], made[1]]), heldout) == truth
    return {
        "cas": _accuracy(_predictions(*made, heldout) == truth),
        "cas_real": _accuracy(alone),
        "augmentation_gain": _gain(both, alone),
    }


def _subset(x: Features, labels: Labels, side: str) -> tuple[Features, Labels]:
    if len(x) <= LIMIT:
        return x, labels
    rows = shuffled(0, f"utility/{side}", len(x))[:LIMIT]
    return x[rows], labels[rows]


def _predictions(x: Features, labels: Labels, heldout: Features) -> Labels:
    """Train on rows [n, d] with labels [n]; return the classes of the held-out rows [m]."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if (labels == labels[0]).all():
        return np.full(len(heldout), labels[0])  # all that can be learnt from one class
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale <= 1e-12 * np.abs(mean)] = 1.0  # constant features, up to rounding
    classifier = LogisticRegression(C=STRENGTH, max_iter=ITERATIONS)
    with warnings.catch_warnings():
        # Stopping after a fixed number of iterations is part of the protocol.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit((x - mean) / scale, labels)
    predicted: Labels = classifier.predict((heldout - mean) / scale)
    return predicted


def _accuracy(hits: NDArray[np.bool_]) -> Estimate:
    share = float(hits.mean())
    return Estimate(share, binomial_error(share, len(hits)), len(hits))


def _gain(both: NDArray[np.bool_], alone: NDArray[np.bool_]) -> Estimate:
    difference = both.astype(np.float64) - alone
    n = len(difference)
    return Estimate(float(difference.mean()), float(difference.std()) / n**0.5, n)


UTILITY = Metric(
    name="utility",
    summary="Accuracy on real data of classifiers trained on generated, real, and both (Ravuri & Vinyals 2019)",
    columns=("cas", "cas_real", "augmentation_gain"),
    compute=utility_scores,
    needs=("asked", "labels"),
    better="higher",
    on_request=True,
    version=2,
)
