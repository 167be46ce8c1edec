"""Settings with known distributions, on which the standard error of every metric is held against repetition.

Shared by ``tests/metrics/test_calibration.py`` and ``tests/benchmarks/calibration.py``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
from simulation import Draw, Scores, Setting, normal

from ganzoo.metrics import evaluate
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.control import code_error, label_accuracy
from ganzoo.metrics.copying import (
    Partition,
    copying_statistic,
    duplicate_share,
    memorised_share,
    partition,
    relative_distance,
)
from ganzoo.metrics.fid import FID, SplitTarget, frechet_distance, split_target, unbiased_frechet_distance
from ganzoo.metrics.inception import inception_score
from ganzoo.metrics.kid import kernel_distance
from ganzoo.metrics.modes import class_modes, mixture_modes
from ganzoo.metrics.nearest import TrainIndex
from ganzoo.metrics.neighbours import NEIGHBOUR_SCORES, neighbour_scores
from ganzoo.metrics.repeats import REPEATS, repeated_share
from ganzoo.metrics.vendi import vendi_score
from ganzoo.scoring.scorer import with_totals

METHODS = {
    "fid": "influence",
    "fid_unbiased": "influence",
    "kid": "Hoeffding projections",
    "precision": "binomial",
    "recall": "jackknife",
    "density": "spread of rows",
    "coverage": "jackknife",
    "repeats": "jackknife",
    "is": "delta",
    "vendi": "delta",
    "modes": "predictive binomial",
    "mode_kl": "jackknife",
    "hq": "binomial",
    "spread": "fourth moments",
    "memorised": "binomial",
    "memorised_heldout": "binomial",
    "duplicates": "binomial and quantile",
    "ct": "influence",
    "label_accuracy": "binomial",
    "code_error": "binomial",
}


# Fréchet distance


@cache
def _wide_reference(d: int) -> SplitTarget:
    return split_target(normal(np.random.default_rng(1), 100_000, d))


def frechet(draw: Draw, *, scale: float, shift: float, d: int = 8, n: int = 400) -> Scores:
    goal, fake = _wide_reference(d), normal(draw, n, d, scale, shift)
    plain = frechet_distance(goal.whole, fake)
    return {"fid": plain, "fid_unbiased": unbiased_frechet_distance(goal, fake, whole=plain)}


def frechet_truth(scale: float, shift: float, d: int = 8) -> dict[str, float]:
    return {"fid_unbiased": d * (shift**2 + (scale - 1) ** 2)}


# Kernel distance


def kernel(draw: Draw, *, shift: float, scale: float = 1.0, n: int = 100, m: int = 100) -> Scores:
    return {"kid": kernel_distance(normal(draw, n), normal(draw, m, shift=shift, scale=scale))}


def kernel_truth(shift: float, scale: float = 1.0, d: int = 4) -> float:
    """E k(x, x') + E k(y, y') − 2 E k(x, y) of N(0, I) and N(shift, scale² I), expanded in moments of x·y/d."""

    def mean_kernel(a: float, s: float, b: float, t: float) -> float:
        # Given y, x·y is N(a Σy, s² |y|²); with y = b + t e its moments are polynomials in Gaussians: use a large draw.
        nodes, weights = np.polynomial.hermite_e.hermegauss(12)
        weights = weights / weights.sum()
        grid = np.stack(np.meshgrid(*[b + t * nodes] * d, indexing="ij"), -1).reshape(-1, d)
        mass = np.prod(np.stack(np.meshgrid(*[weights] * d, indexing="ij"), -1).reshape(-1, d), axis=1)
        mu, var = 1 + a * grid.sum(1) / d, s**2 * (grid**2).sum(1) / d**2
        return float(mass @ (mu**3 + 3 * mu * var))

    return mean_kernel(0, 1, 0, 1) + mean_kernel(shift, scale, shift, scale) - 2 * mean_kernel(0, 1, shift, scale)


# Neighbours


@cache
def _neighbour_reference() -> np.ndarray:
    return normal(np.random.default_rng(2), 200)


def neighbours(draw: Draw, *, scale: float, shift: float = 0.0, fresh: bool = False) -> Scores:
    real = normal(draw, 200) if fresh else _neighbour_reference()
    return neighbour_scores(real, normal(draw, 200, scale=scale, shift=shift))


def repeats(draw: Draw, *, again: float) -> Scores:
    """N(0, I), of which some samples are instead one of the others; the reference is given."""
    fake = normal(draw, 200)
    twice = draw.random(200) < again
    fake[twice] = fake[draw.integers(200, size=int(twice.sum()))]
    return {"repeats": repeated_share(_neighbour_reference(), fake)}


def mixed(
    draw: Draw, *, dropped: int = 0, scale: float = 1.0, shift: float = 0.0, n: int = 200, m: int = 200
) -> Scores:
    """All that a reference enters, drawn anew with it: ten modes, of which the samples lack some."""
    real_modes, fake_modes = draw.integers(10, size=n), draw.integers(dropped, 10, size=m)
    centres = 4 * np.eye(10)
    real = centres[real_modes] + normal(draw, n, 10)
    fake = centres[fake_modes] + normal(draw, m, 10, scale, shift)
    sets = Sets(Reference(real=real, train=real, heldout=real[:0]), fake)
    found = evaluate(sets, [FID, NEIGHBOUR_SCORES, REPEATS])
    divergence = class_modes(np.eye(10)[fake_modes], real_modes, 10)
    return {**with_totals(sets, [FID], found), "mode_kl": divergence["mode_kl"]}


# Scores of the generated sample alone


def inception(draw: Draw, *, sharpness: float, n: int = 500) -> Scores:
    return {"is": inception_score(sharpness * draw.standard_normal((n, 10)), seed=0)}


def vendi(draw: Draw, *, n: int, d: int = 6, shift: float = 0.0) -> Scores:
    return {"vendi": vendi_score(normal(draw, n, d) * np.linspace(0.5, 1.5, d) + shift)}


# Modes


def classes(draw: Draw, *, expected: tuple[float, ...], due: tuple[float, ...]) -> Scores:
    """Class histograms: of ``sum(expected)`` samples each class expects so many; ``due`` are the reference's counts."""
    n = round(sum(expected))
    drawn = draw.choice(len(expected), size=n, p=np.array(expected) / sum(expected))
    labels = np.repeat(np.arange(len(due)), np.array(due, int))
    return class_modes(np.eye(len(due))[drawn], labels, len(due))


ANGLES = np.arange(8) * np.pi / 4
RING = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
STD = 0.05


def ring(draw: Draw, *, n: int = 400, scale: float = 1.0, shares: tuple[float, ...] = (1,) * 8) -> Scores:
    chosen = draw.choice(8, size=n, p=np.array(shares) / sum(shares))
    return mixture_modes(RING[chosen] + STD * scale * draw.standard_normal((n, 2)), RING, STD)


def ring_truth(scale: float) -> dict[str, float]:
    """Share within 3σ and the deviation kept there, both of the Rayleigh law."""
    from scipy.special import gammainc

    def kept(radius: float) -> float:
        return float(np.sqrt(gammainc(2, radius**2 / 2) / gammainc(1, radius**2 / 2)))

    return {"hq": 1 - np.exp(-4.5 / scale**2), "spread": scale * kept(3 / scale) / kept(3)}


# Copying


@cache
def _train() -> np.ndarray:
    return normal(np.random.default_rng(3), 200)


@cache
def _index() -> TrainIndex:
    return TrainIndex(_train())


@cache
def _cells() -> Partition:
    return partition(_train(), _train()[:2], _index())


def _samples(draw: Draw, n: int, scale: float, copied: float) -> np.ndarray:
    """N(0, scale²), of which each sample is instead a noisy copy of a training sample with chance ``copied``."""
    fresh = normal(draw, n, scale=scale)
    near = _train()[draw.integers(len(_train()), size=n)] + 0.02 * draw.standard_normal((n, 4))
    return np.where((draw.random(n) < copied)[:, None], near, fresh)


def copying(
    draw: Draw, *, scale: float = 1.0, copied: float = 0.0, n: int = 300, heldout: int = 200, cells: bool = True
) -> Scores:
    real, fake = normal(draw, heldout), _samples(draw, n, scale, copied)
    scores = {
        "memorised": memorised_share(_index(), fake),
        "memorised_heldout": memorised_share(_index(), real),
        "duplicates": duplicate_share(_index(), real, fake),
    }
    if cells:
        distance = relative_distance(_index(), real)
        seen = replace(_cells(), distance=distance, cells=_cells().assign(real))
        scores["ct"] = copying_statistic(seen, fake)
    return scores


@cache
def copying_truth(scale: float, copied: float) -> dict[str, float]:
    """The shares of 100,000 samples, τ from as many held-out ones."""
    draw = np.random.default_rng(4)
    found = copying(draw, scale=scale, copied=copied, n=100_000, heldout=100_000, cells=False)
    return {column: each.value for column, each in found.items()}


# Control


def control(draw: Draw, *, obeyed: float, n: int = 200) -> Scores:
    """A generator of ten classes that draws what it was asked for with this chance, else any class."""
    asked = draw.integers(10, size=n)
    drawn = np.where(draw.random(n) < obeyed, asked, draw.integers(10, size=n))
    return {"label_accuracy": label_accuracy(asked, drawn), "code_error": code_error((asked * 3 + 1) % 10, drawn)}


def control_truth(obeyed: float) -> dict[str, float]:
    right = obeyed + (1 - obeyed) / 10
    return {"label_accuracy": right, "code_error": 1 - right}


def _frechet(name: str, scale: float = 1.0, shift: float = 0.0, d: int = 8, n: int = 400) -> Setting:
    score = partial(frechet, scale=scale, shift=shift, d=d, n=n)
    return Setting(name, ("fid", "fid_unbiased"), score, frechet_truth(scale, shift, d))


def _kernel(name: str, runs: int = 400, **law: float) -> Setting:
    truth = {"kid": kernel_truth(law["shift"], law.get("scale", 1.0))}
    return Setting(name, ("kid",), partial(kernel, **law), truth, runs)


def _ring(name: str, scale: float, columns: tuple[str, ...]) -> Setting:
    return Setting(name, columns, partial(ring, scale=scale), ring_truth(scale))


def _copying(name: str, *columns: str, scale: float = 1.0, copied: float = 0.0, **sizes: int) -> Setting:
    truth = copying_truth(scale, copied)
    return Setting(name, columns, partial(copying, scale=scale, copied=copied, **sizes), truth)


def _control(name: str, obeyed: float) -> Setting:
    return Setting(name, ("label_accuracy", "code_error"), partial(control, obeyed=obeyed), control_truth(obeyed))


NEIGHBOURS = ("precision", "recall", "density", "coverage")


DRAWN_ANEW = ("fid", "fid_unbiased", *NEIGHBOURS, "repeats", "mode_kl")


def _total(name: str, runs: int = 200, **law: float) -> Setting:
    return Setting(name, DRAWN_ANEW, partial(mixed, **law), runs=runs, total=True)


def total_settings() -> list[Setting]:
    """Settings whose reference is drawn anew each time, for the total errors."""
    return [
        _total("the same law"),
        _total("half of the modes dropped", dropped=5),
        _total("narrower", scale=0.7),
        _total("shifted by 0.5", shift=0.5),
        _total("600 samples, 200 real ones, narrower", scale=0.7, m=600),
    ]


def settings() -> list[Setting]:
    """Every setting, in the order of the columns."""
    return [
        _frechet("wider by 20 %", scale=1.2),
        _frechet("shifted by 0.3", shift=0.3),
        _frechet("the same law"),
        _frechet("n = 8d, wider by 20 %", scale=1.2, d=32, n=256),
        _frechet("n = 8d, the same law", d=32, n=256),
        _kernel("the same law", shift=0.0),
        _kernel("shifted by 0.3", shift=0.3),
        _kernel("narrower, 60 against 150", shift=0.0, scale=0.7, n=150, m=60),
        Setting("the same law", NEIGHBOURS, partial(neighbours, scale=1.0)),
        Setting("narrower", NEIGHBOURS, partial(neighbours, scale=0.6)),
        Setting("shifted by 1", NEIGHBOURS, partial(neighbours, scale=1.0, shift=1.0)),
        Setting("the same law", ("repeats",), partial(repeats, again=0.0)),
        Setting("a fifth there twice", ("repeats",), partial(repeats, again=0.2)),
        Setting("soft logits", ("is",), partial(inception, sharpness=1.0)),
        Setting("sharp logits", ("is",), partial(inception, sharpness=4.0)),
        Setting("centred", ("vendi",), partial(vendi, n=600)),
        Setting("in a cone", ("vendi",), partial(vendi, n=600, shift=1.0)),
        Setting("n = 4d", ("vendi",), partial(vendi, n=48, d=12)),
        Setting("ten of 40", ("modes", "mode_kl"), partial(classes, expected=(40,) * 10, due=(40,) * 10)),
        Setting("uneven", ("modes", "mode_kl"), partial(classes, expected=(90, 5, 5), due=(60, 20, 20))),
        Setting("all rare", ("modes", "mode_kl"), partial(classes, expected=(380, *(1,) * 20), due=(200, *(10,) * 20))),
        Setting("one at its border", ("modes",), partial(classes, expected=(280, 20), due=(100, 200))),
        Setting("one that expects 1", ("modes",), partial(classes, expected=(299, 1), due=(290, 10))),
        Setting("one that expects 3", ("modes",), partial(classes, expected=(297, 3), due=(290, 10))),
        _ring("the mixture itself", 1.0, ("mode_kl", "hq", "spread")),
        _ring("half as wide", 0.5, ("mode_kl", "spread")),
        _ring("twice as wide", 2.0, ("mode_kl", "hq", "spread")),
        _copying("no copies", "memorised", "memorised_heldout", "duplicates", "ct"),
        _copying("a tenth copied", "memorised", "duplicates", "ct", copied=0.1),
        _copying("half copied", "memorised", "duplicates", "ct", copied=0.5),
        _copying("too far", "memorised", "duplicates", "ct", scale=1.5),
        _copying("few held out", "memorised", "duplicates", "ct", heldout=60),
        _control("obeys 60 %", 0.6),
        _control("obeys 98 %", 0.98),
        Setting(
            "obeys nothing", ("label_accuracy", "code_error"), partial(control, obeyed=0.0), {"label_accuracy": 0.1}
        ),
    ]
