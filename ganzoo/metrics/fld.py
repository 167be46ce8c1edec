"""Feature likelihood divergence: how likely held-out samples are under Gaussians put around the generated ones.

Jiralerspong et al. 2023, "Feature Likelihood Divergence: Evaluating the Generalization of Generative Models Using
Samples" (arXiv 2302.04440), sections 3.1–3.3. One isotropic Gaussian stands around every generated sample, as wide as
makes the training set most likely: around a copy of a training sample it shrinks to nothing, and then gives held-out
samples no likelihood. So the score gets worse with bad samples, with missing modes, and with copies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked, same_width, shuffled, squared_norms
from ganzoo.metrics.base import Features, Influence, Metric, Reference, Sets
from ganzoo.metrics.shares import estimate
from ganzoo.types import Estimate

LIMIT = 5000
"""Rows of a set that are looked at: a table of distances between two of them is held."""
LEAST = 20
STEPS, RATE = 50, 0.5
"""Adam, from widths that reach the nearest training sample."""
_DECAY, _EPS = (0.9, 0.999), 1e-8
_NARROWEST, _WIDEST = -40.0, 20.0
"""Bounds of a log variance."""
_FLOOR = 1e-3
"""Added to the squared distance that a width begins with."""
_ORIGIN = 0.81
"""Squared distances from the training mean are counted so: one more Gaussian there, for what no sample is near to."""


@dataclass(frozen=True)
class Surprise:
    """What held-out and training samples say of Gaussians around one set, in nats per feature."""

    heldout: Features
    """−log p [t] of every held-out sample."""
    train: Features
    """−log p [n] of every training sample."""
    weight: Features
    """How much of the held-out likelihood comes from each centre [m], times m: 1 on average."""


def divergence(train: Features, heldout: Features, fake: Features, *, seed: int = 0) -> dict[str, Estimate]:
    """Return ``fld`` and ``fld_gap`` of generated features [m, d], training ones [n, d] and held-out ones [t, d].

    ``fld`` is 100 times the mean −log-likelihood per feature of held-out samples, less the same where half of the
    training set takes the part of the generated samples: near 0 for real samples, and may be below. ``fld_gap`` is the
    mean of training samples less that of held-out ones, times 100: far below 0 for copies of the training set.
    Features are standardised by the held-out ones; at most 5000 rows of a set are used. The standard error of ``fld``
    is of the generated samples, given all real ones, by what each centre gives to the likelihood with the widths as
    they are, up to a quarter too narrow. ``fld_gap`` has none: the widths make it, which a copy moves beyond any first
    order.
    Raises ScoreError for bad shapes, values, or fewer than 20 rows in a set (40 training rows).
    """
    real = Reference(train, train, heldout)
    return _estimates(real, fake, seed)


def fit_widths(distances: Features, origin: Features, d: int) -> Features:
    """Return log variances [m] of Gaussians, by squared distances [n, m] of training samples to their centres.

    50 steps of Adam on the mean −log-likelihood per feature, ``origin`` [n] the squared distances to the training mean.
    """
    logs = np.log((distances.min(axis=0) + _FLOOR) / d)
    values = np.append(logs, 0.0)
    mean, square = np.zeros_like(values), np.zeros_like(values)
    every = np.column_stack([distances, _ORIGIN * origin])
    prior = np.append(np.full(len(logs), math.log(len(logs))), 0.0)
    for step in range(1, STEPS + 1):
        shares = _shares(every, values, prior, d)
        pull = np.einsum("ij,ij->j", shares, every) * np.exp(-values)
        slope = (shares.sum(axis=0) - pull / d) / (2 * len(every))
        mean = _DECAY[0] * mean + (1 - _DECAY[0]) * slope
        square = _DECAY[1] * square + (1 - _DECAY[1]) * slope**2
        rate = RATE / (1 - _DECAY[0] ** step)
        values = values - rate * mean / (np.sqrt(square / (1 - _DECAY[1] ** step)) + _EPS)
        values[:-1] = np.clip(values[:-1], _NARROWEST, _WIDEST)
    return values[:-1]


def _joint(distances: Features, logs: Features, prior: Features | float, d: int) -> Features:
    """Return log N(x | centre, variance) − prior [n, m]."""
    joint: Features = distances * (-0.5 * np.exp(-logs))
    joint -= d / 2 * (logs + math.log(2 * math.pi)) + prior
    return joint


def _shares(distances: Features, logs: Features, prior: Features | float, d: int) -> Features:
    """Return by how much each centre explains each sample [n, m]; rows add up to 1."""
    joint = _joint(distances, logs, prior, d)
    joint -= joint.max(axis=1, keepdims=True)
    np.exp(joint, out=joint)
    joint /= joint.sum(axis=1, keepdims=True)
    return joint


def _surprised(distances: Features, logs: Features, d: int) -> Features:
    """Return −log p per feature [n] of samples under the mixture of all centres alike."""
    joint = _joint(distances, logs, math.log(len(logs)), d)
    peak = joint.max(axis=1)
    found: Features = -(peak + np.log(np.exp(joint - peak[:, None]).sum(axis=1))) / d
    return found


def _squared(x: Features, y: Features) -> Features:
    found = squared_norms(x)[:, None] + squared_norms(y) - 2 * x @ y.T
    return np.maximum(found, 0.0, out=found)


def _fitted(centres: Features, train: Features, heldout: Features) -> Surprise:
    d = centres.shape[1]
    near, origin = _squared(train, centres), squared_norms(train - train.mean(axis=0))
    logs = fit_widths(near, origin, d)
    far = _squared(heldout, centres)
    weight = _shares(far, logs, 0.0, d).mean(axis=0) * len(centres)
    return Surprise(_surprised(far, logs, d), _surprised(near, logs, d), weight)


def _cut(rows: Features, seed: int, what: str) -> Features:
    return rows if len(rows) <= LIMIT else rows[np.sort(shuffled(seed, f"fld/{what}", len(rows))[:LIMIT])]


def _found(reference: Reference, fake: Features, seed: int) -> tuple[Influence, float]:
    """The divergence with the influence of each generated row, and the gap."""
    train = checked(reference.train, "the training features", least=2 * LEAST)
    heldout = checked(reference.heldout, "the held-out features", least=LEAST)
    fake = checked(fake, "the generated features", least=LEAST)
    same_width(train.shape[1], heldout)
    same_width(train.shape[1], fake)
    mean, std = heldout.mean(axis=0), heldout.std(axis=0, ddof=1)
    std = np.where(std > 0, std, 1.0)
    train, heldout = ((_cut(x, seed, what) - mean) / std for x, what in ((train, "train"), (heldout, "heldout")))
    if not np.isfinite(train).all():
        raise ScoreError("The features are so large that they cannot be standardised.")
    m, d = len(fake), fake.shape[1]
    chosen = np.arange(m) if m <= LIMIT else np.sort(shuffled(seed, "fld/fake", m)[:LIMIT])
    found = _fitted((fake[chosen] - mean) / std, train, heldout)
    usual = reference.once(f"fld/{seed}/{len(chosen)}", lambda: _usual(train, heldout, seed, len(chosen)))
    rows = np.zeros(m)
    rows[chosen] = (1 - found.weight) * (100 / d) * (m / len(chosen))
    value = float(found.heldout.mean())
    return Influence(100 * (value - usual), rows, given=True), 100 * (float(found.train.mean()) - value)


def _estimates(reference: Reference, fake: Features, seed: int) -> dict[str, Estimate]:
    found, gap = _found(reference, fake, seed)
    return {"fld": estimate(found), "fld_gap": Estimate(gap, None, len(fake))}


def _usual(train: Features, heldout: Features, seed: int, m: int) -> float:
    """What half of the training set, at most m of it, scores in place of generated samples, fitted to the rest."""
    order = shuffled(seed, "fld/usual", len(train))
    size = min(m, len(train) // 2)
    return float(_fitted(train[order[:size]], train[order[size:]], heldout).heldout.mean())


def _few(sets: Sets) -> bool:
    return min(len(sets.reference.train) // 2, len(sets.reference.heldout), len(sets.fake)) < LEAST


FLD = Metric(
    name="fld",
    summary="Feature likelihood divergence on held-out samples, and its gap to the training set (Jiralerspong 2023)",
    columns=("fld", "fld_gap"),
    compute=lambda sets: {} if _few(sets) else _estimates(sets.reference, sets.fake, sets.seed),
    influence=lambda sets: {} if _few(sets) else {"fld": _found(sets.reference, sets.fake, sets.seed)[0]},
    needs=("train", "heldout"),
    better="lower",
    on_request=True,
)
