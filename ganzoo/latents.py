"""All randomness of the zoo: counter-based draws from NumPy's Philox, never from a framework.

A draw is addressed, not consumed: sample ``i`` of a stream depends on (seed, stream, i) alone, whatever the batch size,
the device, the number of workers or the point at which a run was resumed.

Samples are made of Philox's words by the rules of docs/onnx.md, with additions, products, quotients and square roots
alone, so that any language gets the same bits. The streams of training are NumPy's own, made in blocks.
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import UsageError
from ganzoo.types import LatentSpec

if TYPE_CHECKING:
    from ganzoo.types import Array, FloatArray, IndexArray

TICK_BLOCK = 32
SAMPLING = 2
"""Version of the rules that make samples of words; in every protocol, as other latents make other scores."""
SEEDS = 2**64
"""How many seeds there are for samples: 0 … 2⁶⁴ − 1."""
Z, LABEL, CATEGORY, CONTINUOUS, NOISE = 1, 2, 3, 4, 5
"""The second words of the keys of the five streams that samples are made of."""
_CHUNK = 4096  # words whose numbers fit the cache
_ATANH = [np.array(1 / (2 * k + 1)) for k in range(6)]  # arrays: NumPy takes half as long to add one as a float
_SIN = [np.array((-1) ** k / math.factorial(2 * k + 1)) for k in range(7)]
_COS = [np.array((-1) ** k / math.factorial(2 * k)) for k in range(7)]
_ONE, _TWO, _MINUS_FOUR = np.array(1.0), np.array(2.0), np.array(-4.0)
_QUARTER_TURN, _TWO_LN_2 = np.array(math.pi * 2**-33), np.array(2 * math.log(2))
_SQRT_HALF = np.array(math.sqrt(0.5)).view(np.int64)
_MANTISSA, _LARGEST = np.array(52), np.array(33)


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
    """Generator inputs of samples ``start`` … ``start + count - 1`` of the sampling stream ``seed``.

    Raises UsageError for a seed that is none of 0 … 2⁶⁴ − 1.
    """
    try:
        seed = operator.index(seed)  # of NumPy's integers, whose sums overflow, too
    except TypeError as error:
        raise UsageError(f"The seed {seed} is no whole number.", "Give another one.") from error
    if not 0 <= seed < SEEDS:
        raise UsageError(f"The seed {seed} is none of 0 to {SEEDS - 1}.", "Give another one.")
    numbers = _normal if spec.law == "normal" else _symmetric
    drawn: dict[str, Array] = {"z": numbers(_words(seed, Z, start, count, -(-spec.z_dim // 2)))[:, : spec.z_dim]}
    if spec.classes:
        drawn["y"] = _below(spec.classes, _words(seed, LABEL, start, count, 1))
    if spec.code_dim:
        onehot = np.zeros((count, spec.categorical), np.float32)
        if spec.categorical:
            chosen = _below(spec.categorical, _words(seed, CATEGORY, start, count, 1))
            onehot[np.arange(count), chosen] = 1
        values = _symmetric(_words(seed, CONTINUOUS, start, count, -(-spec.continuous // 2)))
        drawn["c"] = np.concatenate([onehot, values[:, : spec.continuous]], axis=1)
    if spec.noise:
        size = math.prod(spec.noise)
        drawn["noise"] = _normal(_words(seed, NOISE, start, count, -(-size // 2)))[:, :size].reshape(-1, *spec.noise)
    return {name: np.ascontiguousarray(value) for name, value in drawn.items()}


def _words(seed: int, stream: int, start: int, count: int, each: int) -> Array:
    """The words of samples ``start`` … of a stream, ``each`` of them a sample: uint64 [count, each]."""
    first, total = start * each, count * each
    far, near = divmod(first // 4, 2**64)
    counter = np.array([near, far, 0, 0], np.uint64)
    philox = np.random.Philox(key=np.array([seed, stream], np.uint64), counter=counter)
    words: Array = philox.random_raw(first % 4 + total)[first % 4 :].reshape(count, each)
    return words


def _halves(words: Array) -> tuple[Array, Array]:
    """The low and the high half of each word, uint32."""
    return (words & np.uint64(0xFFFFFFFF)).astype(np.uint32), (words >> np.uint64(32)).astype(np.uint32)


def _below(n: int, words: Array) -> IndexArray:
    """A whole number below ``n`` of the low half of each word: int64 [count] of words [count, 1]."""
    low, _ = _halves(words[:, 0])
    return (low.astype(np.uint64) * np.uint64(n) >> np.uint64(32)).astype(np.int64)


def _symmetric(words: Array) -> FloatArray:
    """Multiples of 2⁻²³ from [-1, 1), two of each word: float32 [count, 2·each] of words [count, each]."""
    halves = np.stack(_halves(words), axis=-1).reshape(len(words), 2 * words.shape[1])
    return (halves >> np.uint32(8)).astype(np.float32) * np.float32(2**-23) - np.float32(1)


def _normal(words: Array) -> FloatArray:
    """Numbers from N(0, 1), two of each word: float32 [count, 2·each] of words [count, each]."""
    flat = words.ravel()
    pairs = np.empty((len(flat), 2), np.float32)
    for first in range(0, len(flat), _CHUNK):
        low, high = _halves(flat[first : first + _CHUNK])
        cosine, sine = _direction(high)
        radius = _radius(low)
        pairs[first : first + _CHUNK, 0] = radius * cosine
        pairs[first : first + _CHUNK, 1] = radius * sine
    return pairs.reshape(len(words), 2 * words.shape[1])


def _radius(low: Array) -> Array:
    """√(-2·ln((low + ½)·2⁻³²)) of Box and Muller (1958), to within 10⁻¹⁰ of it."""
    value = low * _TWO
    value += _ONE
    bits = value.view(np.int64)
    exponent = bits - _SQRT_HALF
    exponent >>= _MANTISSA
    bits -= exponent << _MANTISSA  # now it is in [√½, √2)
    s = value - _ONE
    value += _ONE
    s /= value
    squared = _series(_ATANH, s * s)
    squared *= s
    squared *= _MINUS_FOUR
    squared += (_LARGEST - exponent) * _TWO_LN_2
    return np.sqrt(squared, out=squared)


def _direction(high: Array) -> tuple[Array, Array]:
    """Cosine and sine of the angle high·2π·2⁻³², to within 10⁻⁹: a quarter of it, doubled twice."""
    x = high.view(np.int32) * _QUARTER_TURN
    square = x * x
    cosine, sine = _series(_COS, square), _series(_SIN, square)
    sine *= x
    for _ in range(2):
        square = sine * sine
        sine *= cosine
        sine *= _TWO
        cosine *= cosine
        cosine -= square
    return cosine, sine


def _series(coefficients: Sequence[Array], x: Array) -> Array:
    """c0 + x·(c1 + x·(c2 + …)), from the inside out."""
    value = coefficients[-1] * x
    for coefficient in coefficients[-2:0:-1]:
        value += coefficient
        value *= x
    value += coefficients[0]
    return value


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
        """Generator inputs, [batch, ...] or [ticks, batch, ...].

        Noise is drawn after all others and for each tick alone: a block of it would be large, and the others stay as
        they are without it.
        """
        drawn = self._stream(f"latents/{stream}", batch, self._draw_latents).get(tick, ticks)
        return {**drawn, "noise": self._noise(stream, batch, tick, ticks)} if self.spec.noise else drawn

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

    def _noise(self, stream: str, batch: int, tick: int, ticks: int | None) -> FloatArray:
        if ticks is not None:
            return np.stack([self._noise(stream, batch, tick + i, None) for i in range(ticks)])
        rng = generator(self.seed, f"noise/{stream}", batch, tick)
        return rng.standard_normal((batch, *self.spec.noise), np.float32)

    def _draw_latents(self, rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, Array]:
        return draw(self.spec, rng, shape)
