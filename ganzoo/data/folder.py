"""A user's own images from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import Dataset
from ganzoo.data.npz import find_argument, safe_name
from ganzoo.data.splits import split_dataset, tenth
from ganzoo.errors import DataError
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from PIL.Image import Image

    from ganzoo.types import Array

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
_GREY = ("1", "L", "LA", "I")


def load_folder(argument: str, data_dir: Path | None) -> Dataset:
    """Images of a folder, uint8 [N, C, H, W], in the order of their names; a seeded, stratified tenth is held out.

    Images directly in the folder have no labels; images in its subfolders have the subfolder as class, numbered by
    name. Both at once, or images deeper down, are refused; hidden files and subfolders without images are passed over.
    C is 1 when every file is grey by its mode, otherwise 3, grey repeated; palette, CMYK and the like become RGB.
    Transparency is composited on white. 16-bit grey becomes round(v / 257). EXIF orientation is applied; of an
    animation the first frame counts. All images must have one size, which need not be square. Raises DataError.
    """
    root = find_argument(argument, data_dir)
    if not root.is_dir():
        raise DataError(f"There is no folder {root}.", "Write the dataset as folder:DIR with the path of a folder.")
    paths, labels, names = list_images(root)
    x = _stack(paths, [read_image(path) for path in paths])
    y = np.array(labels, np.int64) if names else None
    spec = DataSpec(name=safe_name("folder", root.resolve().name), kind="image", shape=x.shape[1:], classes=len(names))
    return split_dataset(spec, x, y, tenth(len(x)), names)


def read_samples(root: Path) -> Array:
    """All images of a folder, uint8 [N, C, H, W], in the order of their names, classes one after the other."""
    paths, _, _ = list_images(root)
    return _stack(paths, [read_image(path) for path in paths])


def list_images(root: Path) -> tuple[list[Path], list[int], tuple[str, ...]]:
    """Image files, their class numbers, and the class names (empty where the folder has no classes)."""
    try:
        loose = _images_in(root)
        folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
        classes = [(folder.name, found) for folder in folders if (found := _class_images(folder))]
    except OSError as error:
        raise DataError(f"The folder {root} cannot be read ({error.strerror}).", "Check its permissions.") from error
    if loose and classes:
        raise DataError(
            f"{root} has images both directly in it ({loose[0].name}) and in subfolders ({classes[0][0]}).",
            "Give every class its own subfolder, or keep all images in one folder.",
        )
    if not loose and not classes:
        raise DataError(f"There are no images in {root}.", f"Image files end in {', '.join(SUFFIXES)}.")
    if loose:
        return loose, [0] * len(loose), ()
    labels = [number for number, (_, found) in enumerate(classes) for _ in found]
    return [path for _, found in classes for path in found], labels, tuple(name for name, _ in classes)


def _images_in(folder: Path) -> list[Path]:
    paths = (p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    return sorted(p for p in paths if p.is_file())


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
    import PIL.Image
    import PIL.ImageOps

    try:
        with PIL.Image.open(path) as image:
            image.load()
            upright = PIL.ImageOps.exif_transpose(image)
            return _decode(upright, path)
    except (OSError, ValueError, SyntaxError, EOFError, PIL.Image.DecompressionBombError) as error:
        raise DataError(
            f"The image {path} cannot be read ({type(error).__name__}).", "It may be damaged: replace or remove it."
        ) from error


def _decode(image: Image, path: Path) -> Array:
    if image.mode == "F":
        raise DataError(f"The image {path} has floating-point pixels.", "Save it with 8 or 16 bits.")
    if image.mode.startswith("I"):
        return _from_sixteen_bits(np.asarray(image), path)[None]
    grey = image.mode in _GREY
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


def _stack(paths: list[Path], images: list[Array]) -> Array:
    first = images[0].shape[1:]
    for path, image in zip(paths, images, strict=True):
        if image.shape[1:] != first:
            raise DataError(
                f"{paths[0]} has {first[1]} × {first[0]} pixels, but {path} has {image.shape[2]} × {image.shape[1]}.",
                "Resize all images to one size.",
            )
    channels = max(len(image) for image in images)
    return np.stack([np.broadcast_to(image, (channels, *first)) for image in images])
