"""Feature statistics in npz files: ganzoo's own, which can be merged and gone on with, and those of other tools.

Every tool writes ``mu`` [d] and ``sigma`` [d, d] (pytorch-fid, clean-fid, ADM, EDM, …); ganzoo adds ``n``, the sums of
one pass under ``sums/`` and where they come from. Nothing is ever unpickled.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ganzoo._version import __version__
from ganzoo.errors import DataError, ScoreError
from ganzoo.files import write_bytes
from ganzoo.metrics.moments import Moments, checked_moments
from ganzoo.metrics.scatter import whole
from ganzoo.metrics.sums import FeatureSums

if TYPE_CHECKING:
    from ganzoo.data.archive import Archive
    from ganzoo.types import Array, FloatArray, IndexArray

FORMAT = 1
_SUMS = "sums/"
_UNUSED: dict[str, Array] = {"classes": np.array(0), "kept_labels": np.empty(0, np.int64)}
"""Part of format 1: an older ganzoo cannot read sums without."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where statistics come from: the JSON text under ``provenance``."""

    format: int
    extractor: str
    extractor_sha256: str
    source: str
    ganzoo: str = __version__


@dataclass(frozen=True)
class SavedStatistics:
    """What a file of statistics holds."""

    name: str
    """Of the file."""
    moments: Moments
    """``moments.n`` is None in files of most other tools."""
    sums: FeatureSums | None = None
    """What can be added to; None exactly where n is not known."""
    extractor: str | None = None
    """None where the file does not say, like all of other tools."""
    extractor_sha256: str | None = None
    source: str | None = None
    """What the features were taken of."""


@dataclass(frozen=True)
class SavedFeatures:
    """Features that some extractor gave."""

    features: FloatArray
    """[n, d], in the precision of the file."""
    logits: FloatArray | None = None
    """[n, k]"""
    labels: IndexArray | None = None
    """int64 [n]"""


def save_statistics(path: Path, sums: FeatureSums, *, extractor: str, extractor_sha256: str, source: str) -> None:
    """Write sums of two rows or more as npz, whole or not at all; the same sums give the same bytes.

    ``mu`` and ``sigma`` (float64, over n − 1) are where all tools look. Raises ScoreError for fewer than two rows,
    StoreError where the file cannot be written.
    """
    fit = sums.moments()
    origin = Provenance(format=FORMAT, extractor=extractor, extractor_sha256=extractor_sha256, source=source)
    arrays = {"mu": fit.mean, "sigma": fit.covariance, "n": np.array(fit.n)}
    arrays["provenance"] = np.array(msgspec.json.encode(origin).decode())
    # These two are sigma and n in other words.
    rest = {name: array for name, array in sums.arrays().items() if name not in ("feature_n", "feature_scatter")}
    arrays |= {_SUMS + name: array for name, array in (_UNUSED | rest).items()}
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_bytes(path, content.getvalue())


def read_statistics(archive: Archive) -> SavedStatistics:
    """Read ganzoo's statistics, or any npz with ``mu`` and ``sigma``; other arrays of such a file are passed over.

    Raises DataError, naming file and key, for one that is damaged or cannot be what it says.
    """
    path = archive.path
    mu, sigma = _numbers(archive, "mu", 1), _numbers(archive, "sigma", 2)
    try:
        n = whole({"n": archive.read("n")}, "n") if "n" in archive.keys else None
        fit = checked_moments(Moments(mu, sigma, n), "'mu' and 'sigma'")
        origin = _provenance(archive)
        sums = None if n is None else FeatureSums.from_arrays(_sum_arrays(archive, fit, n))
    except ScoreError as error:
        raise DataError(f"{path}: {error.message}") from error
    except KeyError as error:
        raise DataError(f"{path} has no '{_SUMS}{error.args[0]}', which belongs to its sums.") from error
    if sums is not None and not np.allclose(sums.moments().mean, fit.mean):
        raise DataError(f"'mu' of {path} is not the mean of its own sums.")
    if origin is None:
        return SavedStatistics(str(path), fit, sums)
    return SavedStatistics(str(path), fit, sums, origin.extractor, origin.extractor_sha256, origin.source)


def merge_statistics(saved: Iterable[SavedStatistics]) -> SavedStatistics:
    """Return the statistics of all rows behind files of one extractor; an iterator needs no more than two in memory.

    Raises ScoreError for no files, different extractors, and files without n.
    """
    files = iter(saved)
    first = next(files, None)
    if first is None:
        raise ScoreError("There are no statistics to merge.")
    total = FeatureSums.from_arrays(_sums_of(first).arrays())
    sources = [first.source or first.name]
    for other in files:
        sums = _sums_of(other)
        if (first.extractor, first.extractor_sha256) != (other.extractor, other.extractor_sha256):
            raise ScoreError(
                f"{first.name} holds features of {_extractor(first)}, but {other.name} of {_extractor(other)}: "
                "they cannot be merged."
            )
        try:
            total.merge(sums)
        except ScoreError as error:
            raise ScoreError(f"{first.name} and {other.name}: {error.message}") from error
        sources.append(other.source or other.name)
    joined = ", ".join(sources)
    return SavedStatistics(first.name, total.moments(), total, first.extractor, first.extractor_sha256, joined)


def _sums_of(saved: SavedStatistics) -> FeatureSums:
    if saved.sums is None:
        raise ScoreError(f"{saved.name} has no n: it cannot be merged.")
    return saved.sums


def _extractor(saved: SavedStatistics) -> str:
    if saved.extractor is None:
        return "an extractor that it does not name"
    return f"'{saved.extractor}' ({(saved.extractor_sha256 or '')[:12]})"


def read_features(archive: Archive) -> SavedFeatures:
    """Read ``features`` [n, d] and, where there are, ``logits`` [n, k] and ``labels`` [n] of an npz file.

    Raises DataError, naming file and key, where one is missing, damaged or does not fit the others.
    """
    path = archive.path
    features = _numbers(archive, "features", 2)
    if len(features) == 0:
        raise DataError(f"'features' of {path} has no rows.")
    logits = _numbers(archive, "logits", 2) if "logits" in archive.keys else None
    labels = archive.read("labels") if "labels" in archive.keys else None
    if logits is not None and len(logits) != len(features):
        raise DataError(f"'logits' of {path} has {len(logits)} rows, but 'features' has {len(features)}.")
    if labels is not None and (labels.shape != (len(features),) or labels.dtype.kind not in "iu" or labels.min() < 0):
        raise DataError(
            f"'labels' of {path} is {labels.dtype}{labels.shape}, where {len(features)} integers from 0 are needed."
        )
    return SavedFeatures(features, logits, None if labels is None else labels.astype(np.int64))


def _sum_arrays(archive: Archive, fit: Moments, n: int) -> dict[str, Array]:
    """Return what FeatureSums are made of again; those of a file with n alone give its distance without an error."""
    spread: dict[str, Array] = {"feature_n": np.array(n), "feature_scatter": fit.covariance * (n - 1)}
    stored = {key.removeprefix(_SUMS): archive.read(key) for key in sorted(archive.keys) if key.startswith(_SUMS)}
    if stored:
        return {**stored, **spread}
    width = len(fit.mean)
    bare: dict[str, Array] = {
        "kept_limit": np.array(0),
        "kept_rows": np.empty((0, width), np.float32),
        "shift": fit.mean,
        "feature_mean": np.zeros(width),
    }
    return {**bare, **spread}


def _provenance(archive: Archive) -> Provenance | None:
    if "provenance" not in archive.keys:
        return None
    text = archive.read("provenance")
    try:
        origin = msgspec.json.decode(str(text), type=Provenance)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors, and so is text that is no UTF-8
        raise DataError(f"'provenance' of {archive.path} is not what ganzoo writes: {error}.") from error
    if origin.format > FORMAT:
        raise DataError(
            f"{archive.path} was written by ganzoo {origin.ganzoo} in a format that this version does not know.",
            "Update ganzoo.",
        )
    return origin


def _numbers(archive: Archive, key: str, dimensions: int) -> Array:
    """Return one array of finite floating numbers with so many dimensions, none of them empty but the rows."""
    array: Array = archive.read(key)
    if array.dtype.kind != "f" or array.ndim != dimensions or array.shape[-1] == 0:
        wanted = "[d]" if dimensions == 1 else "[n, d]"
        raise DataError(f"'{key}' of {archive.path} is {array.dtype}{array.shape}, where floating {wanted} is needed.")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1))[0])
        raise DataError(f"'{key}' of {archive.path} holds NaN or infinite values, first in row {row}.")
    return array
