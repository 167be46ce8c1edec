"""Kernel distance: unbiased squared MMD with the cubic polynomial kernel.

Bińkowski et al. 2018, "Demystifying MMD GANs", eq. 3–4 with k(x, y) = (x·y/d + 1)³. There is no lottery of overlapping
subsets: up to ``LIMIT`` rows a side all pairs are used, above it the pairs inside disjoint groups of rows. Where that
is costly, all pairs are used for the part of the kernel that carries the error (see kernels.py) and disjoint small
groups for the rest, as long as the groups add next to nothing to the variance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked_pair
from ganzoo.metrics.base import Features, Influence, Metric, Reference, Sets
from ganzoo.metrics.kernels import Frame, Rows, Smooth, Sums, between, smooth_means, within
from ganzoo.metrics.mmd import LIMIT, Projections, group_count, grouped, groups_of, second_order
from ganzoo.metrics.shares import estimate
from ganzoo.types import Estimate

COSTLY = 1 << 34
"""Multiplications (n · m · d) from which float32 products and small groups pay."""
GROUP = 1000
"""Rows of the larger side in a small group."""
SPARE = 0.02
"""Share of the variance that small groups may add."""
LARGEST = 1e2
"""Greatest |feature| at which float32 products are used: squared kernel values then stay below 10²⁸."""


def kernel_distance(real: Features, fake: Features, *, seed: int = 0, limit: int = LIMIT) -> Estimate:
    """Return the unbiased squared MMD between the reference [n, d] and generated features [m, d]; may be below 0.

    The standard error counts the sampling of both sets: the variance of the two-sample U-statistic from its Hoeffding
    projections, less what second-order noise adds to them, and never below the second-order part. Nominal 95 %
    intervals cover 91 to 96 % where the distributions clearly differ. Near equality the value and its error vary
    together: they cover 99 to 100 % where the distributions are equal, and down to 86 % where a difference is about as
    large as its error.
    Above ``limit`` rows it is the mean over disjoint groups (seeded permutation) of at most ``limit`` rows a side. From
    n·m·d = 2³⁴ on, groups of about a thousand rows serve for the third-order rest of the kernel and all pairs for what
    leads up to it, unless the groups added more than 2 % to the variance.
    Raises ScoreError for bad shapes, values, or too few rows (two in each group).
    """
    return estimate(kernel_influence(real, fake, seed=seed, limit=limit))


def kernel_influence(real: Features, fake: Features, *, seed: int = 0, limit: int = LIMIT) -> Influence:
    """Return the kernel distance with the influence of each generated row [m] and each reference row [n].

    An influence is twice the centred Hoeffding projection; ``second`` takes the second-order noise in their variance,
    which is there twice, down to once (it is mostly negative). Arguments and errors as in ``kernel_distance``.
    """
    real, fake = checked_pair(real, fake, least=2, keep_single=True)
    return _influence(Reference(real, real, real[:0]), fake, seed, group_count(len(real), len(fake), limit))


def _influence(reference: Reference, fake: Features, seed: int, groups: int) -> Influence:
    real, fake = checked_pair(reference.real, fake, least=2 * groups, keep_single=True)
    with np.errstate(over="ignore", invalid="ignore"):
        found = _thrifty(reference, fake, seed) if len(real) * fake.size >= COSTLY else None
        if found is None and groups == 1:
            found = _all_pairs(reference, fake)
        influence = found.influence() if found else _grouped(real, fake, seed, groups)
    if not np.isfinite([influence.value, influence.second]).all():
        raise ScoreError("The features are so large that the cubes of their inner products overflow.")
    return influence


def _frame(reference: Reference) -> Frame:
    return reference.once("kid/frame", lambda: Frame.at(reference.real.mean(axis=0, dtype=np.float64)))


def _all_pairs(reference: Reference, fake: Features) -> Projections:
    frame = _frame(reference)
    dtype = _precision(reference.real, fake)
    real = Rows.of(reference.real, frame, dtype)
    (xx,) = reference.once(f"kid/{np.dtype(dtype)}", lambda: within(real, frame.base))
    generated = Rows.of(fake, frame, dtype)
    (yy,), (xy,) = within(generated, frame.base), between(real, generated, frame.base)
    return Projections.of(xx, yy, xy)


def _grouped(real: Features, fake: Features, seed: int, groups: int) -> Influence:
    return grouped(
        real,
        fake,
        groups_of(len(real), len(fake), "kid", seed, groups),
        lambda x, y: _all_pairs(Reference(x, x, x[:0]), y).influence(),
    )


def _precision(real: Features, fake: Features) -> type[np.floating[Any]]:
    """Choose float32 products where they pay and nothing in them can overflow."""
    costly = len(real) * fake.size >= COSTLY
    return np.float32 if costly and max(_largest(real), _largest(fake)) < LARGEST else np.float64


def _largest(x: Features) -> float:
    return float(max(x.max(), -x.min()))


def _thrifty(reference: Reference, fake: Features, seed: int) -> Projections | None:
    """Use all pairs for s³ + 3 s² c and small groups for ρ; None where those groups would add to the error."""
    real, frame, dtype = reference.real, _frame(reference), _precision(reference.real, fake)
    n, m = len(real), len(fake)
    groups = min(max(n, m) // GROUP, min(n, m) // 100)
    if groups < 2:
        return None
    mine = reference.once("kid/smooth", lambda: Smooth.of(real, frame))
    other = Smooth.of(fake, frame)
    on_real = np.subtract(*smooth_means(real, mine, other, frame))
    on_fake = np.subtract(*smooth_means(fake, other, mine, frame))
    kept: tuple[list[list[Sums]], ...] = ([], [], [])
    for a, b in groups_of(n, m, "kid", seed, groups):
        x, y = Rows.of(real[a], frame, dtype), Rows.of(fake[b], frame, dtype)
        parts = (within(x, frame.base, rest=True), within(y, frame.base, rest=True))
        cross = between(x, y, frame.base, rest=True)
        on_real[a] += parts[0][1].rows / (len(a) - 1) - cross[1].rows / len(b)
        on_fake[b] += parts[1][1].rows / (len(b) - 1) - cross[1].columns / len(a)
        for store, sums in zip(kept, (*parts, cross), strict=True):
            store.append(sums)
    picked = [[[sums[i] for sums in store] for store in kept] for i in (0, 1)]
    whole, rest = (second_order(xx, yy, xy, n, m) for xx, yy, xy in picked)
    found = Projections(on_real, on_fake, whole + (groups - 1) * rest, (groups - 1) * rest)
    return found if found.spared <= SPARE * (found.first + whole) else None


def _of(sets: Sets) -> Influence:
    groups = group_count(len(sets.reference.real), len(sets.fake))
    return _influence(sets.reference, sets.fake, sets.seed, groups)


KID = Metric(
    name="kid",
    summary="Unbiased squared MMD with the cubic kernel, over all pairs (Bińkowski et al. 2018)",
    columns=("kid",),
    compute=lambda sets: {"kid": estimate(_of(sets))},
    influence=lambda sets: {"kid": _of(sets)},
    needs=("real",),
    version=2,
    better="lower",
)
