"""Words on pictures: captions, and names at the left of rows."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.escaping import one_line

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

    from ganzoo.types import Array

BACKGROUND = 32
INK = (235, 235, 235)
SIZE = 14
"""Pixels of a line of text, of a caption as of a name."""
_MARGIN = 8
_WIDEST = 180
"""Pixels of a name at most; longer ones end in dots."""
_NO_CHARACTER = "\uffff"


class Word(NamedTuple):
    """A text and where it stands; ``anchor`` as Pillow says it: "lm" is left and middle, "mt" middle and top."""

    text: str
    left: float
    top: float
    anchor: str
    ink: tuple[int, int, int] = INK


def lettered(canvas: Array, words: Sequence[Word]) -> Array:
    """The canvas uint8 [H, W, 3] with words on it."""
    from PIL import Image, ImageDraw

    image = Image.fromarray(canvas)
    pen = ImageDraw.Draw(image)
    for word in words:
        font = _font_of(word.text) or _fonts()[0]
        pen.text((word.left, word.top), word.text, fill=word.ink, font=font, anchor=word.anchor)
    return np.asarray(image)


def legible(names: Sequence[str], widest: int = _WIDEST) -> list[str]:
    """Names as they can be drawn at the left of a row.

    One in letters that no font at hand has is its place in the list, and one of more pixels than ``widest`` ends in
    dots.
    """
    return [_fitted(name if _font_of(name) else str(i), widest) for i, name in enumerate(names)]


def drawable(text: str) -> str:
    """A text as one line in letters that every picture can show, a plot too; question marks stand for others."""
    line = one_line(text).encode(errors="backslashreplace").decode()
    return "".join(letter if _has(_fonts()[-1], letter) else "?" for letter in line)


def beside(names: Sequence[str], pictures: Sequence[Array]) -> Array:
    """Pictures uint8 [h, w, 3] of one width, one below the other, each with its name at the left: uint8 [H, W, 3].

    The names are ``legible`` ones.
    """
    rows = [_at_least(SIZE + 2, picture) for picture in pictures]
    whole = np.concatenate(rows)
    margin = np.full((len(whole), margin_of(names), 3), BACKGROUND, np.uint8)
    ends = np.cumsum([len(row) for row in rows]).tolist()
    words = [Word(name, _MARGIN, end - len(row) / 2, "lm") for name, row, end in zip(names, rows, ends, strict=True)]
    return np.concatenate([lettered(margin, words), whole], axis=1)


def margin_of(names: Sequence[str]) -> int:
    """Pixels that ``beside`` keeps for names."""
    return round(max(map(width_of, names))) + 2 * _MARGIN


def _at_least(height: int, picture: Array) -> Array:
    """The picture, with empty lines below where it is too low for a name."""
    more = max(0, height - len(picture))
    return np.pad(picture, ((0, more), (0, 0), (0, 0)), constant_values=BACKGROUND)


def _fitted(text: str, widest: int) -> str:
    shown = text
    for end in range(len(text) - 1, 0, -1):
        if width_of(shown) <= widest:
            break
        shown = text[:end].rstrip() + "…"
    return shown


def width_of(text: str) -> float:
    """Pixels of a text on a line."""
    return (_font_of(text) or _fonts()[0]).getlength(text)


@functools.cache
def _fonts() -> tuple[FreeTypeFont, ...]:
    """Pillow's own font, which knows English alone, and matplotlib's, which knows most alphabets."""
    import matplotlib
    from PIL import ImageFont

    wider = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    own = ImageFont.load_default(SIZE)
    assert isinstance(own, ImageFont.FreeTypeFont), "Pillow without FreeType has raised before"
    return own, ImageFont.truetype(wider, SIZE)


def _font_of(text: str) -> FreeTypeFont | None:
    """The first font that has every letter of a text; None where none has."""
    return next((font for font in _fonts() if all(_has(font, letter) for letter in set(text))), None)


def _has(font: FreeTypeFont, letter: str) -> bool:
    if letter.isspace():
        return letter == " "
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NO_CHARACTER))
