"""All randomness of the zoo: counter-based draws from NumPy's Philox, never from a framework.

A draw is addressed, not consumed: sample ``i`` of a stream depends on (seed, stream, i) alone, whatever the batch size,
the device, the number of workers or the point at which a run was resumed. Draws are made in blocks, so that addressing
costs little.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.types import LatentSpec

if TYPE_CHECKING:
    from ganzoo.types import Array, IndexArray

SAMPLE_BLOCK = 256
TICK_BLOCK = 32


def generator(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """A Philox generator whose stream depends on (seed, purpose, counters) alone."""
    word = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "big")
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, word, *counters])))


def draw(spec: LatentSpec, rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, Array]:
    """Draw ``z`` [*shape, z_dim] and, where the spec has them, ``y`` [*shape] and ``c`` [*shape, k]."""
    size = (*shape, spec.z_dim)
    z = rng.standard_normal(size, np.float32) if spec.law == "normal" else _uniform(rng, size)
    drawn: dict[str, Array] = {"z": z}
    if spec.classes:
        drawn["y"] = rng.integers(spec.classes, size=shape, dtype=np.int64)
    if spec.code_dim:
        drawn["c"] = _codes(spec, rng, shape)
    return drawn


def _uniform(rng: np.random.Generator, size: tuple[int, ...]) -> Array:
    return 2 * rng.random(size, np.float32) - 1


def _codes(spec: LatentSpec, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    codes = np.zeros((*shape, spec.code_dim), np.float32)
    if spec.categorical:
        chosen = rng.integers(spec.categorical, size=shape)
        np.put_along_axis(codes[..., : spec.categorical], chosen[..., None], 1.0, axis=-1)
    if spec.continuous:
        codes[..., spec.categorical :] = _uniform(rng, (*shape, spec.continuous))
    return codes


def samples(spec: LatentSpec, seed: int, start: int, count: int) -> dict[str, Array]:
    """Generator inputs of samples ``start`` … ``start + count - 1`` of the sampling stream ``seed``."""
    blocks = [
        draw(spec, generator(seed, "sample", block), (SAMPLE_BLOCK,))
        for block in range(start // SAMPLE_BLOCK, -(-(start + count) // SAMPLE_BLOCK))
    ]
    offset = start % SAMPLE_BLOCK
    if not blocks:
        return {name: value[:0] for name, value in draw(spec, generator(seed, "sample", 0), (1,)).items()}
    return {name: np.concatenate([b[name] for b in blocks])[offset : offset + count] for name in blocks[0]}


class TickStream:
    """Draws addressed by tick, made in blocks of ticks and kept for the few last blocks."""

    def __init__(self, make: Callable[[int], dict[str, Array]], cached: int = 4) -> None:
        self._make = make
        self._cached = cached
        self._blocks: OrderedDict[int, dict[str, Array]] = OrderedDict()

    def get(self, tick: int, ticks: int | None) -> dict[str, Array]:
        """The draws of one tick [batch, ...] or of ``ticks`` ticks [ticks, batch, ...]."""
        if ticks is None:
            block = self._block(tick // TICK_BLOCK)
            return {name: value[tick % TICK_BLOCK] for name, value in block.items()}
        parts = [self.get(tick + i, None) for i in range(ticks)]
        return {name: np.stack([part[name] for part in parts]) for name in parts[0]}

    def _block(self, number: int) -> dict[str, Array]:
        if number not in self._blocks:
            self._blocks[number] = self._make(number)
            if len(self._blocks) > self._cached:
                self._blocks.popitem(last=False)
        return self._blocks[number]


class TrainStreams:
    """The batch indices and latents of one training run."""

    def __init__(self, spec: LatentSpec, seed: int, rows: int) -> None:
        self.spec = spec
        self.seed = seed
        self.rows = rows
        self._streams: dict[tuple[str, int], TickStream] = {}

    def indices(self, batch: int, tick: int, ticks: int | None = None) -> IndexArray:
        """Uniform row numbers, int64 [batch] or [ticks, batch]."""
        stream = self._stream("indices", batch, self._draw_indices)
        return stream.get(tick, ticks)["rows"]

    def latents(self, batch: int, tick: int, ticks: int | None = None, stream: str = "train") -> dict[str, Array]:
        """Generator inputs, [batch, ...] or [ticks, batch, ...]."""
        return self._stream(f"latents/{stream}", batch, self._draw_latents).get(tick, ticks)

    def _stream(
        self, purpose: str, batch: int, make: Callable[[np.random.Generator, tuple[int, int]], dict[str, Array]]
    ) -> TickStream:
        key = (purpose, batch)
        if key not in self._streams:
            shape = (TICK_BLOCK, batch)
            self._streams[key] = TickStream(lambda block: make(generator(self.seed, purpose, batch, block), shape))
        return self._streams[key]

    def _draw_indices(self, rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Array]:
        return {"rows": rng.integers(self.rows, size=shape, dtype=np.int64)}

    def _draw_latents(self, rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Array]:
        return draw(self.spec, rng, shape)
