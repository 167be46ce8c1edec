"""The latents of docs/onnx.md once more, in plain Python without NumPy: what somebody writes who reads the page."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

_MASK = 2**64 - 1


def block(seed: int, stream: int, counter: int) -> list[int]:
    """Philox4x64-10 (Salmon, Moraes, Dror and Shaw 2011): the four words of a counter below 2⁶⁴."""
    c, key = [counter, 0, 0, 0], [seed, stream]
    for _ in range(10):
        high0, low0 = divmod(0xD2E7470EE14C6C93 * c[0], 2**64)
        high1, low1 = divmod(0xCA5A826395121157 * c[2], 2**64)
        c = [high1 ^ c[1] ^ key[0], low1, high0 ^ c[3] ^ key[1], low0]
        key = [(key[0] + 0x9E3779B97F4A7C15) & _MASK, (key[1] + 0xBB67AE8584CAA73B) & _MASK]
    return c


def word(seed: int, stream: int, number: int) -> int:
    """One word of a stream."""
    return block(seed, stream, 1 + number // 4)[number % 4]


def normal(a: int, b: int) -> list[float]:
    """Two numbers from N(0, 1) by the sums of the page."""
    m, e = math.frexp(2 * a + 1)
    if m < math.sqrt(0.5):
        m, e = 2 * m, e - 1
    s = (m - 1) / (m + 1)
    r = math.sqrt(_sum([1 / k for k in range(1, 13, 2)], s * s) * s * -4 + (33 - e) * (2 * math.log(2)))
    x = (b - 2**32 if b >= 2**31 else b) * (math.pi / 2**33)
    c = _sum([(-1) ** k / math.factorial(2 * k) for k in range(7)], x * x)
    d = _sum([(-1) ** k / math.factorial(2 * k + 1) for k in range(7)], x * x) * x
    for _ in range(2):
        c, d = c * c - d * d, 2 * c * d
    return [_float32(r * c), _float32(r * d)]


def library(a: int, b: int) -> list[float]:
    """The same two numbers by the functions of a library, in double precision."""
    r, angle = math.sqrt(-2 * math.log((a + 0.5) / 2**32)), b * math.tau / 2**32
    return [r * math.cos(angle), r * math.sin(angle)]


def uniform(a: int, b: int) -> list[float]:
    """Two numbers from [-1, 1)."""
    return [half // 2**8 / 2**23 - 1 for half in (a, b)]


def below(n: int) -> Callable[[int, int], list[int]]:
    """One whole number below n."""
    return lambda a, b: [a * n // 2**32]


def _sum(terms: list[float], x: float) -> float:
    value = terms[-1]
    for term in terms[-2::-1]:
        value = value * x + term
    return value


def _float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
