"""Rows of pictures with a title, a head above each column and a name beside each row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.lettering import BACKGROUND, SIZE, Word, beside, drawable, legible, lettered, margin_of, width_of

if TYPE_CHECKING:
    from ganzoo.types import Array

_MARGIN = 8
_LINE = SIZE + 6


def chart(title: str, heads: Sequence[str], names: Sequence[str], rows: Sequence[Array]) -> Array:
    """Rows uint8 [h, w, 3] of as many equally wide pictures as there are heads: uint8 [H, W, 3]."""
    names = legible(names)
    margin, width = margin_of(names), rows[0].shape[1]
    cell = width / len(heads)
    body = np.concatenate([_space(_LINE, margin + width), beside(names, rows)])
    fitted = legible(heads, int(cell) - 2)
    words = [Word(head, margin + (i + 0.5) * cell, _LINE / 2, "mm") for i, head in enumerate(fitted)]
    return titled(lettered(body, words), title)


def titled(picture: Array, title: str) -> Array:
    """A picture uint8 [h, w, 3] below its title, and as wide as that at least: uint8 [H, W, 3]."""
    title = drawable(title)
    width = max(picture.shape[1], math.ceil(width_of(title)) + 2 * _MARGIN)
    wide = np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)), constant_values=BACKGROUND)
    head = lettered(_space(_LINE + 4, width), [Word(title, _MARGIN, (_LINE + 4) / 2, "lm")])
    return np.concatenate([head, wide])


def _space(height: int, width: int) -> Array:
    return np.full((height, width, 3), BACKGROUND, np.uint8)
