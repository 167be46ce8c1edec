"""What a dataset holds, for people who want to know before they use it: form, classes, and of a folder every file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ganzoo.data import load
from ganzoo.data.decoding import read_header
from ganzoo.data.folder import ImageFiles, dataset_name, in_threads
from ganzoo.data.listing import list_images
from ganzoo.data.reference import FOLDER, parse_dataset
from ganzoo.data.sizing import suggested
from ganzoo.data.splits import tenth
from ganzoo.errors import DataError
from ganzoo.files import readable
from ganzoo.labels import called
from ganzoo.types import Kind

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset, Source
    from ganzoo.data.listing import Listing
    from ganzoo.data.sizing import Sizing


class File(msgspec.Struct, frozen=True):
    """A file of a folder that is not among its images."""

    path: str
    reason: str


class OwnSize(msgspec.Struct, frozen=True):
    """How many images of a folder have this size as they are."""

    height: int
    width: int
    images: int


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What ``ganzoo data NAME`` shows."""

    reference: str
    """By which it is named, in full."""
    name: str
    kind: Kind
    shape: tuple[int, ...]
    """Of one sample; height and width are 0 where they differ. Empty where files are damaged."""
    samples: int
    heldout: int
    """Those of them that are held out."""
    classes: dict[str, int]
    """Samples of each class, by its name; empty where there are no labels."""
    digest: str = ""
    """Of the content; "" for a folder, whose images are not decoded for this."""
    policy: str = ""
    """How images of a folder become images of one size; "" where they are as they are."""
    sizes: tuple[OwnSize, ...] = ()
    """Of the images of a folder as they are, the smallest first."""
    notes: tuple[str, ...] = ()
    skipped: tuple[File, ...] = ()
    """Files of a folder that are not read."""
    damaged: tuple[File, ...] = ()
    """Images of a folder that cannot be read: as long as there are any, the folder is refused."""


def describe(text: str, known: Mapping[str, Source], data_dir: Path | None = None) -> Description:
    """Say what a dataset holds. Of a folder only headers are read.

    Raises UnknownName, UsageError and DataError like ``ganzoo.data.load``, but for damaged images.
    """
    found = parse_dataset(text, known, data_dir)
    if found.dataset == FOLDER and found.path is not None:
        return _of_folder(found.text, found.path, found.sizing)
    return _of_dataset(found.text, load(text, known, data_dir))


def _of_dataset(reference: str, dataset: Dataset) -> Description:
    spec, splits = dataset.spec, (dataset.train, dataset.heldout)
    names = called(dataset.class_names, spec.classes)
    labels = np.concatenate([split.y for split in splits if split.y is not None]) if spec.classes else np.empty(0, int)
    counts = np.bincount(labels, minlength=spec.classes)
    return Description(
        reference=reference,
        name=spec.name,
        kind=spec.kind,
        shape=spec.shape,
        samples=sum(map(len, splits)),
        heldout=len(dataset.heldout),
        classes={name: int(counts[i]) for i, name in enumerate(names)} if spec.classes else {},
        digest=dataset.digest,
        notes=dataset.notes,
    )


def _of_folder(reference: str, root: Path, sizing: Sizing | None) -> Description:
    listing = list_images(root)
    damaged = tuple(filter(None, in_threads(_damaged, listing.paths)))
    files = None if damaged else ImageFiles(root, sizing)
    counts = Counter(listing.numbers)
    return Description(
        reference=reference,
        name=dataset_name(root, sizing),
        kind="image",
        shape=files.shape if files else (),
        samples=len(listing.paths),
        heldout=tenth(len(listing.paths)),
        classes={name: counts[i] for i, name in enumerate(listing.class_names)},
        policy=sizing.policy if sizing else "",
        sizes=_sizes(files) if files else (),
        notes=_notes(files, listing) if files else listing.deep,
        skipped=tuple(File(readable(str(path)), reason) for path, reason in listing.skipped),
        damaged=damaged,
    )


def _damaged(path: Path) -> File | None:
    try:
        read_header(path)
    except DataError as error:
        cause = error.__cause__
        return File(readable(str(path)), readable(type(cause).__name__ if cause else error.message))
    return None


def _sizes(files: ImageFiles) -> tuple[OwnSize, ...]:
    counts = Counter(files.own_sizes)
    return tuple(OwnSize(*size, counts[size]) for size in sorted(counts, key=lambda size: (size[0] * size[1], size)))


def _notes(files: ImageFiles, listing: Listing) -> tuple[str, ...]:
    """Those of the folder but for what is listed here, and what to write where its images differ in size."""
    notes = tuple(note for note in files.notes if note not in listing.passed_over)
    if not files.several_sizes:
        return notes
    return (
        *notes,
        f"the images have several sizes: to train on them write '{files.sized(suggested(files.own_sizes))}'",
    )
