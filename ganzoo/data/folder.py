"""A user's own images from a folder."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ganzoo.data.base import Dataset
from ganzoo.data.decoding import read_header, read_image
from ganzoo.data.listing import list_images
from ganzoo.data.reference import folder_of, safe_name
from ganzoo.data.sizing import sized_reference, suggested
from ganzoo.data.splits import split_dataset, tenth
from ganzoo.errors import DataError
from ganzoo.files import readable, sha256
from ganzoo.limits import check_size
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.data.sizing import Sizing
    from ganzoo.types import Array, IndexArray

AT_ONCE = 1 << 24
"""Pixels that are decoded at a time where images are only looked at: 50 MB as bytes, 200 MB as floats."""
THREADS = 16
"""Most images that are decoded at the same time."""
T = TypeVar("T")


def load_folder(argument: str, data_dir: Path | None) -> Dataset:
    """Images of a folder, uint8 [N, C, H, W], in the order of their names; a seeded, stratified tenth is held out.

    ``argument`` is ``DIR``, or ``DIR?size=64&fit=crop`` (``ganzoo.data.sizing``), by which every image gets one size.

    Images directly in the folder have no labels; images in its subfolders, however deep, have the top one as class,
    numbered by name. Both at once is refused; hidden files and folders are passed over.
    C is 1 when every file is grey by its mode (a GIF: by its palette), otherwise 3, grey repeated; palette, CMYK and
    the like become RGB.
    Transparency is composited on white. 16-bit grey becomes round(v / 257). EXIF orientation is applied; of an
    animation the first frame counts. Other files are passed over; ``notes`` of the dataset has how many, and how many
    animations there are. Raises DataError, also for images of several sizes where no size is given.
    """
    _, root, sizing = folder_of(argument, data_dir)
    files = ImageFiles(root, sizing)
    x, names = files.read(np.arange(len(files.paths))), files.class_names
    spec = DataSpec(name=dataset_name(root, sizing), kind="image", shape=x.shape[1:], classes=len(names))
    return split_dataset(spec, x, files.labels, tenth(len(x)), names, files.notes)


def dataset_name(root: Path, sizing: Sizing | None) -> str:
    """What the dataset of a folder is called, with its sizing: ``folder-faces``, ``folder-faces-64-crop``."""
    name = root.resolve().name
    return safe_name("folder", f"{name}-{sizing.slug}" if sizing else name)


class ImageFiles:
    """The images of a folder by the policy of ``load_folder``, decoded when they are asked for.

    In the order of their names, classes one after the other. Only headers are read at first, to learn the form.
    ``notes`` has what is not read of the folder and what is done to its images. Raises DataError for a path that is no
    folder, a folder without images, or a file that is no image.
    """

    def __init__(self, root: Path, sizing: Sizing | None = None) -> None:
        listing = list_images(root)
        self.root, self.sizing = root, sizing
        self.paths, self.class_names, self.skipped = listing.paths, listing.class_names, listing.skipped
        self.labels: IndexArray | None = np.array(listing.numbers, np.int64) if self.class_names else None
        headers = in_threads(read_header, self.paths)
        self.own_sizes = [header.shape[1:] for header in headers]
        """Height and width of each image as it is."""
        self.several_sizes = sizing is None and len(set(self.own_sizes)) > 1
        """Whether the images differ in size as they are read; ``shape`` has 0 for height and width then."""
        size = (sizing.height, sizing.width) if sizing else (0, 0) if self.several_sizes else self.own_sizes[0]
        self.shape: tuple[int, ...] = (max(header.shape[0] for header in headers), *size)
        moving = [path for path, header in zip(self.paths, headers, strict=True) if header.frames]
        self.notes = (*listing.passed_over, *listing.deep, *_first_frames(moving, len(self.paths)), *self._enlarged())

    @cached_property
    def hashes(self) -> list[str]:
        """The sha256 of each file, in order."""
        return in_threads(sha256, self.paths)

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits over the files' bytes, in order, and the sizing where there is one."""
        sizing = self.sizing.text if self.sizing else ""
        return hashlib.sha256("".join([*self.hashes, sizing]).encode()).hexdigest()[:12]

    def read(self, rows: IndexArray) -> Array:
        """Decode the images of these rows: uint8 [n, C, H, W].

        Raises DataError for a damaged one, for images of several sizes, and for more than may be held at once.
        """
        if self.several_sizes:
            raise self._apart()
        size = "×".join(map(str, self.shape))
        check_size(len(rows) * math.prod(self.shape), f"{len(rows)} images of {self.root}, {size} each,", DataError)
        x = np.empty((len(rows), *self.shape), np.uint8)

        def put(place: int) -> None:
            x[place] = self._decoded_one(int(rows[place]))

        in_threads(put, range(len(rows)))
        return x

    def parts(self, rows: IndexArray, most: int) -> Iterator[tuple[IndexArray, Array]]:
        """Decode the images of these rows in parts of one size each: their places in ``rows``, and uint8 [n, C, H, W].

        A part has ``most`` images and AT_ONCE pixels at most, or is one image; there are no more pixels than that in
        memory at a time. Images of several sizes come sorted by size. Raises DataError for a damaged one.
        """
        sizes = np.array([self._size(row) for row in rows]).reshape(-1, 2)
        order = np.lexsort(sizes.T) if self.several_sizes else np.arange(len(rows))
        for places in _windows(order, sizes.prod(axis=1), most):
            images = self._decoded(rows[places])
            starts = [i for i in range(1, len(images)) if images[i].shape != images[i - 1].shape]
            for start, stop in zip([0, *starts], [*starts, len(images)], strict=True):
                yield places[start:stop], np.stack(images[start:stop])

    def sized(self, sizing: Sizing) -> str:
        """How to name the folder so that its images are read at a size."""
        return readable(sized_reference(str(self.root), sizing))

    def _size(self, row: int) -> tuple[int, int]:
        return (self.sizing.height, self.sizing.width) if self.sizing else self.own_sizes[row]

    def _decoded(self, rows: IndexArray) -> list[Array]:
        """The images of these rows, each [C, H, W] of its size."""
        return in_threads(self._decoded_one, [int(row) for row in rows])

    def _decoded_one(self, row: int) -> Array:
        image = read_image(self.paths[row])
        if image.shape[1:] != self.own_sizes[row]:
            found, said = ("×".join(map(str, each)) for each in (image.shape[1:], self.own_sizes[row]))
            raise DataError(
                f"The image {self.paths[row]} has {found} pixels (height × width), but its header says {said}.",
                "It may be damaged: replace or remove it.",
            )
        if self.sizing:
            image = self.sizing.apply(image)
        return np.broadcast_to(image, (self.shape[0], *image.shape[1:]))

    def _apart(self) -> DataError:
        areas = [height * width for height, width in self.own_sizes]
        ends = [areas.index(min(areas)), areas.index(max(areas))]
        if areas[ends[0]] == areas[ends[1]]:
            ends[1] = next(i for i, size in enumerate(self.own_sizes) if size != self.own_sizes[0])
        smallest, largest = (f"{self.own_sizes[i][0]}×{self.own_sizes[i][1]} ({self.paths[i]})" for i in ends)
        return DataError(
            f"{self.root} has images of {len(set(self.own_sizes))} sizes (height × width), from {smallest} to "
            f"{largest}, and one size is needed.",
            f"Write '{self.sized(suggested(self.own_sizes))}' (or fit=pad, or fit=stretch).",
        )

    def _enlarged(self) -> tuple[str, ...]:
        sizing = self.sizing
        small = sum(sizing.enlarges(*size) for size in self.own_sizes) if sizing else 0
        if sizing is None or not small:
            return ()
        return (f"{small} of {len(self.paths)} images are enlarged to {sizing.height}×{sizing.width}",)


def in_threads(work: Callable[..., T], items: Sequence[Path] | Sequence[int]) -> list[T]:
    """Decoding and hashing leave Python's lock, so that the cores share them; each holds an image in memory."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, THREADS)) as pool:
        return list(pool.map(work, items))


def _windows(order: IndexArray, pixels: IndexArray, most: int) -> Iterator[IndexArray]:
    """Consecutive pieces of ``order`` with ``most`` images and AT_ONCE pixels each at most, or of one image."""
    start, held = 0, 0
    for i, place in enumerate(order):
        if i > start and (i - start == most or held + pixels[place] > AT_ONCE):
            yield order[start:i]
            start, held = i, 0
        held += int(pixels[place])
    if start < len(order):
        yield order[start:]


def _first_frames(moving: Sequence[Path], n: int) -> tuple[str, ...]:
    if not moving:
        return ()
    return (readable(f"{len(moving)} of {n} images have several frames, the first of which is used: {moving[0]}"),)
