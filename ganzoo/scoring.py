"""Scoring: samples of any origin against a dataset under one protocol.

A protocol fixes everything a number depends on; its hash stands on every row, and rows of different protocols are never
ranked together.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ganzoo import latents
from ganzoo.engine import BATCH
from ganzoo.errors import ScoreError, UnknownName
from ganzoo.extractors import Extracted, default_extractor, join
from ganzoo.metrics import Metric, Reference, Sets, evaluate
from ganzoo.options import content_hash
from ganzoo.registry import DatasetEntry
from ganzoo.types import DataSpec, Estimate

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.engine import Generator
    from ganzoo.extractors import Extractor, ExtractorSource
    from ganzoo.types import Array, FloatArray

MINIMUM = 50


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """All that a score depends on besides the model."""

    dataset: str
    dataset_digest: str
    split: str
    n_real: int
    n_fake: int
    extractor: str
    extractor_sha256: str
    metrics: dict[str, int]
    seed: int

    @property
    def hash(self) -> str:
        """Stands on every row."""
        return content_hash(self)


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """score.json: the protocol, one estimate per metric column, and how the samples were made."""

    protocol: Protocol
    protocol_hash: str
    estimates: dict[str, Estimate]
    sampled_sha256: str = ""
    scored_utc: str = ""
    samples_per_second: float | None = None
    provider: str = ""


@dataclass(frozen=True)
class Drawn:
    """What was drawn, as features, with what was asked of each sample where anything was."""

    extracted: Extracted
    asked: Array | None = None
    codes: Array | None = None
    seconds: float | None = None
    provider: str = ""
    sha256: str = ""


class Judge:
    """One dataset's protocol, ready to score any number of models; the reference is computed for the first of them."""

    def __init__(
        self,
        dataset: Dataset,
        entry: DatasetEntry | None,
        extractors: Mapping[str, ExtractorSource],
        metrics: Sequence[Metric],
        *,
        device: str = "auto",
        threads: int = 1,
        n_fake: int | None = None,
    ) -> None:
        entry = entry or DatasetEntry(extractor=default_extractor(dataset.spec))
        if entry.extractor not in extractors:
            raise UnknownName("extractor", entry.extractor, extractors)
        self._dataset = dataset
        self._metrics = list(metrics)
        self._extractor: Extractor = extractors[entry.extractor].open(device, threads)
        self._split = split = dataset.train if entry.split == "train" else dataset.heldout
        self._chosen = _subset(len(split), entry.n_real, entry.seed)
        self.protocol = Protocol(
            dataset=dataset.spec.name,
            dataset_digest=dataset.digest,
            split=entry.split,
            n_real=len(self._chosen),
            n_fake=n_fake or entry.n_fake,
            extractor=self._extractor.name,
            extractor_sha256=self._extractor.sha256,
            metrics={metric.name: metric.version for metric in self._metrics},
            seed=entry.seed,
        )

    @cached_property
    def _reference(self) -> Reference:
        dataset, split = self._dataset, self._split
        train = self._features(dataset.train.scaled())
        heldout = self._features(dataset.heldout.scaled()) if len(dataset.heldout) else train[:0]
        real = train if split is dataset.train else heldout
        return Reference(
            real=real[self._chosen],
            train=train,
            heldout=heldout,
            labels=split.y[self._chosen] if split.y is not None else None,
            classes=dataset.spec.classes,
            centres=dataset.mixture.centres if dataset.mixture else None,
            std=dataset.mixture.std if dataset.mixture else 0.0,
        )

    def _features(self, x: FloatArray) -> Array:
        return self._extractor.extract(x).features

    def score(self, x: FloatArray) -> Score:
        """Score samples in the generator's range. Raises ScoreError where there are too few or they do not fit."""
        check_form(x.shape, self._dataset.spec)
        if not np.isfinite(x).all():
            raise ScoreError("The samples hold values that are not finite.")
        return self._score(Drawn(self._extractor.extract(x)))

    def score_generator(self, generator: Generator) -> Score:
        """Sample as the protocol says, then score. Raises ScoreError where the generator's form does not fit."""
        check_form((self.protocol.n_fake, *generator.data.shape), self._dataset.spec)
        return self._score(draw(generator, self._extractor, self.protocol.n_fake, self.protocol.seed))

    def score_real(self) -> Score | None:
        """Real against real: held-out samples scored like generated ones, the floor of every table; None if too few."""
        heldout = self._dataset.heldout
        if len(heldout) < MINIMUM:
            return None
        order = _subset(len(heldout), self.protocol.n_fake, self.protocol.seed)
        return self.score(heldout.scaled()[order])

    def _score(self, drawn: Drawn) -> Score:
        features, n = drawn.extracted.features, len(drawn.extracted.features)
        sets = Sets(
            self._reference,
            features,
            drawn.extracted.logits,
            seed=self.protocol.seed,
            asked=drawn.asked,
            codes=drawn.codes,
        )
        protocol = msgspec.structs.replace(self.protocol, n_fake=n)
        return Score(
            protocol=protocol,
            protocol_hash=protocol.hash,
            estimates=evaluate(sets, self._metrics),
            sampled_sha256=drawn.sha256,
            samples_per_second=round(n / drawn.seconds, 1) if drawn.seconds else None,
            provider=drawn.provider,
        )


def draw(generator: Generator, extractor: Extractor, n: int, seed: int) -> Drawn:
    """Draw ``n`` samples batch by batch into features; on a GPU the samples themselves never leave it.

    ``seconds`` is the time of the generator alone.
    """
    parts: list[Extracted] = []
    given: list[dict[str, Array]] = []
    seconds = 0.0
    for start in range(0, n, BATCH):
        given.append(generator.inputs(min(BATCH, n - start), seed, start=start))
        before = time.perf_counter()
        value = generator.session.bind(given[-1])["x"]
        seconds += time.perf_counter() - before
        parts.append(extractor.extract_bound(value))
    inputs = {name: np.concatenate([each[name] for each in given]) for name in generator.latent.names}
    categorical = generator.latent.categorical
    return Drawn(
        join(parts),
        asked=inputs.get("y"),
        codes=inputs["c"][:, :categorical].argmax(axis=1) if categorical else None,
        seconds=seconds,
        provider=generator.provider,
        sha256=generator.sha256,
    )


def check_form(shape: tuple[int, ...], spec: DataSpec) -> None:
    """Raise ScoreError unless there are enough samples and they have the dataset's shape."""
    if shape[1:] != spec.shape:
        given, wanted = ("×".join(map(str, each)) for each in (shape[1:], spec.shape))
        raise ScoreError(f"The samples are {given or 'scalars'}, but {spec.name} is {wanted}.")
    if shape[0] < MINIMUM:
        raise ScoreError(f"There are {shape[0]} samples; a score needs at least {MINIMUM}.")


def _subset(n: int, wanted: int, seed: int) -> Array:
    """``wanted`` row numbers of ``n`` (all, where 0 or too many) in a seeded random order."""
    order = latents.generator(seed, "reference subset").permutation(n)
    return order[: wanted or n]
