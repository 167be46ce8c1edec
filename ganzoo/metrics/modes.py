"""Mode coverage: classes of labelled data, components of mixtures with a known answer.

Classes after Che et al. 2017 ("Mode Regularized GANs") and Lin et al. 2018 ("PacGAN", section 4), whose rule for
mixtures is used as it stands: a sample within 3σ of its nearest centre is of high quality, and one such sample covers
a mode.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, left, right
from ganzoo.metrics.base import Features, Influence, Metric, Sets
from ganzoo.metrics.shares import alone, estimate, row_error, share, share_influence
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
    tenth of their share of the reference; ``mode_kl`` is KL(generated ‖ reference) of the class histograms. Standard
    errors are given the reference. Raises ScoreError for bad logits or labels, or a class the reference lacks.
    """
    return histogram_scores(_drawn(logits, labels, classes), labels, classes)


def histogram_scores(drawn: Counts, labels: Counts, classes: int) -> dict[str, Estimate]:
    """Return ``modes`` and ``mode_kl`` for the class of each generated sample [n] and of each reference row [m].

    Every class has a reference row.
    """
    counts, shares = np.bincount(drawn, minlength=classes), np.bincount(labels, minlength=classes) / len(labels)
    needed = np.ceil(MINIMAL_SHARE * shares * len(drawn) * (1 - 1e-12)).astype(np.int64)
    divergence = estimate(histogram_influence(drawn, labels, classes))
    return {"modes": covered_modes(counts, needed, len(drawn)), "mode_kl": divergence}


def histogram_influence(drawn: Counts, labels: Counts, classes: int) -> Influence:
    """The divergence of histograms; more of a class in the reference lowers it by that class's ratio of shares."""
    shares = np.bincount(labels, minlength=classes) / len(labels)
    ratio = np.bincount(drawn, minlength=classes) / len(drawn) / shares
    return replace(divergence_influence(drawn, shares), real=-ratio[labels], given=True)


def _drawn(logits: Features, labels: NDArray[np.int64], classes: int) -> Counts:
    """Return the class [n] of each generated sample, with logits and labels checked."""
    logits = checked(logits, "the logits of the generated samples")
    if logits.shape[1] != classes:
        raise ScoreError(f"The extractor knows {logits.shape[1]} classes, the data have {classes}.")
    _check_labels(labels, classes)
    drawn: Counts = logits.argmax(axis=1)
    return drawn


def _check_labels(labels: NDArray[np.int64], classes: int) -> None:
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or len(labels) == 0:
        raise ScoreError(f"The reference labels are {labels.dtype}{labels.shape}, where integers [n] are needed.")
    if labels.min() < 0 or labels.max() >= classes:
        raise ScoreError(f"The reference labels lie in {labels.min()} … {labels.max()}, outside of {classes} classes.")
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise ScoreError(f"The reference holds no sample of class {int(counts.argmin())}.")


def covered_modes(counts: Counts, needed: Counts, n: int) -> Estimate:
    """Count the modes [k] that received the samples they need, out of ``n`` samples.

    The standard error is that of another n samples' count around its expectation: √Σ p(1−p), p the chance that a mode
    reaches its number again, by the predictive law of a binomial share under Jeffreys' prior. A mode without samples
    takes its part of the share that Good (1953, eq. 9) gives to the unseen, here (modes seen once + ½) / (modes unseen
    + 1) samples each; so modes that are absent for good, beside others seen often, add less than 0.7 in all.
    A count is not normal: where few modes are in doubt, the nominal 95 % cover more than that.
    """
    chance = _chances(counts, needed, n)
    return Estimate(float((counts >= needed).sum()), float(np.sqrt((chance * (1 - chance)).sum())), n)


def _chances(counts: Counts, needed: Counts, n: int) -> Features:
    """Return the chance [k] of each mode to receive the samples it needs in another ``n``."""
    from scipy.special import bdtrc

    unseen = counts == 0
    expected = (np.sum(counts == 1) + 0.5) / (np.sum(unseen) + 1)
    again = [_chance_again(int(seen), int(least), n) for seen, least in zip(counts, needed, strict=True)]
    return np.where(unseen, bdtrc(needed - 1, n, min(expected / n, 1.0)), again)


def _chance_again(seen: int, least: int, n: int) -> float:
    """Return P(X ≥ least) of the beta-binomial law of n draws with ½ + seen and ½ + n − seen."""
    from scipy.special import betaln

    hits, misses = seen + 0.5, n - seen + 0.5
    fewer = np.arange(least)
    logs = betaln(fewer + hits, n - fewer + misses) - betaln(n - fewer + 1, fewer + 1)
    return float(1 - np.exp(logs - betaln(hits, misses) - np.log(n + 1)).sum().clip(0, 1))


def histogram_divergence(counts: Counts, shares: Features) -> Estimate:
    """Return KL(counts/n ‖ shares) in nats, for positive ``shares`` [k] that sum to one.

    The plug-in value is biased up by about (k−1)/2n, k the modes hit. The standard error is that of the delete-one
    jackknife, less what the second order (k−1)/2n² adds to it (twice itself), plus that order. Its 95 % interval holds
    the expected value at this n; where the histograms agree it does so more often (in 99.9 %).
    Raises ScoreError where there are no samples.
    """
    return estimate(divergence_influence(np.repeat(np.arange(len(counts)), counts), shares))


def divergence_influence(drawn: Counts, shares: Features) -> Influence:
    """Return the rows of ``histogram_divergence`` for the mode [n] that each sample is in: jackknife pseudo-values."""
    n = len(drawn)
    if n == 0:
        raise ScoreError("No generated sample is left to compare the mode histogram of.")
    counts = np.bincount(drawn, minlength=len(shares))
    terms = _terms(counts, shares)
    value = max(float(terms.sum() / n - np.log(n)), 0.0)
    if n == 1:
        return Influence(value, np.zeros(1))
    without = (terms.sum() - terms + _terms(counts - 1, shares)) / (n - 1) - np.log(n - 1)
    rows = (n - 1) * (value - without[drawn])
    degenerate = (np.count_nonzero(counts) - 1) / (2 * n**2)
    return Influence(value, rows, second=max(-degenerate, degenerate - row_error(rows)))


def _terms(counts: Counts, shares: Features) -> Features:
    """Return c log(c / share) [k], 0 where there are none."""
    here = np.maximum(counts, 1)
    terms: Features = np.where(counts > 0, here * np.log(here / shares), 0.0)
    return terms


def mixture_modes(points: Features, centres: Features, std: float) -> dict[str, Estimate]:
    """Score points [n, d] against a mixture of equally likely isotropic modes, ``centres`` [k, d] and ``std`` > 0.

    ``hq``: share of points within 3σ of their nearest centre. ``modes`` (0 … k): centres with one such point or more.
    ``mode_kl``: ln k − entropy of the mode histogram over those points, ln k where there are none. ``spread``: mean of
    σ̂/σ over modes with ten or more of them, 1 for the true mixture (what the cut at 3σ takes off σ̂ is put back), 0 for
    points without spread; left out where no mode has ten. Modes closer than 6σ to each other bias ``spread`` down.
    Standard errors: see ``covered_modes`` and ``histogram_divergence``; binomial for ``hq``; fourth moments of each
    mode for ``spread``. Raises ScoreError for bad values.
    """
    nearest, close = _assign(points, centres, std)
    k, n = len(centres), len(points)
    counts = np.bincount(nearest[close], minlength=k)
    kl = histogram_divergence(counts, np.full(k, 1 / k)) if close.any() else Estimate(float(np.log(k)), None, 0)
    scores = {
        "modes": covered_modes(counts, np.ones(k, np.int64), n),
        "mode_kl": kl,
        "hq": share(close),
    }
    spread = _spread(points[close], nearest[close], std)
    return scores if spread is None else {**scores, "spread": spread}


def _assign(points: Features, centres: Features, std: float) -> tuple[Counts, NDArray[np.bool_]]:
    """Return each point's nearest centre [n] and whether it is within 3σ of it [n], all checked."""
    points = checked(points, "the generated points")
    centres = checked(centres, "the centres of the mixture")
    if centres.shape[1] != points.shape[1] or not std > 0:
        raise ScoreError(f"The mixture ({centres.shape}, σ = {std}) does not fit points of shape {points.shape}.")
    middle = centres.mean(axis=0)
    nearest = (left(points - middle) @ right(centres - middle).T).argmin(axis=1)
    return nearest, np.linalg.norm(points - centres[nearest], axis=1) < RADIUS * std


def _spread(points: Features, modes: Counts, std: float) -> Estimate | None:
    ratios, variances, used = [], [], 0
    for mode in np.unique(modes):
        members = points[modes == mode]
        if len(members) < MINIMAL_MODE:
            continue
        squares = np.square(members - members.mean(axis=0)).mean(axis=1) * len(members) / (len(members) - 1)
        sigma = float(np.sqrt(squares.mean()))
        ratios.append(sigma / std)
        variances.append(float(squares.var(ddof=1)) / len(members) / (2 * sigma * std) ** 2 if sigma else 0.0)
        used += len(members)
    if not ratios:
        return None
    kept = _kept_deviation(points.shape[1])
    return alone(float(np.mean(ratios)) / kept, float(np.sqrt(sum(variances))) / len(ratios) / kept, used)


def _kept_deviation(d: int) -> float:
    """Return the standard deviation per axis of N(0, I_d) cut at radius 3: √(P(χ²_{d+2} < 9) / P(χ²_d < 9))."""
    from scipy.special import gammainc

    half = RADIUS**2 / 2
    return float(np.sqrt(gammainc(d / 2 + 1, half) / gammainc(d / 2, half)))


def _class_sides(sets: Sets) -> tuple[Features, NDArray[np.int64], int]:
    if sets.logits is None or sets.reference.labels is None:
        raise ScoreError("Class modes need logits and reference labels.")
    return sets.logits, sets.reference.labels, sets.reference.classes


def _mixture_sides(sets: Sets) -> tuple[Features, Features, float]:
    if sets.reference.centres is None:
        raise ScoreError("Mixture modes need the centres of the mixture.")
    return sets.fake, sets.reference.centres, sets.reference.std


def _class_influence(sets: Sets) -> dict[str, Influence]:
    logits, labels, classes = _class_sides(sets)
    return {"mode_kl": histogram_influence(_drawn(logits, labels, classes), labels, classes)}


def _mixture_influence(sets: Sets) -> dict[str, Influence]:
    """``mode_kl`` is a ratio over the points within 3σ: the others move it by nothing, those by so much more."""
    points, centres, std = _mixture_sides(sets)
    nearest, close = _assign(points, centres, std)
    scores = {"hq": share_influence(close)}
    if not close.any():
        return scores
    among = divergence_influence(nearest[close], np.full(len(centres), 1 / len(centres)))
    rows = np.zeros(len(points))
    rows[close] = among.fake / close.mean()
    return {**scores, "mode_kl": Influence(among.value, rows, second=among.second)}


MIXTURE_MODES = Metric(
    name="mixture_modes",
    summary="Covered modes, histogram KL, share within 3σ and spread on a known mixture (Lin et al. 2018)",
    columns=("modes", "mode_kl", "hq", "spread"),
    compute=lambda sets: mixture_modes(*_mixture_sides(sets)),
    influence=_mixture_influence,
    needs=("mixture",),
    version=2,
)

CLASS_MODES = Metric(
    name="class_modes",
    summary="Classes with a tenth of their due share or more, and KL of the class histogram",
    columns=("modes", "mode_kl"),
    compute=lambda sets: class_modes(*_class_sides(sets)),
    influence=_class_influence,
    needs=("classes",),
    version=2,
)
