"""Resizing inside an ONNX graph, as two matrix products whose matrices the graph makes from the size of its input.

ONNX's own Resize rounds differently on every provider and has no antialiased form that matches PIL; matrix products are
the same everywhere to float32 rounding. Each output pixel is a weighted sum over a column and then over a row, so one
matrix [size, in] for each axis says all.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from ganzoo.generator.nodes import Nodes

Resize = Literal["none", "tf1", "bilinear", "bicubic"]
RESIZERS: tuple[Resize, ...] = get_args(Resize)

_CUBIC = -0.5
"""PIL's and MATLAB's coefficient (Keys 1981, equation 4); torch's non-antialiased bicubic has -0.75."""


def resized(nodes: Nodes, x: str, how: Resize, size: tuple[int, int]) -> str:
    """Add nodes that resize float32 ``x`` [N, C, H, W] to [N, C, *size]; H and W may be open. Returns the output.

    tf1: TensorFlow 1's resize_bilinear, align_corners off: pixel i is read at i · in / out, without half-pixel centres
    and without antialiasing; what the FID Inception was trained and published with.
    bilinear, bicubic: half-pixel centres, antialiased by widening the kernel when shrinking, as PIL and torch's
    ``antialias=True`` do (on floats: nothing is rounded or clipped). none: ``x`` itself.
    """
    if how == "none":
        return x
    shape = nodes.add("Shape", x)
    rows, columns = (
        _matrix(nodes, nodes.add("Gather", shape, nodes.constant(np.array(axis, np.int64))), how, out)
        for axis, out in zip((2, 3), size, strict=True)
    )
    narrow = nodes.add("MatMul", x, nodes.add("Transpose", columns, perm=[1, 0]))
    return nodes.add("MatMul", rows, narrow)


def _matrix(nodes: Nodes, length: str, how: Resize, size: int) -> str:
    """The weights [size, length] of one axis in float32; ``length`` is an int64 scalar."""
    zero, one = (nodes.constant(np.array(value, np.int64)) for value in (0, 1))
    pixels = nodes.add("Range", zero, length, one)
    if how == "tf1":
        return _tf1(nodes, pixels, length, size)
    return _antialiased(nodes, pixels, length, how, size)


def _tf1(nodes: Nodes, pixels: str, length: str, size: int) -> str:
    """The triangle max(0, 1 - |g - j|) around g = i · in/out, held inside the image.

    That is TensorFlow's pair of weights: 1 - (g - ⌊g⌋) and g - ⌊g⌋, and all on the last pixel beyond it. In float32
    because TensorFlow finds g in float32.
    """
    inside = nodes.add("Cast", pixels, to=_FLOAT)
    count = nodes.add("Cast", length, to=_FLOAT)
    step = nodes.add("Div", count, nodes.number(size))
    places = nodes.add("Mul", nodes.constant(np.arange(size, dtype=np.float32)[:, None]), step)
    held = nodes.add("Min", places, nodes.add("Sub", count, nodes.number(1)))
    distance = nodes.add("Abs", nodes.add("Sub", held, inside))
    return nodes.add("Relu", nodes.add("Sub", nodes.number(1), distance))


def _antialiased(nodes: Nodes, pixels: str, length: str, how: Resize, size: int) -> str:
    """A kernel as wide as the larger pixel around each output pixel's centre, every row scaled to sum 1."""

    def double(value: float) -> str:
        return nodes.constant(np.array(value, np.float64))

    centres = nodes.add("Add", nodes.add("Cast", pixels, to=_DOUBLE), double(0.5))
    step = nodes.add("Div", nodes.add("Cast", length, to=_DOUBLE), double(size))
    places = nodes.add("Mul", nodes.constant(np.arange(size)[:, None] + 0.5), step)
    width = nodes.add("Max", step, double(1))
    distance = nodes.add("Abs", nodes.add("Div", nodes.add("Sub", centres, places), width))
    if how == "bilinear":
        weights = nodes.add("Max", nodes.add("Sub", double(1), distance), double(0))
    else:
        near = _polynomial(nodes, distance, (_CUBIC + 2, -_CUBIC - 3, 0, 1))
        far = _polynomial(nodes, distance, (_CUBIC, -5 * _CUBIC, 8 * _CUBIC, -4 * _CUBIC))
        outer = nodes.add("Where", nodes.add("Less", distance, double(2)), far, double(0))
        weights = nodes.add("Where", nodes.add("Less", distance, double(1)), near, outer)
    total = nodes.add("ReduceSum", weights, nodes.integers(1), keepdims=1)
    return nodes.add("Cast", nodes.add("Div", weights, total), to=_FLOAT)


def _polynomial(nodes: Nodes, t: str, coefficients: tuple[float, ...]) -> str:
    """Horner's rule, highest power first."""
    value = nodes.constant(np.array(coefficients[0], np.float64))
    for coefficient in coefficients[1:]:
        value = nodes.add("Add", nodes.add("Mul", value, t), nodes.constant(np.array(coefficient, np.float64)))
    return value


_FLOAT = 1
_DOUBLE = 11
"""TensorProto's numbers of the two types."""
