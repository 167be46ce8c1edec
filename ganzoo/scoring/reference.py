"""The real side of a score: a dataset's split, or any other source, as reference features; cached between runs.

What is cached is found by content: digest of the data, hash of the extractor. A changed file or weight is another key.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import scale
from ganzoo.errors import Damaged, StoreError
from ganzoo.files import cache_root, exists
from ganzoo.generator.engine import BATCH
from ganzoo.labels import called, places, set_of
from ganzoo.latents import generator
from ganzoo.metrics import Reference
from ganzoo.metrics.fid import Target, target, target_of
from ganzoo.options import content_hash
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.samples import Selection
from ganzoo.tensors import read_tensors, write_tensors

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


@dataclass(kw_only=True, eq=False)
class RealSide(ABC):
    """What samples are compared with."""

    name: str
    """As shown in the score."""
    digest: str
    """Identifies the content."""
    split: str
    """Which part of it."""
    n_real: int
    """Samples behind the reference; 0 where statistics do not say."""
    notes: tuple[str, ...] = ()
    """What was chosen when it was read, where there was a choice."""
    spec: DataSpec | None = None
    """The form samples must have; None where an extractor makes any alike, or refuses them."""
    source: SampleSource | None = None
    """Where samples of any kind are the reference; None for a dataset."""
    heldout: Split | None = None
    """Real samples that are not compared with; None where there is no such split."""

    @property
    def form(self) -> DataSpec | None:
        """The form of its own samples; None where only their features are known."""
        return self.source.form if self.source else self.spec

    @abstractmethod
    def build(self, extractor: Extractor, progress: Progress = silent) -> Reference:
        """Compute the reference, or find it."""

    @abstractmethod
    def training_samples(self, rows: Sequence[int]) -> FloatArray:
        """Samples behind rows of ``Reference.train``, in the generator's range."""


class DatasetSide(RealSide):
    """``wanted`` samples (0: all) of one split of a dataset, in a seeded random order."""

    def __init__(self, dataset: Dataset, split: str = "train", wanted: int = 0, seed: int = 0) -> None:
        chosen = dataset.train if split == "train" else dataset.heldout
        rows = subset(len(chosen), wanted, seed)
        super().__init__(
            name=dataset.spec.name,
            digest=dataset.digest,
            split=split,
            n_real=len(rows),
            notes=dataset.notes,
            spec=dataset.spec,
            heldout=dataset.heldout,
        )
        self._dataset, self._chosen, self._rows = dataset, chosen, rows
        self._key = [self.digest, split, str(wanted), str(seed)]

    def build(self, extractor: Extractor, progress: Progress = silent) -> Reference:
        """Features of both splits, as memorisation looks at the training set."""
        dataset = self._dataset
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
            class_names=called(dataset.class_names, dataset.spec.classes),
            centres=dataset.mixture.centres if dataset.mixture else None,
            std=dataset.mixture.std if dataset.mixture else 0.0,
        )
        return _with_target(reference, [*self._key, extractor.sha256])

    def training_samples(self, rows: Sequence[int]) -> FloatArray:
        """Samples of the training split, in the generator's range."""
        return scale(self._dataset.spec.kind, self._dataset.train.x[list(rows)])

    def _features(self, name: str, split: Split, extractor: Extractor, progress: Progress) -> Array:
        def compute() -> dict[str, Array]:
            parts = []
            for start in range(0, len(split), BATCH):
                parts.append(extractor.extract(scale(split.spec.kind, split.x[start : start + BATCH])).features)
                progress(f"{self.name} ({name})", min(start + BATCH, len(split)), len(split))
            return {"features": np.concatenate(parts)}

        return cached(["features", self.digest, name, extractor.sha256], compute)["features"]


class SourceSide(RealSide):
    """Any source as the reference: its samples count as training samples, and nothing is held out.

    ``wanted`` samples are drawn from a generator, or at most taken from a folder or npz.
    """

    source: SampleSource

    def __init__(self, source: SampleSource, wanted: int, seed: int = 0, *, file_order: bool = False) -> None:
        super().__init__(
            name=source.name,
            digest=source.digest,
            split="all" if source.statistics is None else "statistics",
            n_real=source.size(wanted),
            notes=source.notes,
            source=source,
        )
        self._selection = Selection(wanted, seed, PURPOSE, file_order)
        self._key = [self.digest, str(wanted), str(seed)]

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
            theirs = called(drawn.class_names, drawn.classes)
            names = set_of(every, theirs)
            labels = places(drawn.labels, theirs, names, self.name, self.name)
            reference = replace(reference, labels=labels, classes=len(names), class_names=names)
        return _with_target(reference, [*self._key, extractor.sha256])

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
    path = cache_root() / "references" / f"{content_hash([FORMAT, *key])}.safetensors"
    if exists(path):
        try:
            return read_tensors(path)[0]
        except Damaged:  # made anew below
            with contextlib.suppress(OSError):  # another user's, whose it is to remove
                path.unlink(missing_ok=True)
    before = time.perf_counter()
    arrays = compute()
    if time.perf_counter() - before > WORTH_CACHING:
        with contextlib.suppress(StoreError):  # a full or read-only disk costs time, not the score
            write_tensors(path, {name: _narrow(value) for name, value in arrays.items()}, {})
    return arrays


def _narrow(value: Array) -> Array:
    narrow = value.astype(np.float32)
    return narrow if np.array_equal(narrow, value) else np.ascontiguousarray(value)
