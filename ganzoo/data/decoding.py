"""One image file: what its header says, and its pixels as uint8 [1, H, W] or [3, H, W].

A file of a megabyte can hold a gigabyte of pixels, so that its header is held to the limit before it is decoded.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from ganzoo.errors import DataError
from ganzoo.limits import PIXEL_BYTES, check_size

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from PIL.Image import Image

    from ganzoo.types import Array

_GREY = ("1", "L", "LA", "I")
_ORIENTATION = 0x0112  # the EXIF tag
_TURNED = (5, 6, 7, 8)  # its values that exchange rows and columns
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error)
"""What Pillow was seen to raise on damaged files."""
_FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "AVIF", "GIF", "BMP", "DIB", "TIFF", "PPM")
"""Those of the endings that are read, whatever a file's own ending: of others Pillow starts programs (EPS)."""
_LARGE = 1 << 24
"""Pixels of an image beside which no other so large is decoded."""
_OPENING, _ALONE = threading.Lock(), threading.Lock()


def read_image(path: Path) -> Array:
    """One image file as uint8 [1, H, W] or [3, H, W], by the policy of ``load_folder``. Raises DataError."""
    with _opened(path) as image, _turn(image):
        orientation = _orientation(image)
        image.load()
        return _decode(_upright(image, orientation), path)


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    import PIL.Image

    try:
        # A stream, since Pillow maps a file that it opened into memory, and the rows of a turned TIFF wrongly.
        with path.open("rb") as stream, _unbounded(stream) as image:
            width, height = image.size
            check_size(PIXEL_BYTES * width * height, f"The image {path}, {height}×{width} pixels,", DataError)
            yield image
    except (*_DAMAGED, PIL.Image.DecompressionBombError) as error:
        raise DataError(
            f"The image {path} cannot be read ({type(error).__name__}).", "It may be damaged: replace or remove it."
        ) from error


def _unbounded(stream: IO[bytes]) -> Image:
    """Open an image without Pillow's bound on its size: ours follows, which can be raised, and has a sentence."""
    import PIL.Image

    with _OPENING:
        bound, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            return PIL.Image.open(stream, formats=_formats())
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = bound


@cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow was built with."""
    import PIL.Image

    PIL.Image.init()
    return tuple(name for name in _FORMATS if name in PIL.Image.OPEN)


def _turn(image: Image) -> AbstractContextManager[object]:
    """Let large images be decoded one after the other."""
    return _ALONE if image.width * image.height > _LARGE else nullcontext()


class Header(NamedTuple):
    """What is known of an image before it is decoded."""

    shape: tuple[int, int, int]
    """Channels, height and width that ``read_image`` will give."""
    frames: bool
    """Whether it has more than one."""


def read_header(path: Path) -> Header:
    """What the header of an image file says. Raises DataError for a file that is none."""
    with _opened(path) as image:
        width, height = image.size
        with _turn(image):
            turned = _orientation(image) in _TURNED
        grey = _is_grey(image) or image.mode.startswith("I")
        size = (width, height) if turned else (height, width)
        return Header((1 if grey else 3, *size), _has_frames(image))


def _is_grey(image: Image) -> bool:
    """By its mode; a GIF, which has no mode but a palette, by the colours of that."""
    if image.format != "GIF" or image.mode != "P":
        return image.mode in _GREY
    colours = np.array(image.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    return bool((colours == colours[:, :1]).all())


def _has_frames(image: Image) -> bool:
    """Whether there are frames after the first; the second image in a camera's JPEG file is no frame."""
    try:
        return image.format != "MPO" and bool(getattr(image, "is_animated", False))
    except _DAMAGED:
        return False  # what follows the first frame is not read


def _orientation(image: Image) -> int:
    """What is still to be done to an image that was opened: 2 … 8 as in EXIF, 1 for nothing.

    Pillow turns TIFF files itself. A value that EXIF does not know says nothing, like EXIF data that cannot be read.
    """
    if image.format == "TIFF":
        return 1
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (*_DAMAGED, TypeError, KeyError):
        return 1
    return next((known for known in range(2, 9) if known == value), 1)


def _upright(image: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    if orientation == 1:
        return image
    # In the order of EXIF's values 2 … 8.
    return image.transpose(
        (
            Transpose.FLIP_LEFT_RIGHT,
            Transpose.ROTATE_180,
            Transpose.FLIP_TOP_BOTTOM,
            Transpose.TRANSPOSE,
            Transpose.ROTATE_270,
            Transpose.TRANSVERSE,
            Transpose.ROTATE_90,
        )[orientation - 2]
    )


def _decode(image: Image, path: Path) -> Array:
    if image.mode == "F":
        raise DataError(f"The image {path} has floating-point pixels.", "Save it with 8 or 16 bits.")
    if image.mode.startswith("I"):
        return _from_sixteen_bits(np.asarray(image), path)[None]
    grey = _is_grey(image)
    if image.has_transparency_data:
        image = _on_white(image)
    mode = "L" if grey else "RGB"
    values = np.asarray(image if image.mode == mode else image.convert(mode))
    return values[None] if grey else values.transpose(2, 0, 1)


def _from_sixteen_bits(values: Array, path: Path) -> Array:
    if values.min() < 0 or values.max() > 65535:
        raise DataError(f"The image {path} has pixels beyond 16 bits.", "Save it with 8 or 16 bits.")
    return np.rint(values / 257).astype(np.uint8)


def _on_white(image: Image) -> Image:
    import PIL.Image

    over = image.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", over.size, "white"), over)
