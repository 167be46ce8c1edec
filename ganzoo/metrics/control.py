"""Does a generator draw what it was asked for? Classes for conditional GANs, codes for InfoGAN."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.base import Mask, Metric, Sets
from ganzoo.metrics.shares import share, share_influence
from ganzoo.types import Estimate


def label_accuracy(asked: NDArray[np.int64], predicted: NDArray[np.int64]) -> Estimate:
    """Share of samples that the classifier sees as the class asked for, in [0, 1]; binomial standard error.

    Raises ScoreError unless there is one label [n] per prediction [n].
    """
    return share(_obeyed(asked, predicted))


def code_error(codes: NDArray[np.int64], predicted: NDArray[np.int64]) -> Estimate:
    """Share of samples whose predicted class is not the one assigned to their code, in [0, 1].

    Codes are assigned to classes one to one so that the error is smallest (Chen et al. 2016, §7.2); chance is about
    1 - 1/k. The standard error is binomial and takes the assignment as given, which makes it about twice too wide where
    codes say nothing of classes.
    Raises ScoreError unless there is one code [n] per prediction [n].
    """
    return share(_confused(codes, predicted))


def _obeyed(asked: NDArray[np.int64], predicted: NDArray[np.int64]) -> Mask:
    _check(asked, predicted)
    hits: Mask = asked == predicted
    return hits


def _confused(codes: NDArray[np.int64], predicted: NDArray[np.int64]) -> Mask:
    from scipy.optimize import linear_sum_assignment

    _check(codes, predicted)
    size = int(max(codes.max(), predicted.max())) + 1
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (codes, predicted), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    assigned = np.empty(size, np.int64)
    assigned[rows] = columns
    hits: Mask = assigned[codes] != predicted
    return hits


def _check(wanted: NDArray[np.int64], predicted: NDArray[np.int64]) -> None:
    if wanted.shape != predicted.shape or wanted.ndim != 1 or len(wanted) == 0:
        raise ScoreError(
            f"Control needs one label per sample, but was given {wanted.shape} for {predicted.shape} samples."
        )


def _predicted(sets: Sets) -> NDArray[np.int64]:
    assert sets.logits is not None  # the metric's needs say so
    predicted: NDArray[np.int64] = sets.logits.argmax(axis=1)
    return predicted


def _asked_hits(sets: Sets) -> Mask:
    assert sets.asked is not None  # likewise
    assert sets.logits is not None  # likewise
    known, classes = sets.logits.shape[1], sets.reference.classes
    if known != classes:
        raise ScoreError(f"The extractor knows {known} classes, the data have {classes}.")
    return _obeyed(sets.asked, _predicted(sets))


def _code_misses(sets: Sets) -> Mask:
    assert sets.codes is not None  # likewise
    return _confused(sets.codes, _predicted(sets))


LABEL_ACCURACY = Metric(
    name="label_accuracy",
    summary="share of samples of the class asked for",
    columns=("label_accuracy",),
    compute=lambda sets: {"label_accuracy": share(_asked_hits(sets))},
    influence=lambda sets: {"label_accuracy": share_influence(_asked_hits(sets))},
    needs=("classes", "asked"),
    version=2,
    better="higher",
)
CODE_ERROR = Metric(
    name="code_error",
    summary="share of samples whose class is not their code's (best assignment)",
    columns=("code_error",),
    compute=lambda sets: {"code_error": share(_code_misses(sets))},
    influence=lambda sets: {"code_error": share_influence(_code_misses(sets))},
    needs=("classes", "codes"),
    version=2,
    better="lower",
)
