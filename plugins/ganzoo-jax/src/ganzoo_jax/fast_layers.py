"""The two convolutions, written as one matrix product each: no part of any architecture.

XLA computes the double backward pass of the penalty through its own convolutions many times slower on a CPU.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from jax import lax

KERNEL = 4


def down(layer: dict[str, Any], x: Any) -> Any:
    """A 4×4 convolution of stride 2 and padding 1: [N, H, W, C] → [N, ⌊H/2⌋, ⌊W/2⌋, C'], w [4·4·C, C']."""
    n, height, width = len(x), x.shape[1] // 2, x.shape[2] // 2
    padded = _ringed(x)
    taps = [_window(padded, r, c, height, width, stride=2) for r in range(KERNEL) for c in range(KERNEL)]
    patches = lax.concatenate(taps, 3).reshape(n * height * width, -1)
    return (lax.dot(patches, layer["w"]) + layer["b"]).reshape(n, height, width, -1)


def up(layer: dict[str, Any], x: Any, size: tuple[int, int]) -> Any:
    """A transposed 4×4 convolution of stride 2 and padding 1: [N, h, w, C] → [N, *size, C'], w [4·C, 4·C'], b [C'].

    Each of the (h + 1)·(w + 1) corners of the padded input sees 2×2 pixels and makes 2×2 pixels, of which the outermost
    ring is cut off. The result is 2h × 2w, cropped where ``size`` is odd.
    """
    height, width, channels, after = *x.shape[1:], layer["b"].shape[0]
    padded = _ringed(x)
    taps = [_window(padded, row, column, height + 1, width + 1) for row in (0, 1) for column in (0, 1)]
    blocks = lax.dot(lax.concatenate(taps, 3).reshape(-1, 4 * channels), layer["w"])
    blocks = blocks.reshape(-1, height + 1, width + 1, 2, 2, after).transpose(0, 1, 3, 2, 4, 5)
    y = blocks.reshape(-1, 2 * height + 2, 2 * width + 2, after)
    return _window(y, 1, 1, *size) + layer["b"]


def _ringed(x: Any) -> Any:
    """One pixel of zeros around each image."""
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def _window(x: Any, row: int, column: int, height: int, width: int, stride: int = 1) -> Any:
    """``height`` × ``width`` pixels from (row, column) on, every ``stride``-th of them."""
    # Not x[:, a:b]: jax2onnx turns that into a Slice or, once JAX has cached its trace, into a gather of 20 nodes.
    last = (row + stride * (height - 1) + 1, column + stride * (width - 1) + 1)
    return lax.slice(x, (0, row, column, 0), (x.shape[0], *last, x.shape[3]), (1, stride, stride, 1))
