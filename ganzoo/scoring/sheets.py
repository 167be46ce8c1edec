"""Pictures side by side with a caption below each, as one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.lettering import BACKGROUND, INK, Word, lettered

if TYPE_CHECKING:
    from ganzoo.types import Array

_MARGIN = 10
_CAPTION = 18
_WARNING = (255, 140, 120)


class Caption(NamedTuple):
    """What stands below a picture; in red where it is a warning."""

    text: str
    warning: bool = False


def as_bytes(images: Array) -> Array:
    """Images as uint8, floats in [-1, 1] put on the 8-bit grid."""
    return images if images.dtype == np.uint8 else quantise(images)


def sheet(pictures: Sequence[Array], captions: Sequence[Caption], columns: int) -> Array:
    """Lay pictures uint8 [height, width, 3], all of one size, out in reading order: uint8 [H, W, 3]."""
    height, width = pictures[0].shape[:2]
    columns = min(columns, len(pictures))
    cell_w, cell_h = width + _MARGIN, height + _CAPTION + _MARGIN
    rows = -(-len(pictures) // columns)
    whole = np.full((rows * cell_h + _MARGIN, columns * cell_w + _MARGIN, 3), BACKGROUND, np.uint8)
    words = []
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = _MARGIN + i % columns * cell_w, _MARGIN + i // columns * cell_h
        whole[top : top + height, left : left + width] = picture
        ink = _WARNING if caption.warning else INK
        words.append(Word(caption.text, left + width / 2, top + height + 2, "mt", ink))
    return lettered(whole, words)
