"""Does a generator draw what it was asked for? Classes for conditional GANs, codes for InfoGAN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Metric, Sets
from ganzoo.types import Estimate


def label_accuracy(asked: NDArray[np.int64], predicted: NDArray[np.int64]) -> Estimate:
    """Share of samples that the classifier sees as the class asked for, in [0, 1]; binomial standard error."""
    _check(asked, predicted)
    return _share(asked == predicted)


def code_error(codes: NDArray[np.int64], predicted: NDArray[np.int64]) -> Estimate:
    """Share of samples whose predicted class is not the one assigned to their code, in [0, 1].

    Codes are assigned to classes one to one so that the error is smallest (Chen et al. 2016, §7.2); chance is about
    1 - 1/k. The standard error is binomial and takes the assignment as given.
    """
    from scipy.optimize import linear_sum_assignment

    _check(codes, predicted)
    size = int(max(codes.max(), predicted.max())) + 1
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (codes, predicted), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    assigned = np.empty(size, np.int64)
    assigned[rows] = columns
    return _share(assigned[codes] != predicted)


def _share(hits: NDArray[np.bool_]) -> Estimate:
    n = len(hits)
    share = float(hits.mean())
    return Estimate(share, float(np.sqrt(share * (1 - share) / n)), n)


def _check(wanted: NDArray[np.int64], predicted: NDArray[np.int64]) -> None:
    if wanted.shape != predicted.shape or wanted.ndim != 1 or len(wanted) == 0:
        raise ScoreError(
            f"Control needs one label per sample, but was given {wanted.shape} for {predicted.shape} samples."
        )


def _predicted(sets: Sets) -> NDArray[np.int64]:
    assert sets.logits is not None  # the metric's needs say so
    predicted: NDArray[np.int64] = sets.logits.argmax(axis=1)
    return predicted


def _compute_accuracy(sets: Sets) -> dict[str, Estimate]:
    assert sets.asked is not None  # likewise
    return {"label_accuracy": label_accuracy(sets.asked, _predicted(sets))}


def _compute_code_error(sets: Sets) -> dict[str, Estimate]:
    assert sets.codes is not None  # likewise
    return {"code_error": code_error(sets.codes, _predicted(sets))}


LABEL_ACCURACY = Metric(
    name="label_accuracy",
    summary="share of samples of the class asked for",
    columns=("label_accuracy",),
    compute=_compute_accuracy,
    needs=("classes", "asked"),
    better="higher",
)
CODE_ERROR = Metric(
    name="code_error",
    summary="share of samples whose class is not their code's (best assignment)",
    columns=("code_error",),
    compute=_compute_code_error,
    needs=("classes", "codes"),
    better="lower",
)
