"""Mode coverage: classes of labelled data, components of mixtures with a known answer.

Classes after Che et al. 2017 ("Mode Regularized GANs") and Lin et al. 2018 ("PacGAN", section 4), whose rule for
mixtures is used as it stands: a sample within 3σ of its nearest centre is of high quality, and one such sample covers
a mode.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import binomial_error, checked, left, right
from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.types import Estimate

Counts = NDArray[np.int64]

MINIMAL_SHARE = 0.1
"""A class counts as covered when its generated share is at least this part of its reference share."""
RADIUS = 3.0
"""High quality: within so many σ of the nearest centre."""
MINIMAL_MODE = 10
"""A mode's σ̂ is taken from no fewer points than these."""


def class_modes(logits: Features, labels: NDArray[np.int64], classes: int) -> dict[str, Estimate]:
    """Return ``modes`` (0 … classes) and ``mode_kl`` (nats, ≥ 0) of generated logits [n, classes].

    ``labels`` [m] are the reference's. ``modes`` counts classes whose share of the samples (by argmax) is at least a
    tenth of their share of the reference; ``mode_kl`` is KL(generated ‖ reference) of the class histograms. The
    reference is treated as exact. Raises ScoreError for bad logits or labels, or a class the reference lacks.
    """
    logits = checked(logits, "the logits of the generated samples")
    if logits.shape[1] != classes:
        raise ScoreError(f"The extractor knows {logits.shape[1]} classes, the data have {classes}.")
    reference = _class_counts(labels, classes)
    counts = np.bincount(logits.argmax(axis=1), minlength=classes)
    shares = reference / reference.sum()
    needed = np.ceil(MINIMAL_SHARE * shares * len(logits) * (1 - 1e-12)).astype(np.int64)
    return {"modes": covered_modes(counts, needed, len(logits)), "mode_kl": histogram_divergence(counts, shares)}


def _class_counts(labels: NDArray[np.int64], classes: int) -> Counts:
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) == 0:
        raise ScoreError(f"The reference labels are {labels.dtype}{labels.shape}, where integers [n] are needed.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ScoreError(f"The reference labels lie in {labels.min()} … {labels.max()}, outside of {classes} classes.")
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise ScoreError(f"The reference holds no sample of class {int(counts.argmin())}.")
    return counts


def covered_modes(counts: Counts, needed: Counts, n: int) -> Estimate:
    """Count the modes [k] that received the samples they need, out of ``n`` samples.

    The standard error takes the counts as independent binomials at their observed shares: √Σ p(1−p), p the chance that
    a mode reaches its number again; an unseen mode is taken to be absent.
    """
    from scipy.special import bdtrc

    chance = bdtrc(needed - 1, n, counts / n)
    return Estimate(float((counts >= needed).sum()), float(np.sqrt((chance * (1 - chance)).sum())), n)


def histogram_divergence(counts: Counts, shares: Features) -> Estimate:
    """Return KL(counts/n ‖ shares) in nats, for positive ``shares`` [k] that sum to one.

    The plug-in value is biased up by about (k−1)/2n, k the modes hit. The standard error is the delta method's, less
    what the second order (k−1)/2n² adds to it (twice itself), plus that order: it holds where the histograms agree.
    Raises ScoreError where there are no samples.
    """
    n = int(counts.sum())
    if n == 0:
        raise ScoreError("No generated sample is left to compare the mode histogram of.")
    hit = counts > 0
    p = counts[hit] / n
    log_ratio = np.log(p / shares[hit])
    value = float(p @ log_ratio)
    first = (float(p @ log_ratio**2) - value**2) / n
    second = (int(hit.sum()) - 1) / (2 * n**2)
    return Estimate(max(value, 0.0), float(np.sqrt(max(first - second, second))), n)


def mixture_modes(points: Features, centres: Features, std: float) -> dict[str, Estimate]:
    """Score points [n, d] against a mixture of equally likely isotropic modes, ``centres`` [k, d] and ``std`` > 0.

    ``hq``: share of points within 3σ of their nearest centre. ``modes`` (0 … k): centres with one such point or more.
    ``mode_kl``: ln k − entropy of the mode histogram over those points, ln k where there are none. ``spread``: mean of
    σ̂/σ over modes with ten or more of them, 1 for the true mixture (what the cut at 3σ takes off σ̂ is put back), 0 for
    points without spread; left out where no mode has ten. Modes closer than 6σ to each other bias ``spread`` down.
    Standard errors: see ``covered_modes`` and ``histogram_divergence``; binomial for ``hq``; fourth moments of each
    mode for ``spread``. Raises ScoreError for bad values.
    """
    points = checked(points, "the generated points")
    centres = checked(centres, "the centres of the mixture")
    if centres.shape[1] != points.shape[1] or not std > 0:
        raise ScoreError(f"The mixture ({centres.shape}, σ = {std}) does not fit points of shape {points.shape}.")
    nearest, close = _assign(points, centres, RADIUS * std)
    k, n = len(centres), len(points)
    counts = np.bincount(nearest[close], minlength=k)
    share = float(close.mean())
    kl = histogram_divergence(counts, np.full(k, 1 / k)) if close.any() else Estimate(float(np.log(k)), None, 0)
    scores = {
        "modes": covered_modes(counts, np.ones(k, np.int64), n),
        "mode_kl": kl,
        "hq": Estimate(share, binomial_error(share, n), n),
    }
    spread = _spread(points[close], nearest[close], std)
    return scores if spread is None else {**scores, "spread": spread}


def _assign(points: Features, centres: Features, radius: float) -> tuple[Counts, NDArray[np.bool_]]:
    """Return each point's nearest centre [n] and whether it is within the radius of it [n]."""
    middle = centres.mean(axis=0)
    nearest = (left(points - middle) @ right(centres - middle).T).argmin(axis=1)
    return nearest, np.linalg.norm(points - centres[nearest], axis=1) < radius


def _spread(points: Features, modes: Counts, std: float) -> Estimate | None:
    ratios, variances, used = [], [], 0
    for mode in np.unique(modes):
        own = points[modes == mode]
        if len(own) < MINIMAL_MODE:
            continue
        squares = np.square(own - own.mean(axis=0)).mean(axis=1) * len(own) / (len(own) - 1)
        sigma = float(np.sqrt(squares.mean()))
        ratios.append(sigma / std)
        variances.append(float(squares.var(ddof=1)) / len(own) / (2 * sigma * std) ** 2 if sigma else 0.0)
        used += len(own)
    if not ratios:
        return None
    kept = _kept_deviation(points.shape[1])
    return Estimate(float(np.mean(ratios)) / kept, float(np.sqrt(sum(variances))) / len(ratios) / kept, used)


def _kept_deviation(d: int) -> float:
    """Return the standard deviation per axis of N(0, I_d) cut at radius 3: √(P(χ²_{d+2} < 9) / P(χ²_d < 9))."""
    from scipy.special import gammainc

    half = RADIUS**2 / 2
    return float(np.sqrt(gammainc(d / 2 + 1, half) / gammainc(d / 2, half)))


def _compute_classes(sets: Sets) -> dict[str, Estimate]:
    if sets.logits is None or sets.reference.labels is None:
        raise ScoreError("Class modes need logits and reference labels.")
    return class_modes(sets.logits, sets.reference.labels, sets.reference.classes)


def _compute_mixture(sets: Sets) -> dict[str, Estimate]:
    if sets.reference.centres is None:
        raise ScoreError("Mixture modes need the centres of the mixture.")
    return mixture_modes(sets.fake, sets.reference.centres, sets.reference.std)


MIXTURE_MODES = Metric(
    name="mixture_modes",
    summary="Covered modes, histogram KL, share within 3σ and spread on a known mixture (Lin et al. 2018)",
    columns=("modes", "mode_kl", "hq", "spread"),
    compute=_compute_mixture,
    needs=("mixture",),
)

CLASS_MODES = Metric(
    name="class_modes",
    summary="Classes with a tenth of their due share or more, and KL of the class histogram",
    columns=("modes", "mode_kl"),
    compute=_compute_classes,
    needs=("classes",),
)
