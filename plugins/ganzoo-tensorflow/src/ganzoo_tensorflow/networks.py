"""Convolutions for images of any size from 1 to 64 pixels a side: grids that halve, and the way back."""

from __future__ import annotations

from typing import Any

from ganzoo_tensorflow.runtime import keras

layers = keras.layers


def grids(height: int, width: int) -> list[tuple[int, int]]:
    """The image's grid and its halvings, rounded up: two, or three above 32 pixels."""
    found = [(height, width)]
    for _ in range(2 if max(height, width) <= 32 else 3):
        found.append((-(-found[-1][0] // 2), -(-found[-1][1] // 2)))
    return found


def down(h: Any, filters: int, initial: Any, name: str) -> Any:
    """Half the grid, rounded up, by a 4×4 convolution of stride 2; leaky ReLU."""
    h = layers.Conv2D(filters, 4, strides=2, padding="same", kernel_initializer=initial, name=name)(h)
    return layers.LeakyReLU(negative_slope=0.2, name=f"{name}_relu")(h)


def up(h: Any, filters: int, size: tuple[int, int], initial: Any, name: str, *, use_bias: bool = True) -> Any:
    """Twice the grid by a 4×4 transposed convolution of stride 2, cropped to ``size`` where that is odd."""
    h = layers.Conv2DTranspose(
        filters, 4, strides=2, padding="same", use_bias=use_bias, kernel_initializer=initial, name=name
    )(h)
    excess = [(0, h.shape[axis + 1] - size[axis]) for axis in (0, 1)]
    return layers.Cropping2D(excess, name=f"{name}_crop")(h) if any(cut for _, cut in excess) else h
