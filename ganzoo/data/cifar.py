"""CIFAR-10 (Krizhevsky 2009) in either of its published forms, with identical results; nothing is unpickled."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data import files
from ganzoo.data.base import Dataset, Split
from ganzoo.data.mnist import check_labels
from ganzoo.data.plain_pickle import read_plain_pickle
from ganzoo.data.published import CifarSet
from ganzoo.errors import DataError
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.types import Array, IndexArray

_PIXELS = 3 * 32 * 32
_SLACK = 200
"""Bytes for each image's file name in the Python form, where a pixel may take two bytes (protocol 2 of Python 3)."""
_HINT = "Put the published file in its place."


def load_cifar(published: CifarSet, data_dir: Path | None) -> Dataset:
    """50,000 training and 10,000 held-out images as published: uint8 [N, 3, 32, 32], labels int64 [N].

    Looked for in this order in each folder: the extracted folders, then the archives, the binary form first. The
    batches of the Python form are held to their published md5. Of the binary form only the archive's md5 is known: a
    download is held to it, and batches found locally are accepted when their structure is exactly right (sizes, labels,
    class balance). The dataset's digest tells different contents apart. Raises DataError.
    """
    path = _find(published, data_dir)
    batches = _read_batches(published, path)
    names = (*published.train, published.test)
    parsed = [_parse(published, path, name, batches[name]) for name in names]
    spec = DataSpec(name=published.name, kind="image", shape=(3, 32, 32), classes=len(published.class_names))
    train = (np.concatenate([x for x, _ in parsed[:-1]]), np.concatenate([y for _, y in parsed[:-1]]))
    for _, y in (train, parsed[-1]):
        check_labels(y, spec.classes, str(path), balanced=True)
    return Dataset(spec, Split(spec, *train), Split(spec, *parsed[-1]), published.class_names)


def _find(published: CifarSet, data_dir: Path | None) -> Path:
    names = (
        published.binary_folder,
        published.python_folder,
        published.binary_archive,
        published.python_archive,
    )
    folders = files.search_folders(data_dir, (published.name,))
    for folder in folders:
        if any((folder / name).exists() for name in (published.test, f"{published.test}.bin")):
            return folder
    archive, md5 = published.binary_archive, published.binary_archive_md5
    return files.find(names, folders) or files.download(archive, md5, published.mirrors, published.name, [archive])


def _read_batches(published: CifarSet, path: Path) -> dict[str, bytes]:
    """Content of every batch by its name without ``.bin``."""
    wanted = (*published.train, published.test)
    limit = published.rows * (2 * _PIXELS + _SLACK) + 10_000
    found = _read_folder(path, wanted, limit) if path.is_dir() else _read_archive(path, wanted, limit)
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(
            f"{path} lacks the batch {missing[0]} of {published.name}.", "Put the whole published set there."
        )
    return found


def _read_folder(path: Path, wanted: tuple[str, ...], limit: int) -> dict[str, bytes]:
    suffix = ".bin" if (path / f"{wanted[0]}.bin").exists() else ""
    paths = {name: path / f"{name}{suffix}" for name in wanted}
    return {name: files.read_file(file, limit) for name, file in paths.items() if file.exists()}


def _read_archive(path: Path, wanted: tuple[str, ...], limit: int) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    most = 2 * limit * len(wanted)  # of the whole archive, however much there is beside the batches
    try:
        with files.unpacked(path, most) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for member in archive:
                name = Path(member.name).name.removesuffix(".bin")
                batch = (
                    archive.extractfile(member) if name in wanted and member.isfile() and member.size <= limit else None
                )
                if batch is not None:
                    found[name] = batch.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"The archive {path} cannot be read ({type(error).__name__}: {error}).",
            "It may be damaged or cut short: delete it or put a good copy in its place.",
        ) from error
    return found


def _parse(published: CifarSet, path: Path, name: str, content: bytes) -> tuple[Array, IndexArray]:
    where = f"{path}/{name}"
    if len(content) == published.rows * (_PIXELS + 1):
        return parse_binary(content)
    if not content.startswith(b"\x80"):
        raise DataError(f"The file {where} is no batch of {published.name}: {len(content)} bytes.", _HINT)
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    expected = published.python_md5.get(name, found)
    if found != expected:
        raise DataError(
            f"The content of {where} is not {name} of {published.name}: its md5 begins with {found[:12]}, "
            f"not {expected[:12]}.",
            _HINT,
        )
    return parse_python(content, published.rows, where)


def parse_binary(content: bytes) -> tuple[Array, IndexArray]:
    """Images uint8 [N, 3, 32, 32] and labels int64 [N] of a binary batch: one label byte before each image's 3072."""
    rows = np.frombuffer(content, np.uint8).reshape(-1, 1 + _PIXELS)
    return rows[:, 1:].reshape(-1, 3, 32, 32).copy(), rows[:, 0].astype(np.int64)


def parse_python(content: bytes, rows: int, name: str) -> tuple[Array, IndexArray]:
    """Images uint8 [N, 3, 32, 32] and labels int64 [N] of a Python batch, read without unpickling.

    Raises DataError where ``data`` is not uint8 [rows, 3072] or ``labels`` not ``rows`` integers from 0 to 9.
    """
    batch = read_plain_pickle(content, name)
    data, labels = batch.get("data"), batch.get("labels")
    if not isinstance(data, np.ndarray) or data.shape != (rows, _PIXELS):
        shape = data.shape if isinstance(data, np.ndarray) else "nothing"
        raise DataError(f"The batch {name} must hold 'data' of shape ({rows}, {_PIXELS}), but has {shape}.", _HINT)
    if (
        not isinstance(labels, list)
        or len(labels) != rows
        or not all(type(label) is int and 0 <= label < 10 for label in labels)
    ):
        raise DataError(f"The batch {name} must hold 'labels', {rows} integers from 0 to 9, but does not.", _HINT)
    return data.reshape(-1, 3, 32, 32).copy(), np.array(labels, np.int64)
