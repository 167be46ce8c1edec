"""Settings with known distributions for the metrics on request, as ``known_laws`` has them for the others."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
from simulation import Draw, Scores, Setting, normal

from ganzoo.metrics import evaluate
from ganzoo.metrics.base import Reference, Sets
from ganzoo.metrics.clipped import clipped_scores
from ganzoo.metrics.cmmd import cmmd_scores
from ganzoo.metrics.fd_infinity import FD_INFINITY, fd_infinity
from ganzoo.metrics.fid import Target, target
from ganzoo.metrics.fld import divergence
from ganzoo.metrics.membership import membership_auc
from ganzoo.metrics.realism import median_realism, realism_scores
from ganzoo.metrics.sliced import sliced_scores
from ganzoo.scoring.scorer import with_totals

METHODS = {
    "cmmd": "Hoeffding projections",
    "cmmd_unbiased": "Hoeffding projections",
    "fd_infinity": "influence",
    "fd_slope": "influence",
    "sliced_wasserstein": "Kantorovich potential",
    "mind": "Kantorovich potential",
    "realism": "order statistics",
    "clipped_density": "spread of rows",
    "clipped_coverage": "jackknife",
    "fld": "centres",
    "mia_auc": "DeLong and jackknife",
}
WITHOUT = {"mind_floor", "fld_gap", "intra_fid", "cas", "cas_real", "augmentation_gain"}
"""Columns without an error, and those whose error is held by tests of their own."""
DIRECTIONS = 50


@cache
def _reference(n: int = 200, d: int = 4) -> np.ndarray:
    return normal(np.random.default_rng(5), n, d)


@cache
def _wide(d: int) -> Target:
    return target(normal(np.random.default_rng(6), 100_000, d))


def unit_kernel(draw: Draw, *, shift: float = 0.0) -> Scores:
    return dict(cmmd_scores(normal(draw, 100, 8), normal(draw, 100, 8, shift=shift)))


def line(draw: Draw, *, scale: float = 1.0, shift: float = 0.0, n: int = 600) -> Scores:
    return dict(fd_infinity(_wide(8), normal(draw, n, 8, scale, shift), seed=int(draw.integers(1 << 30))))


def sliced(draw: Draw, *, scale: float = 1.0, shift: float = 0.0) -> Scores:
    return dict(sliced_scores(_reference(), normal(draw, 200, scale=scale, shift=shift), directions=DIRECTIONS))


def balls(draw: Draw, *, scale: float = 1.0, shift: float = 0.0, m: int = 200) -> Scores:
    real, fake = _reference(), normal(draw, m, scale=scale, shift=shift)
    return {**clipped_scores(real, fake), "realism": median_realism(realism_scores(real, fake))}


def likelihood(draw: Draw, *, scale: float = 1.0, shift: float = 0.0) -> Scores:
    return dict(divergence(_reference(300, 8), _heldout(), normal(draw, 200, 8, scale, shift)))


@cache
def _heldout() -> np.ndarray:
    return normal(np.random.default_rng(7), 150, 8)


def membership(draw: Draw, *, copied: int = 0, scale: float = 1.0) -> Scores:
    """100 members, 80 others and 100 generated samples, some of which are copies of members; all drawn anew."""
    members, others, fake = normal(draw, 100), normal(draw, 80, scale=scale), normal(draw, 100)
    return {"mia_auc": membership_auc(members, others, np.concatenate([members[:copied], fake[copied:]]))}


def anew(draw: Draw, *, scale: float = 1.0, shift: float = 0.0) -> Scores:
    """Both sides drawn anew."""
    real, fake = normal(draw, 200), normal(draw, 200, scale=scale, shift=shift)
    sets = Sets(Reference(real=real, train=real, heldout=real[:0]), fake)
    found = with_totals(sets, [FD_INFINITY], evaluate(sets, [FD_INFINITY]))
    return {**found, **sliced_scores(real, fake, directions=DIRECTIONS)}


UNIT = ("cmmd", "cmmd_unbiased")
LINE = ("fd_infinity", "fd_slope")
SLICED = ("sliced_wasserstein", "mind")
BALLS = ("realism", "clipped_density", "clipped_coverage")


def requested_settings() -> list[Setting]:
    """Every setting, in the order of the columns."""
    return [
        Setting("the same law", UNIT, unit_kernel, {"cmmd_unbiased": 0.0}),
        Setting("shifted by 0.1", UNIT, partial(unit_kernel, shift=0.1)),
        Setting("shifted by 0.3", UNIT, partial(unit_kernel, shift=0.3)),
        Setting("the same law", LINE, line, {"fd_infinity": 0.0}),
        Setting("wider by 20 %", LINE, partial(line, scale=1.2), {"fd_infinity": 8 * 0.2**2}),
        Setting("shifted by 0.3", LINE, partial(line, shift=0.3), {"fd_infinity": 8 * 0.3**2}),
        Setting("the same law", SLICED, sliced),
        Setting("half as wide", SLICED, partial(sliced, scale=0.5)),
        Setting("shifted by 0.3", SLICED, partial(sliced, shift=0.3)),
        Setting("the same law", BALLS, balls),
        Setting("narrower", (BALLS[0], BALLS[2]), partial(balls, scale=0.6)),
        Setting("shifted by 1", BALLS, partial(balls, shift=1.0)),
        Setting("500 against 200, shifted by 0.3", BALLS, partial(balls, shift=0.3, m=500)),
        Setting("the same law", ("fld",), likelihood, runs=200),
        Setting("wider by 30 %", ("fld",), partial(likelihood, scale=1.3), runs=200),
        Setting("shifted by 0.5", ("fld",), partial(likelihood, shift=0.5), runs=200),
        Setting("nothing leaks", ("mia_auc",), membership, {"mia_auc": 0.5}),
        Setting("a third is copied", ("mia_auc",), partial(membership, copied=33)),
        Setting("others are wider", ("mia_auc",), partial(membership, scale=1.5)),
    ]


def requested_total_settings() -> list[Setting]:
    """Settings whose reference is drawn anew each time, for the total errors."""
    columns = (*LINE, *SLICED)
    return [
        Setting("the same law", columns, anew, runs=200, total=True),
        Setting("narrower", columns, partial(anew, scale=0.7), runs=200, total=True),
        Setting("shifted by 0.5", columns, partial(anew, shift=0.5), runs=200, total=True),
    ]
