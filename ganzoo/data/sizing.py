"""How images of any size become images of one size: the ``size=64&fit=crop`` behind the ``?`` of a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from ganzoo.errors import UnknownName, UsageError

if TYPE_CHECKING:
    from ganzoo.types import Array

Fit = Literal["crop", "pad", "stretch"]
FITS: tuple[Fit, ...] = get_args(Fit)
LARGEST = 4096
"""Pixels of a side."""
_KEYS = ("size", "fit")
_SIDES = re.compile(r"([0-9]{1,9})(?:[xX]([0-9]{1,9}))?")
_USUAL = (64, 32, 16, 8)
"""Sides that variants take, the largest first."""


@dataclass(frozen=True)
class Sizing:
    """Height and width in pixels that every image gets, and by which fit.

    crop: scaled, its proportions kept, until it covers both sides, and cut out of the centre. pad: scaled likewise
    until it fits inside, on white in the centre. stretch: both sides scaled apart. An image of that size is left alone.
    """

    height: int
    width: int
    fit: Fit = "crop"

    @property
    def text(self) -> str:
        """As it stands in a reference: ``size=64&fit=crop``, ``size=48x64&fit=pad`` (height x width)."""
        return f"size={self._sides}&fit={self.fit}"

    @property
    def slug(self) -> str:
        """As it stands in the name of a dataset: ``64-crop``."""
        return f"{self._sides}-{self.fit}"

    @property
    def policy(self) -> str:
        """What is done, for the score."""
        return f"{self.fit} to {self.height}×{self.width}, bicubic antialiased"

    @property
    def _sides(self) -> str:
        return str(self.height) if self.height == self.width else f"{self.height}x{self.width}"

    def apply(self, image: Array) -> Array:
        """An image uint8 [C, H, W], C 1 or 3, at this size: uint8 [C, height, width].

        By Pillow's bicubic kernel (a = -0.5), widened when shrinking, rounded to bytes.
        """
        if image.shape[1:] == (self.height, self.width):
            return image
        import numpy as np
        from PIL import Image, ImageOps

        kernel, wanted = Image.Resampling.BICUBIC, (self.width, self.height)
        picture = Image.fromarray(image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
        if self.fit == "crop":
            picture = ImageOps.fit(picture, wanted, kernel)
        elif self.fit == "stretch":
            picture = picture.resize(wanted, kernel)
        else:
            inner = picture.resize(self._inside(picture.width, picture.height), kernel)
            picture = Image.new(picture.mode, wanted, "white")
            picture.paste(inner, ((self.width - inner.width) // 2, (self.height - inner.height) // 2))
        made: Array = np.asarray(picture)
        return made[None] if made.ndim == 2 else made.transpose(2, 0, 1)

    def _inside(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the image where it fits inside; at least one pixel each."""
        scale = min(self.width / width, self.height / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def enlarges(self, height: int, width: int) -> bool:
        """Whether an image of this height and width is scaled up."""
        scales = (self.height / height, self.width / width)
        return (min(scales) if self.fit == "pad" else max(scales)) > 1


def parse_sizing(query: str, folder: str) -> Sizing:
    """What stands behind the ``?`` of a folder, keys and values in any case. Raises UsageError with one sentence."""
    given: dict[str, str] = {}
    for part in query.lower().split("&"):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"'{part}' behind the ? of {folder} is no KEY=VALUE.", _example(folder))
        if key not in _KEYS:
            raise UnknownName("setting of a folder of images", key, _KEYS, _example(folder))
        if key in given:
            raise UsageError(f"'{key}' stands twice behind the ? of {folder}.", "Keep one of them.")
        given[key] = value
    if "size" not in given:
        raise UsageError(f"'fit={given['fit']}' of {folder} needs a size, and there is none.", _example(folder))
    fit = next((each for each in FITS if each == given.get("fit", "crop")), None)
    if fit is None:
        raise UnknownName(f"fit of {folder}", given["fit"], FITS)
    return Sizing(*_sides(given["size"], folder), fit)


def _sides(text: str, folder: str) -> tuple[int, int]:
    found = _SIDES.fullmatch(text)
    height, width = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not (1 <= height <= LARGEST and 1 <= width <= LARGEST):
        raise UsageError(
            f"'size={text}' of {folder} is no size of 1 to {LARGEST} pixels a side.",
            "Write size=64, or size=48x64 for 48 pixels high and 64 wide.",
        )
    return height, width


def _example(folder: str) -> str:
    return f"Write '{sized_reference(folder, Sizing(64, 64))}'; fit is {', '.join(FITS[:-1])} or {FITS[-1]}."


def sized_reference(folder: str, sizing: Sizing) -> str:
    """How a folder is named so that its images are read at a size."""
    return f"folder:{folder}?{sizing.text}"


def suggested(sizes: Sequence[tuple[int, int]]) -> Sizing:
    """A size for images of these heights and widths: that of a usual generator, none larger than most of them are."""
    shorter = sorted(min(each) for each in sizes)[len(sizes) // 2]
    side = next((usual for usual in _USUAL if usual <= shorter), _USUAL[-1])
    return Sizing(side, side)
