"""The real side of a score: a dataset's split, or any other source, as reference features; cached between runs.

What is cached is found by content: digest of the data, hash of the extractor. A changed file or weight is another key.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ganzoo.data.base import scale
from ganzoo.files import cache_root, write_bytes
from ganzoo.generator.engine import BATCH
from ganzoo.labels import places, set_of
from ganzoo.latents import generator
from ganzoo.metrics import Reference
from ganzoo.metrics.fid import Target, target, target_of
from ganzoo.options import content_hash
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.samples import Selection

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset, Split
    from ganzoo.extractors.base import Extractor
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import Array, DataSpec, FloatArray

FORMAT = 2
PURPOSE = "reference"
"""Of the order in which its rows are looked at."""
WORTH_CACHING = 1.0
"""Seconds of work from which a result is cached on disk."""
WIDE = 512
"""Feature width from which the factor of the covariance is cached, too."""


class RealSide(Protocol):
    """What samples are compared with."""

    @property
    def name(self) -> str:
        """As shown in the score."""

    @property
    def digest(self) -> str:
        """Identifies the content."""

    @property
    def split(self) -> str:
        """Which part of it."""

    @property
    def spec(self) -> DataSpec | None:
        """The form samples must have; None where only their features are known."""

    @property
    def n_real(self) -> int:
        """Samples behind the reference; 0 where statistics do not say."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen when it was read, where there was a choice."""

    @property
    def source(self) -> SampleSource | None:
        """Where samples of any kind are the reference; None for a dataset."""

    @property
    def heldout(self) -> Split | None:
        """Real samples that are not compared with; None where there is no such split."""

    def build(self, extractor: Extractor, progress: Progress = silent) -> Reference:
        """Compute the reference, or find it."""

    def training_samples(self, rows: Sequence[int]) -> FloatArray:
        """Samples behind rows of ``Reference.train``, in the generator's range."""


@dataclass(frozen=True)
class DatasetSide:
    """``n_real`` samples (0: all) of one split of a dataset, in a seeded random order."""

    dataset: Dataset
    split: str = "train"
    wanted: int = 0
    seed: int = 0
    source: None = None

    @property
    def name(self) -> str:
        """Of the dataset."""
        return self.dataset.spec.name

    @property
    def digest(self) -> str:
        """Of the dataset."""
        return self.dataset.digest

    @property
    def spec(self) -> DataSpec:
        """Of the dataset."""
        return self.dataset.spec

    @property
    def n_real(self) -> int:
        """Samples that were chosen of the split."""
        return len(self._rows)

    @property
    def notes(self) -> tuple[str, ...]:
        """Of the dataset."""
        return self.dataset.notes

    @property
    def heldout(self) -> Split:
        """Of the dataset."""
        return self.dataset.heldout

    @cached_property
    def _rows(self) -> Array:
        return subset(len(self._chosen), self.wanted, self.seed)

    @property
    def _chosen(self) -> Split:
        return self.dataset.train if self.split == "train" else self.dataset.heldout

    def build(self, extractor: Extractor, progress: Progress = silent) -> Reference:
        """Features of both splits, as memorisation looks at the training set."""
        dataset = self.dataset
        train = self._features("train", dataset.train, extractor, progress)
        heldout = self._features("heldout", dataset.heldout, extractor, progress) if len(dataset.heldout) else train[:0]
        chosen = train if self._chosen is dataset.train else heldout
        reference = Reference(
            real=chosen[self._rows],
            train=train,
            heldout=heldout,
            labels=None if self._chosen.y is None else self._chosen.y[self._rows],
            train_labels=dataset.train.y,
            heldout_labels=dataset.heldout.y if len(dataset.heldout) else None,
            classes=dataset.spec.classes,
            class_names=dataset.class_names or tuple(str(label) for label in range(dataset.spec.classes)),
            centres=dataset.mixture.centres if dataset.mixture else None,
            std=dataset.mixture.std if dataset.mixture else 0.0,
        )
        return _with_target(reference, [self.digest, self.split, str(self.wanted), str(self.seed), extractor.sha256])

    def training_samples(self, rows: Sequence[int]) -> FloatArray:
        """Samples of the training split, in the generator's range."""
        return scale(self.spec.kind, self.dataset.train.x[list(rows)])

    def _features(self, name: str, split: Split, extractor: Extractor, progress: Progress) -> Array:
        def compute() -> dict[str, Array]:
            parts = []
            for start in range(0, len(split), BATCH):
                parts.append(extractor.extract(scale(split.spec.kind, split.x[start : start + BATCH])).features)
                progress(f"{self.name} ({name})", min(start + BATCH, len(split)), len(split))
            return {"features": np.concatenate(parts)}

        return cached(["features", self.digest, name, extractor.sha256], compute)["features"]


@dataclass(frozen=True)
class SourceSide:
    """Any source as the reference: its samples count as training samples, and nothing is held out."""

    source: SampleSource
    wanted: int
    """Samples drawn from a generator, or at most taken from a folder or npz."""
    seed: int = 0
    file_order: bool = False
    """As in ``Selection``."""
    spec: None = None
    """Samples of any form are compared: an extractor makes them alike, or refuses."""
    heldout: None = None

    @property
    def name(self) -> str:
        """Of the file or folder."""
        return self.source.name

    @property
    def digest(self) -> str:
        """Of its content."""
        return self.source.digest

    @property
    def split(self) -> str:
        """Statistics have no rows to choose from."""
        return "all" if self.source.statistics is None else "statistics"

    @property
    def n_real(self) -> int:
        """Samples that are drawn or taken; of statistics, how many they were made of."""
        return self.source.size(self.wanted)

    @property
    def notes(self) -> tuple[str, ...]:
        """Of the source."""
        return self.source.notes

    @property
    def _selection(self) -> Selection:
        return Selection(self.wanted, self.seed, PURPOSE, self.file_order)

    def build(self, extractor: Extractor, progress: Progress = silent) -> Reference:
        """The source's features; of statistics only the Gaussian fit is known."""
        if self.source.statistics is not None:
            fit = self.source.statistics.moments
            empty = np.empty((0, len(fit.mean)))
            return Reference(real=empty, train=empty, heldout=empty, memo={"fid": target_of(fit)})
        drawn = self.source.features(extractor, self._selection, progress)
        features = drawn.extracted.features
        reference = Reference(real=features, train=features, heldout=features[:0])
        if drawn.labels is not None:
            every = drawn.labels if self.source.labels is None else self.source.labels
            names = set_of(every, drawn.class_names)
            labels = places(drawn.labels, drawn.class_names, names, self.name, self.name)
            reference = replace(reference, labels=labels, classes=len(names), class_names=names)
        return _with_target(reference, [self.digest, str(self.wanted), str(self.seed), extractor.sha256])

    def training_samples(self, rows: Sequence[int]) -> FloatArray:
        """Samples of the source, in the generator's range."""
        return self.source.rows(rows, self._selection)


def subset(n: int, wanted: int, seed: int) -> Array:
    """``wanted`` row numbers of ``n`` (all, where 0 or too many) in a seeded random order."""
    order = generator(seed, "reference subset").permutation(n)
    return order[: wanted or n]


def _with_target(reference: Reference, key: list[str]) -> Reference:
    """Cache the factor of a wide reference's covariance, which costs more than everything that uses it."""
    if reference.real.shape[1] < WIDE or len(reference.real) < WIDE:
        return reference

    def compute() -> dict[str, Array]:
        made = target(reference.real)
        return {"mean": made.mean, "factor": made.factor, "trace": np.array([made.trace])}

    arrays = cached(["target", *key], compute)
    mean, factor = (arrays[name].astype(np.float64, copy=False) for name in ("mean", "factor"))
    reference.memo["fid"] = Target(mean, np.asfortranarray(factor), float(arrays["trace"][0]), len(reference.real))
    return reference


def cached(key: list[str], compute: Callable[[], dict[str, Array]]) -> dict[str, Array]:
    """Return what is cached under ``key``, or compute it and cache it if that took more than a second.

    Numbers that float32 holds (features of networks) are stored as such; nothing is rounded.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file, save

    path = cache_root() / "references" / f"{content_hash([FORMAT, *key])}.safetensors"
    if path.is_file():
        try:
            found: dict[str, Array] = load_file(path)
            return found
        except (SafetensorError, OSError):
            path.unlink(missing_ok=True)  # damaged: made anew below
    before = time.perf_counter()
    arrays = compute()
    if time.perf_counter() - before > WORTH_CACHING:
        _store(path, save({name: _narrow(value) for name, value in arrays.items()}))
    return arrays


def _narrow(value: Array) -> Array:
    narrow = value.astype(np.float32)
    return narrow if np.array_equal(narrow, value) else np.ascontiguousarray(value)


def _store(path: Path, content: bytes) -> None:
    from ganzoo.errors import StoreError

    try:
        write_bytes(path, content)
    except StoreError:
        return  # a full or read-only disk costs time, not the score
