"""Pictures side by side with a caption below each, as one image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.data.base import quantise

if TYPE_CHECKING:
    from ganzoo.types import Array

_MARGIN = 10
_CAPTION = 18
_BACKGROUND = 32
_INK = (235, 235, 235)
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
    from PIL import Image, ImageDraw, ImageFont

    height, width = pictures[0].shape[:2]
    columns = min(columns, len(pictures))
    cell_w, cell_h = width + _MARGIN, height + _CAPTION + _MARGIN
    size = (columns * cell_w + _MARGIN, -(-len(pictures) // columns) * cell_h + _MARGIN)
    whole = Image.new("RGB", size, (_BACKGROUND,) * 3)
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(14)
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = _MARGIN + i % columns * cell_w, _MARGIN + i // columns * cell_h
        whole.paste(Image.fromarray(picture), (left, top))
        ink = _WARNING if caption.warning else _INK
        pen.text((left + width / 2, top + height + 2), caption.text, fill=ink, font=font, anchor="mt")
    return np.asarray(whole)
