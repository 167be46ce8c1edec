"""Precision and recall in other tools: the share of one set inside the k = 3 balls of the other, with ``<=``.

The tools round distances to float32 or float16 before they compare, so near-ties are decided by rounding. The same
roundings are made here, in blocks of rows; only the order inside a float32 matrix product is the library's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.metrics.arrays import PANEL
from ganzoo.metrics.base import Mask, Metric, Sets
from ganzoo.metrics.parity_profiles.base import Single, pair, single
from ganzoo.types import Estimate

NEIGHBOURS = 3
BLOCK = 10_000
"""ADM looks for float16 overflow in blocks of this many rows and columns."""
HALF_MAX = float(np.finfo(np.float16).max)

Panels = Callable[[Single, Single], Iterator[tuple[slice, Single]]]
"""From two sets to blocks of rows of their distance matrix, as the tool rounds it."""


def _rows(n: int, columns: int) -> Iterator[slice]:
    step = max(1, PANEL // max(columns, 1))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def _augmented(x: NDArray[Any], y: NDArray[Any], x_norms: NDArray[Any], y_norms: NDArray[Any]) -> tuple[Single, Single]:
    """Return factors whose product is all squared distances, as ``torch.cdist`` makes it."""
    ones_x, ones_y = np.ones_like(x_norms), np.ones_like(y_norms)
    return single(np.column_stack([-2 * x, x_norms, ones_x])), single(np.column_stack([y, ones_y, y_norms]))


def single_distances(x: Single, y: Single) -> Iterator[tuple[slice, Single]]:
    """Distances by one float32 product (torch-fidelity: ``torch.cdist``)."""
    left, right = _augmented(x, y, np.square(x).sum(axis=1), np.square(y).sum(axis=1))
    for rows in _rows(len(x), len(y)):
        yield rows, np.sqrt(np.maximum(left[rows] @ right.T, 0))


def half_distances(x: Single, y: Single) -> Iterator[tuple[slice, Single]]:
    """The same in float16, summed in float32 (StyleGAN on a GPU)."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is infinitely far or NaN there, too
        a, b = x.astype(np.float16), y.astype(np.float16)
        norms = [np.square(z).sum(axis=1, dtype=np.float32).astype(np.float16) for z in (a, b)]
        left, right = _augmented(a, b, *norms)
        for rows in _rows(len(x), len(y)):
            squared = np.maximum((left[rows] @ right.T).astype(np.float16), 0)
            yield rows, single(np.sqrt(squared))


def half_squares(x: Single, y: Single) -> Iterator[tuple[slice, Single]]:
    """Squared distances, each step rounded to float16; float32 for a block in which those overflow (ADM)."""
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        columns = [y[at : at + BLOCK] for at in range(0, len(y), BLOCK)]
        kinds = [_kind(block, column) for column in columns]
        for rows in _rows(len(block), len(y)):
            panels = [_squares(block[rows], column, kind) for column, kind in zip(columns, kinds, strict=True)]
            yield slice(start + rows.start, start + rows.stop), np.concatenate(panels, axis=1)


def _squares(x: Single, y: Single, kind: type) -> Single:
    with np.errstate(over="ignore", invalid="ignore"):
        a, b = single(x.astype(kind)), single(y.astype(kind))
        a_norms, b_norms = (np.square(z).astype(kind).sum(axis=1, dtype=np.float32).astype(kind) for z in (a, b))
        inner: NDArray[Any] = (a @ b.T).astype(kind)
        return single(np.maximum(a_norms[:, None] - 2 * inner + b_norms, 0))


def _kind(x: Single, y: Single) -> type:
    """Return float16 where every squared distance of a block is finite in it, else float32."""
    longest = sum(float(np.sqrt(np.square(z).sum(axis=1).max())) for z in (x, y))
    if longest**2 < HALF_MAX / 2:
        return np.float16
    finite = all(np.isfinite(_squares(x[rows], y, np.float16)).all() for rows in _rows(len(x), len(y)))
    return np.float16 if finite else np.float32


@dataclass(frozen=True)
class ToolBalls:
    """How a tool measures and rounds."""

    tool: str
    panels: Panels
    half_radii: bool = False
    """Radii are rounded to float16."""
    two_passes: bool = False
    """Distances between the sets are made twice, the probes' side first; others use one matrix, the reference first."""

    def scores(self, sets: Sets) -> dict[str, Estimate]:
        """Return precision and recall. No tool gives an error for them."""
        real, fake = (single(x) for x in pair(sets, self.tool, "precision", NEIGHBOURS + 1))
        real_radii = sets.reference.once(f"{self.tool}/radii", lambda: self._radii(real))
        inside, reached = (self._twice if self.two_passes else self._once)(real, fake, real_radii, self._radii(fake))
        values = {"precision": inside, "recall": reached}
        return {name: Estimate(float(hits.mean()), None, len(fake)) for name, hits in values.items()}

    def _once(self, real: Single, fake: Single, real_radii: Single, fake_radii: Single) -> tuple[Mask, Mask]:
        inside, reached = np.zeros(len(fake), bool), np.zeros(len(real), bool)
        for rows, panel in self.panels(real, fake):
            inside |= (panel <= real_radii[rows, None]).any(axis=0)
            reached[rows] = (panel <= fake_radii).any(axis=1)
        return inside, reached

    def _twice(self, real: Single, fake: Single, real_radii: Single, fake_radii: Single) -> tuple[Mask, Mask]:
        sides = ((fake, real, real_radii), (real, fake, fake_radii))
        inside, reached = (
            np.concatenate([(panel <= radii).any(axis=1) for _, panel in self.panels(probes, centres)])
            for probes, centres, radii in sides
        )
        return inside, reached

    def _radii(self, x: Single) -> Single:
        radii = np.empty(len(x), np.float32)
        for rows, panel in self.panels(x, x):
            radii[rows] = np.partition(panel, NEIGHBOURS, axis=1)[:, NEIGHBOURS]
        return single(radii.astype(np.float16)) if self.half_radii else radii


def balls(convention: ToolBalls) -> Metric:
    """Return the metrics ``precision`` and ``recall`` of a tool."""
    return Metric(
        name=f"{convention.tool}/prc",
        summary=f"Precision and recall as {convention.tool} computes them, k = {NEIGHBOURS}",
        columns=("precision", "recall"),
        compute=convention.scores,
        better="higher",
    )
