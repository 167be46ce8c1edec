"""Pairs of images: outputs beside their targets, or samples of one set beside each other.

How alike they are says how good outputs are that have a target, and how varied a set is (Odena et al. 2017,
"Conditional Image Synthesis with Auxiliary Classifier GANs", section 4.2).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ganzoo.data.base import quantise, scale
from ganzoo.errors import ScoreError
from ganzoo.escaping import csv_cell
from ganzoo.extractors.base import OnnxExtractor
from ganzoo.extractors.taps import Taps
from ganzoo.latents import generator
from ganzoo.metrics.similarity import ms_ssim, psnr, scales_of, ssim
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.samples import SampleSource, Selection
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.types import Array, IndexArray

AT_ONCE = 64
"""Pairs in memory at a time."""
PERCEPTUAL = "perceptual"


class Likeness(msgspec.Struct, frozen=True, kw_only=True):
    """What pairs of images have in common."""

    estimates: dict[str, Estimate]
    """Means over the pairs with standard errors: ``psnr`` in dB, ``ssim``, ``ms_ssim``, ``perceptual``."""
    extractor: str
    """Of ``perceptual``; "" where there is none."""
    n: int
    """Pairs."""
    notes: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    values: dict[str, list[float]]
    """Of each pair."""

    def table(self) -> str:
        """A CSV with one line a pair."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("first", "second", *self.values))
        for i, pair in enumerate(self.pairs):
            writer.writerow((*map(csv_cell, pair), *(f"{values[i]:.6g}" for values in self.values.values())))
        return text.getvalue()


@dataclass(frozen=True)
class _Images:
    """A source's images in the order of its file, or of its seed."""

    source: SampleSource
    selection: Selection
    names: Sequence[str]

    @classmethod
    def of(cls, source: SampleSource, n: int, seed: int) -> _Images:
        """``n`` of a generator's, all of anything else. Raises ScoreError where there are none."""
        if source.form is None or source.form.kind != "image":
            raise ScoreError(f"Pairs are of images, and {source.name} holds none.")
        if 0 in source.form.shape:
            raise ScoreError(
                f"Pairs are of images of one size, and {source.name} has several.", f"Write '{source.sized(64, 64)}'."
            )
        selection = Selection(source.length or n, seed, file_order=True)
        return cls(source, selection, source.names(selection))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one image."""
        return self.source.form.shape if self.source.form else ()

    def take(self, rows: IndexArray) -> Array:
        """Bytes [n, C, H, W] of these images."""
        x: Array = quantise(self.source.rows(rows.tolist(), self.selection))
        return x

    @property
    def labels(self) -> Array | None:
        """Of files with classes, and of generators that are asked for them."""
        model = self.source.generator
        if model is None:
            return self.source.labels
        return model.inputs(self.selection.n, self.selection.seed).get("y")


def likeness(
    first: SampleSource,
    second: SampleSource,
    extractor: ExtractorSource,
    *,
    n: int,
    seed: int = 0,
    device: str = "auto",
    threads: int = 1,
    progress: Progress = silent,
) -> Likeness:
    """Compare image i of one source with image i of the other: of folders that hold the same names, by name.

    ``n`` and ``seed`` are for generators. Raises ScoreError where there are not equally many of one form.
    """
    one, other = _Images.of(first, n, seed), _Images.of(second, n, seed)
    if one.shape != other.shape:
        raise ScoreError(
            f"Pairs are images of one form, but {first.name} has {_times(one.shape)} and {second.name} "
            f"{_times(other.shape)}."
        )
    if len(one.names) != len(other.names):
        counts = f"{first.name} has {len(one.names)} images and {second.name} {len(other.names)}"
        raise ScoreError(f"Every image needs its other one, but {counts}.", "Give both sides equally many.")
    order, note = _partners(one.names, other.names)
    found = _compared(one, np.arange(len(order)), other, order, extractor, device, threads, progress)
    equal = int(np.isinf(found.values["psnr"]).sum())
    alike = (
        (f"{equal} of {found.n} pairs are equal: their PSNR is infinite, and left out of the mean",) if equal else ()
    )
    clipped = (*first.clipped, *second.clipped)
    return msgspec.structs.replace(found, notes=(*first.notes, *second.notes, *clipped, note, *alike, *found.notes))


def diversity(
    source: SampleSource,
    extractor: ExtractorSource,
    *,
    n: int,
    seed: int = 0,
    device: str = "auto",
    threads: int = 1,
    progress: Progress = silent,
) -> Likeness:
    """Compare up to ``n`` pairs of images of one source, of one class where there are classes; none is in two pairs.

    So pairs are independent, and the errors of their means are those of independent pairs. A varied set has a low
    ``ms_ssim`` and a high ``perceptual``. Raises ScoreError where there is no pair.
    """
    images = _Images.of(source, 2 * n, seed)
    labels = images.labels
    pairs = _disjoint(labels if labels is not None else np.zeros(len(images.names), np.int64), n, seed)
    if not len(pairs):
        raise ScoreError(f"{source.name} holds no two images to compare.")
    note = "pairs of one class" if labels is not None else "pairs of any two"
    found = _compared(images, pairs[:, 0], images, pairs[:, 1], extractor, device, threads, progress)
    kept = [name for name in ("ms_ssim", PERCEPTUAL) if name in found.values]
    return msgspec.structs.replace(
        found,
        estimates={name: found.estimates[name] for name in kept},
        values={name: found.values[name] for name in kept},
        notes=(*source.notes, *source.clipped, note, *found.notes),
    )


def _partners(names: Sequence[str], others: Sequence[str]) -> tuple[IndexArray, str]:
    """Which of the others goes with each, and by what."""
    place = {name: i for i, name in enumerate(others)}
    if any(not name.isdecimal() for name in names) and place.keys() == set(names):
        return np.array([place[name] for name in names], np.int64), "paired by the names of the files"
    return np.arange(len(names)), "paired by their order"


def _disjoint(labels: Array, n: int, seed: int) -> IndexArray:
    """Up to n pairs [p, 2] of rows with equal labels, no row twice, in a random order."""
    rng = generator(seed, "pairs")
    found = []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        found.append(rows[: len(rows) // 2 * 2].reshape(-1, 2))
    pairs: IndexArray = rng.permutation(np.concatenate(found))[:n] if found else np.empty((0, 2), np.int64)
    return pairs


def _compared(
    one: _Images,
    rows: IndexArray,
    other: _Images,
    partners: IndexArray,
    extractor: ExtractorSource,
    device: str,
    threads: int,
    progress: Progress,
) -> Likeness:
    taps, notes = _taps(extractor, one.shape, device, threads)
    parts: dict[str, list[Array]] = {}
    for start in range(0, len(rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        x, y = one.take(rows[part]), other.take(partners[part])
        found = {"psnr": psnr(x, y), "ssim": ssim(x, y), "ms_ssim": ms_ssim(x, y)}
        if taps is not None:
            found[PERCEPTUAL] = taps.distance(scale("image", x), scale("image", y))
        for name, each in found.items():
            parts.setdefault(name, []).append(each)
        progress("comparing", min(start + AT_ONCE, len(rows)), len(rows))
    values = {name: np.concatenate(several) for name, several in parts.items()}
    if (count := scales_of(*one.shape[1:])) < 5:
        notes = (*notes, f"ms_ssim: {count} of five scales hold a window in {_times(one.shape[1:])} pixels")
    pairs = tuple((one.names[i], other.names[j]) for i, j in zip(rows, partners, strict=True))
    return Likeness(
        estimates={name: _mean(those) for name, those in values.items() if np.isfinite(those).any()},
        extractor=extractor.name if taps is not None else "",
        n=len(rows),
        notes=notes,
        pairs=pairs,
        values={name: those.tolist() for name, those in values.items()},
    )


def _taps(
    extractor: ExtractorSource, shape: tuple[int, ...], device: str, threads: int
) -> tuple[Taps | None, tuple[str, ...]]:
    """The layers to compare, or why there are none."""
    opened = extractor.open(device, threads)  # makes or misses the file
    if extractor.file is None or not isinstance(opened, OnnxExtractor):
        return None, (f"perceptual: left out, the extractor '{extractor.name}' has no file of a network",)
    opened.check_shape((1, *shape))
    try:
        return Taps(extractor.file, extractor.tap, shape, device=device, threads=threads), ()
    except ScoreError as error:
        return None, (f"perceptual: left out. {error.message}".rstrip("."),)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _mean(values: Array) -> Estimate:
    finite = values[np.isfinite(values)]
    se = float(finite.std(ddof=1)) / len(finite) ** 0.5 if len(finite) > 1 else None
    return Estimate(float(finite.mean()), se, len(finite))
