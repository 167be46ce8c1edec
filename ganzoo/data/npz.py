"""A user's own arrays from one ``.npz`` file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.archive import Archive, called
from ganzoo.data.base import Dataset, Split
from ganzoo.data.reference import find, safe_name
from ganzoo.data.splits import split_dataset, tenth
from ganzoo.errors import DataError
from ganzoo.files import readable
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.types import Array, IndexArray, Kind

_X = ("x", "images", "x_train", "arr_0")
_Y = ("y", "labels", "y_train")
_DATASET = (*_X, *_Y, "x_test", "y_test")


def load_npz(argument: str, data_dir: Path | None) -> Dataset:
    """Images or points of an ``.npz`` file, from the working directory or else from the data directory.

    An ``.npy`` file is its one array, without labels.

    Keys: ``x`` (or ``images``, ``x_train``, ``arr_0``), optional labels ``y`` (or ``labels``, ``y_train``), optional
    held-out ``x_test`` with ``y_test``; without them a seeded, stratified tenth is held out. Images are uint8:
    [N, C, H, W] or [N, H, W, C] with 1 or 3 channels, or grey [N, H, W]; float images are refused, because their range
    cannot be known.
    Points are floating, finite, [N, d]. Labels are integers from 0; the classes are those that occur, counted in
    ascending order. Nothing is unpickled.
    Raises DataError.
    """
    path = find(argument, data_dir)
    arrays, keys = _read(path)
    x_key, y_key = _sample_key(keys, path), _key(keys, _Y, path)
    kind, x = _samples(arrays[x_key], called(path, x_key))
    labels = None if y_key is None else _labels(arrays[y_key], len(x), called(path, y_key))
    classes, y = (np.empty(0, np.int64), None) if labels is None else np.unique(labels, return_inverse=True)
    names = tuple(str(label) for label in classes)
    spec = DataSpec(name=safe_name("npz", path.stem), kind=kind, shape=x.shape[1:], classes=len(classes))
    notes = choice(readable(path.name), keys, used="samples")
    if "x_test" in arrays:
        return Dataset(spec, Split(spec, x, y), _heldout(arrays, spec, classes, path), names, notes=notes)
    return split_dataset(spec, x, y, tenth(len(x)), names, notes)


def read_samples(archive: Archive) -> tuple[Kind, Array, IndexArray | None]:
    """The kind, all samples of an ``.npz`` or ``.npy`` file in their order, and their labels; no other split."""
    path = archive.path
    x_key, y_key = _sample_key(archive.keys, path), _key(archive.keys, _Y, path)
    kind, x = _samples(archive.read(x_key), called(path, x_key))
    return kind, x, None if y_key is None else _labels(archive.read(y_key), len(x), called(path, y_key))


def holdings(keys: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What a file of these keys holds, in this order: "features", "samples", "statistics", each with its keys."""
    found = {
        "features": tuple(key for key in ("features",) if key in keys),
        "samples": tuple(key for key in _X if key in keys),
        "statistics": ("mu", "sigma") if {"mu", "sigma"} <= set(keys) else (),
    }
    return {what: names for what, names in found.items() if names}


def choice(name: str, keys: Collection[str], used: str) -> tuple[str, ...]:
    """One sentence on a file that holds more than what is ``used`` of it; none on any other."""
    found = holdings(keys)
    if len(found) < 2:
        return ()
    *most, last = (f"{what} ({', '.join(names)})" for what, names in found.items())
    return (f"{name} holds {', '.join(most)} and {last}: the {used} are used",)


def _read(path: Path) -> tuple[dict[str, Array], set[str]]:
    """The arrays of a dataset that the file holds, and all its keys."""
    with Archive(path) as archive:
        return {key: archive.read(key) for key in _DATASET if key in archive.keys}, archive.keys


def _sample_key(keys: Collection[str], path: Path) -> str:
    key = _key(keys, _X, path)
    if key is None:
        found = ", ".join(sorted(keys)) or "none"
        held = " and ".join(holdings(keys))
        hint = f"It holds {held}: name it as a source or reference, not as a dataset." if held else "Save it with x=..."
        raise DataError(f"{path} has none of the keys {', '.join(_X)}; its keys: {found}.", hint)
    return key


def _key(keys: Collection[str], names: tuple[str, ...], path: Path) -> str | None:
    found = [name for name in names if name in keys]
    if len(found) > 1:
        raise DataError(f"{path} has both '{found[0]}' and '{found[1]}', which mean the same.", "Keep one of them.")
    return found[0] if found else None


def _samples(x: Array, what: str) -> tuple[Kind, Array]:
    if x.ndim >= 1 and len(x) == 0:
        raise DataError(f"{what} is empty.", "Give samples.")
    if x.ndim == 2 and np.issubdtype(x.dtype, np.floating):
        return "points", _points(x, what)
    if x.ndim in (3, 4) and x.dtype == np.uint8:
        return "image", _images(x, what)
    if x.ndim in (3, 4):
        raise DataError(
            f"{what} holds images of type {x.dtype}, but images are uint8, 0 to 255.", "Convert them first."
        )
    raise DataError(
        f"{what} has shape {x.shape} and type {x.dtype}.",
        "Images are uint8 [N, C, H, W], [N, H, W, C] or [N, H, W]; points are floating [N, d].",
    )


def _points(x: Array, what: str) -> Array:
    with np.errstate(over="ignore"):
        values = x.astype(np.float32)
    if not np.isfinite(values).all():
        raise DataError(f"{what} has values that are not finite in float32.", "Remove or rescale them.")
    if values.shape[1] == 0:
        raise DataError(f"{what} has points of no dimension.", "Points are floating [N, d], d ≥ 1.")
    return values


def _images(x: Array, what: str) -> Array:
    if x.ndim == 3:
        x = x[:, None]
    elif (x.shape[1] in (1, 3)) == (x.shape[3] in (1, 3)):
        cause = "both" if x.shape[1] in (1, 3) else "neither"
        raise DataError(
            f"{what} has shape {x.shape}, where {cause} of axes 1 and 3 can be the 1 or 3 channels.",
            "Images are uint8 [N, C, H, W] or [N, H, W, C].",
        )
    elif x.shape[3] in (1, 3):
        x = x.transpose(0, 3, 1, 2)
    if 0 in x.shape:
        raise DataError(f"{what} has images of no size: {x.shape}.", "Give images of at least one pixel.")
    return np.ascontiguousarray(x)


def _labels(y: Array, rows: int, what: str) -> IndexArray:
    if y.shape == (rows, 1):
        y = y[:, 0]
    if y.shape != (rows,) or not np.issubdtype(y.dtype, np.integer):
        raise DataError(
            f"{what} has shape {y.shape} and type {y.dtype}, but labels are {rows} integers.",
            "Turn one-hot rows into class numbers with argmax.",
        )
    if len(y) and y.min() < 0:
        raise DataError(
            f"{what} has the label {y.min()} in row {int(y.argmin())}, but labels are 0 or more.",
            "Leave rows without a class out, or give them a class of their own.",
        )
    if y.dtype == np.uint64 and y.max() > np.iinfo(np.int64).max:
        raise DataError(f"{what} has the label {y.max()}, which is no 64-bit integer.", "Renumber the classes.")
    return y.astype(np.int64)


def _heldout(arrays: Mapping[str, Array], spec: DataSpec, classes: IndexArray, path: Path) -> Split:
    kind, x = _samples(arrays["x_test"], f"'x_test' of {path}")
    if (kind, x.shape[1:]) != (spec.kind, spec.shape):
        raise DataError(
            f"'x_test' of {path} holds samples of shape {x.shape[1:]}, but the training samples have {spec.shape}.",
            "Both splits must have the same form.",
        )
    if ("y_test" in arrays) != (spec.classes > 0):
        raise DataError(f"Only one of the two splits of {path} has labels.", "Give both 'y' and 'y_test', or neither.")
    if not spec.classes:
        return Split(spec, x)
    y = _labels(arrays["y_test"], len(x), f"'y_test' of {path}")
    if len(strange := np.setdiff1d(y, classes)):
        raise DataError(
            f"'y_test' of {path} has the label {strange[0]}, which the training samples have not.",
            "Both splits must have the same classes.",
        )
    return Split(spec, x, np.searchsorted(classes, y))
