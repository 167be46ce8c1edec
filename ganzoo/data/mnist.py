"""MNIST and the sets published in its form: four IDX files."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data import files
from ganzoo.data.base import Dataset, Split
from ganzoo.data.idx import parse_idx
from ganzoo.data.published import KNOWN_CONTENT, IdxFile, IdxSet
from ganzoo.errors import DataError
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from pathlib import Path

    from ganzoo.types import Array


def load_idx_set(published: IdxSet, data_dir: Path | None) -> Dataset:
    """Train and held-out as published: images uint8 [N, 1, H, W], labels int64 [N].

    Files may be gzip or plain, named ``train-images-idx3-ubyte`` or ``train-images.idx3-ubyte``, with or without
    ``.gz``. What counts is the content, not the wrapper: where the content's sha256 is known it must match. Where only
    the published archive's md5 is known (Fashion-MNIST), a download is held to that md5; a file found locally is
    accepted when its structure is exactly right (magic, counts, shapes, labels, class balance) and it is no known file
    of a twin set. Either way the dataset's digest tells different contents apart. Raises DataError.
    """
    folders = files.search_folders(data_dir, published.folders)
    arrays = [_read(published, file, folders) for file in published.files]
    _, height, width = published.files[0].shape
    spec = DataSpec(name=published.name, kind="image", shape=(1, height, width), classes=len(published.class_names))
    for labels, file in zip(arrays[1::2], published.files[1::2], strict=True):
        check_labels(labels, len(published.class_names), file.name, balanced=published.balanced)
    train, heldout = (Split(spec, x[:, None], y.astype(np.int64)) for x, y in (arrays[:2], arrays[2:]))
    return Dataset(spec, train, heldout, published.class_names)


def file_names(file: IdxFile) -> tuple[str, ...]:
    """The names under which a file is accepted, the published one first."""
    dotted = ".idx".join(file.name.rsplit("-idx", 1))
    return (f"{file.name}.gz", file.name, f"{dotted}.gz", dotted)


def _read(published: IdxSet, file: IdxFile, folders: list[Path]) -> Array:
    path = files.find(file_names(file), folders)
    if path is None:
        wanted = [f"{each.name}.gz" for each in published.files]
        path = files.download(f"{file.name}.gz", file.md5, published.mirrors, published.name, wanted)
    content = files.read_file(path, 4 + 4 * len(file.shape) + math.prod(file.shape))
    array = parse_idx(content, str(path))
    if array.shape != file.shape:
        raise DataError(
            f"The file {path} has the shape {array.shape}, but {file.name} of {published.name} has {file.shape}.",
            "Put the published file in its place.",
        )
    _check_content(content, path, file, published.name)
    return array


def _check_content(content: bytes, path: Path, file: IdxFile, dataset: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if file.sha256 and found != file.sha256:
        raise DataError(
            f"The content of {path} is not {file.name} of {dataset}: its sha256 begins with {found[:12]}, "
            f"not {file.sha256[:12]}.",
            "Put the published file in its place, or name another folder with --data-dir.",
        )
    if not file.sha256 and found in KNOWN_CONTENT:
        raise DataError(
            f"The file {path} is {KNOWN_CONTENT[found]}, not of {dataset}.",
            f"Keep the files of {dataset} in a folder of their own, named {dataset}, in the data directory.",
        )


def check_labels(labels: Array, classes: int, name: str, *, balanced: bool) -> None:
    """Raise DataError where a label is not below ``classes`` or, if ``balanced``, where the classes' counts differ."""
    counts = np.bincount(labels, minlength=classes)
    if len(counts) > classes:
        raise DataError(
            f"The file {name} has the label {len(counts) - 1}, but labels go from 0 to {classes - 1}.",
            "Put the published file in its place.",
        )
    if balanced and counts.min() != counts.max():
        raise DataError(
            f"The file {name} has between {counts.min()} and {counts.max()} samples of a class, "
            "but the published classes are equally frequent.",
            "Put the published file in its place.",
        )
