"""A user's own images from a folder."""

from __future__ import annotations

import hashlib
import struct
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from ganzoo.data.base import Dataset
from ganzoo.data.reference import find, safe_name
from ganzoo.data.splits import split_dataset, tenth
from ganzoo.errors import DataError
from ganzoo.files import readable, sha256
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo.types import Array, IndexArray

SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".avif", ".gif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
_SHOWN = 5
"""Most endings named in one sentence."""
_GREY = ("1", "L", "LA", "I")
_ORIENTATION = 0x0112  # the EXIF tag
_TURNED = (5, 6, 7, 8)  # its values that exchange rows and columns
_DAMAGED = (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error)
"""What Pillow was seen to raise on damaged files."""
T = TypeVar("T")


def load_folder(argument: str, data_dir: Path | None) -> Dataset:
    """Images of a folder, uint8 [N, C, H, W], in the order of their names; a seeded, stratified tenth is held out.

    Images directly in the folder have no labels; images in its subfolders have the subfolder as class, numbered by
    name. Both at once, or images deeper down, are refused; hidden files and subfolders without images are passed over.
    C is 1 when every file is grey by its mode (a GIF: by its palette), otherwise 3, grey repeated; palette, CMYK and
    the like become RGB.
    Transparency is composited on white. 16-bit grey becomes round(v / 257). EXIF orientation is applied; of an
    animation the first frame counts. All images must have one size, which need not be square. Other files are passed
    over; ``notes`` of the dataset has how many, and how many animations there are. Raises DataError.
    """
    root = find(argument, data_dir)
    files = ImageFiles(root)
    x, names = files.read(np.arange(len(files.paths))), files.class_names
    spec = DataSpec(name=safe_name("folder", root.resolve().name), kind="image", shape=x.shape[1:], classes=len(names))
    return split_dataset(spec, x, files.labels, tenth(len(x)), names, files.notes)


class ImageFiles:
    """The images of a folder by the policy of ``load_folder``, decoded when they are asked for.

    In the order of their names, classes one after the other. Only headers are read at first, to learn the form.
    ``notes`` has what is not read of the folder. Raises DataError for a path that is no folder, a folder without
    images, or images of different sizes.
    """

    def __init__(self, root: Path) -> None:
        self.paths, numbers, self.class_names = list_images(root)
        self.labels: IndexArray | None = np.array(numbers, np.int64) if self.class_names else None
        headers = _in_threads(_read_header, self.paths)
        first = headers[0].shape
        for path, header in zip(self.paths, headers, strict=True):
            _check_size(self.paths[0], first[1:], path, header.shape[1:])
        self.shape: tuple[int, ...] = (max(header.shape[0] for header in headers), *first[1:])
        moving = [path for path, header in zip(self.paths, headers, strict=True) if header.frames]
        self.notes = (*_passed_over(root), *_first_frames(moving, len(self.paths)))

    @cached_property
    def hashes(self) -> list[str]:
        """The sha256 of each file, in order."""
        return _in_threads(sha256, self.paths)

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits over the files' bytes, in order."""
        return hashlib.sha256("".join(self.hashes).encode()).hexdigest()[:12]

    def read(self, rows: IndexArray) -> Array:
        """Decode the images of these rows: uint8 [n, C, H, W]. Raises DataError for a damaged one."""
        paths = [self.paths[row] for row in rows]
        images = _in_threads(read_image, paths)
        for path, image in zip(paths, images, strict=True):
            _check_size(self.paths[0], self.shape[1:], path, image.shape[1:])
        return np.stack([np.broadcast_to(image, self.shape) for image in images])


def _in_threads(work: Callable[[Path], T], paths: list[Path]) -> list[T]:
    """Decoding and hashing leave Python's lock, so that the cores share them."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(work, paths))


def list_images(root: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Image files, their class numbers, and the class names (empty where the folder has no classes)."""
    if not root.is_dir():
        raise DataError(f"There is no folder {root}.", "Name a folder of images, as DIR or as folder:DIR.")
    try:
        loose = _images_in(root)
        folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        classes = [(readable(folder.name), found) for folder in folders if (found := _class_images(folder))]
    except OSError as error:
        raise DataError(f"The folder {root} cannot be read ({error.strerror}).", "Check its permissions.") from error
    if loose and classes:
        raise DataError(
            f"{root} has images both directly in it ({loose[0].name}) and in subfolders ({classes[0][0]}).",
            "Give every class its own subfolder, or keep all images in one folder.",
        )
    if not loose and not classes:
        raise DataError(
            "; ".join((f"There are no images in {root}", *_passed_over(root))) + ".",
            f"Image files end in {', '.join(SUFFIXES)}.",
        )
    if loose:
        return loose, [0] * len(loose), ()
    labels = [number for number, (_, found) in enumerate(classes) for _ in found]
    return [path for _, found in classes for path in found], labels, tuple(name for name, _ in classes)


def _images_in(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if _visible(p) and p.suffix.lower() in SUFFIXES and p.is_file())


def _visible(path: Path) -> bool:
    return not path.name.startswith(".")


def _passed_over(root: Path) -> tuple[str, ...]:
    """One sentence on the files of a folder and its subfolders that are not read as images; none where all are."""
    top = [path for path in root.iterdir() if _visible(path)]
    below = [path for folder in top if folder.is_dir() for path in folder.iterdir() if _visible(path)]
    endings = Counter(_fault(path) for path in (*top, *below) if not path.is_dir())
    del endings[""]
    if not endings:
        return ()
    named = [f"{ending} ({count})" for ending, count in endings.most_common(_SHOWN)]
    rest = [f"{len(endings) - _SHOWN} more endings"] if len(endings) > _SHOWN else []
    files = "1 file was" if endings.total() == 1 else f"{endings.total()} files were"
    return (readable(f"{files} not read as images in {root}: {', '.join([*named, *rest])}"),)


def _fault(path: Path) -> str:
    """Why a file is not read as an image: its ending, mostly; empty for one that is."""
    if path.suffix.lower() not in SUFFIXES:
        return path.suffix.lower() or "no ending"
    return "" if path.is_file() else "broken link"


def _first_frames(moving: Sequence[Path], n: int) -> tuple[str, ...]:
    if not moving:
        return ()
    return (readable(f"{len(moving)} of {n} images have several frames, the first of which is used: {moving[0]}"),)


def _class_images(folder: Path) -> list[Path]:
    deeper = (p for p in folder.glob("*/**/*") if p.suffix.lower() in SUFFIXES)
    visible = (p for p in deeper if not any(part.startswith(".") for part in p.relative_to(folder).parts))
    if below := next(visible, None):
        raise DataError(
            f"The image {below} lies more than one folder deep.", "Name the folder whose subfolders are the classes."
        )
    return _images_in(folder)


def read_image(path: Path) -> Array:
    """One image file as uint8 [1, H, W] or [3, H, W], by the policy of ``load_folder``. Raises DataError."""
    with _opened(path) as image:
        orientation = _orientation(image)
        image.load()
        return _decode(_upright(image, orientation), path)


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    import PIL.Image

    try:
        # A stream, since Pillow maps a file that it opened into memory, and the rows of a turned TIFF wrongly.
        with path.open("rb") as stream, PIL.Image.open(stream) as image:
            yield image
    except (*_DAMAGED, PIL.Image.DecompressionBombError) as error:
        raise DataError(
            f"The image {path} cannot be read ({type(error).__name__}).", "It may be damaged: replace or remove it."
        ) from error


class Header(NamedTuple):
    """What is known of an image before it is decoded."""

    shape: tuple[int, int, int]
    """Channels, height and width that ``read_image`` will give."""
    frames: bool
    """Whether it has more than one."""


def _read_header(path: Path) -> Header:
    with _opened(path) as image:
        width, height = image.size
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
    return np.asarray(image.convert("L"))[None] if grey else np.asarray(image.convert("RGB")).transpose(2, 0, 1)


def _from_sixteen_bits(values: Array, path: Path) -> Array:
    if values.min() < 0 or values.max() > 65535:
        raise DataError(f"The image {path} has pixels beyond 16 bits.", "Save it with 8 or 16 bits.")
    return np.rint(values / 257).astype(np.uint8)


def _on_white(image: Image) -> Image:
    import PIL.Image

    over = image.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", over.size, "white"), over)


def _check_size(first: Path, wanted: tuple[int, ...], path: Path, size: tuple[int, ...]) -> None:
    if size != wanted:
        raise DataError(
            f"{first} has {wanted[1]} × {wanted[0]} pixels, but {path} has {size[1]} × {size[0]}.",
            "Resize all images to one size.",
        )
