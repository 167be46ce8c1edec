"""Scoring: samples of any origin against a reference under one protocol.

A protocol fixes everything a number depends on; its hash stands on every row, and rows of different protocols are never
ranked together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import ScoreError, UsageError
from ganzoo.labels import places
from ganzoo.metrics import Metric, Sets, evaluate
from ganzoo.metrics.fid import moments_distance, reference_target
from ganzoo.options import content_hash
from ganzoo.scoring.features import Drawn, Progress, draw, features_of, silent
from ganzoo.scoring.fitting import MINIMUM, check_count, check_extractor, check_form
from ganzoo.scoring.goals import FIRST, Goal, next_size, reached
from ganzoo.scoring.notes import cautions, foreign_classes, lacking
from ganzoo.scoring.reference import DatasetSide, RealSide, SourceSide, subset
from ganzoo.scoring.samples import ArraySource, FeatureSource, GeneratorSource, StatisticsSource
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.generator.engine import Generator
    from ganzoo.metrics import Reference
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import IndexArray

OWN_PROFILE = "ganzoo-1"
ONE_PASS = "one-pass"
OWN_PROFILES = (OWN_PROFILE, ONE_PASS)


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
    profile: str = OWN_PROFILE

    @property
    def hash(self) -> str:
        """Stands on every row."""
        return content_hash(self)


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """score.json: the protocol, one estimate per metric column, and how the samples were made."""

    protocol: Protocol
    protocol_hash: str
    estimates: dict[str, Estimate]
    extensions: dict[str, int] = {}
    """Versions of the metrics that were computed beside the protocol."""
    notes: tuple[str, ...] = ()
    """What a reader must know before believing a number."""
    policy: str = ""
    """What the extractor does to images before it looks at them."""
    sampled_sha256: str = ""
    scored_utc: str = ""
    bench: int = 0
    attempt: int = 0
    """Which bench scored this, and at which attempt at its run; see ``ganzoo.training.runs.Turn``."""
    samples_per_second: float | None = None
    provider: str = ""


class Judge:
    """One reference's protocol, ready to score any number of models; the reference is computed for the first of them.

    ``columns`` restricts what is reported to these; a metric may give more. Metrics named in ``beside`` are computed
    after the others and reported, but are no part of the protocol.
    """

    def __init__(
        self,
        side: RealSide,
        extractor: Extractor,
        metrics: Sequence[Metric],
        *,
        n_fake: int,
        seed: int = 0,
        profile: str = OWN_PROFILE,
        columns: frozenset[str] | None = None,
        beside: frozenset[str] = frozenset(),
        progress: Progress = silent,
    ) -> None:
        if isinstance(side, SourceSide):
            check_extractor(side.source, extractor)
        self.side = side
        self.extractor = extractor
        # What stands beside the protocol comes last, so that it never gives a column that a metric of it gives.
        self.metrics = sorted(metrics, key=lambda metric: metric.name in beside)
        self.extensions = {metric.name: metric.version for metric in self.metrics if metric.name in beside}
        self.progress = progress
        self._columns = columns
        self.protocol = Protocol(
            dataset=side.name,
            dataset_digest=side.digest,
            split=side.split,
            n_real=side.n_real,
            n_fake=n_fake,
            extractor=extractor.name,
            extractor_sha256=extractor.sha256,
            metrics={metric.name: metric.version for metric in self.metrics if metric.name not in beside},
            seed=seed,
            profile=profile,
        )

    @cached_property
    def reference(self) -> Reference:
        """The real side, computed on first use."""
        return self.side.build(self.extractor, self.progress)

    def score(self, source: SampleSource) -> Score:
        """Score a source: as many samples of a generator as the protocol says, all samples of anything else.

        Raises ScoreError where there are too few samples or they do not fit.
        """
        if isinstance(source, StatisticsSource):
            return self._score_statistics(source)
        return self.score_drawn(self.drawn(source))

    def score_generator(self, generator: Generator) -> Score:
        """Sample as the protocol says, then score."""
        return self.score(GeneratorSource(generator.path.name, generator))

    def score_real(self) -> Score | None:
        """Real against real: held-out samples scored like generated ones, the floor of every table; None if too few."""
        if not isinstance(self.side, DatasetSide) or len(self.side.dataset.heldout) < MINIMUM:
            return None
        heldout = self.side.dataset.heldout
        order = subset(len(heldout), self.protocol.n_fake, self.protocol.seed)
        return self.score(ArraySource("held-out samples", heldout.spec.kind, heldout.x[order]))

    def draw_until(self, generator: Generator, goal: Goal) -> Drawn:
        """Draw more and more samples until the goal's standard error is small enough, or its limit is reached.

        Sample i is the same however many are drawn, so their score is that of a plain scoring of the final n. Raises
        UsageError for a column that no metric gives or that has no standard error.
        """
        drawn = self.drawn(GeneratorSource(generator.path.name, generator), min(FIRST, goal.limit))
        while len(drawn) < goal.limit and (error := self._error(drawn, goal.column)) > goal.error:
            n = next_size(len(drawn), error / goal.error, goal.limit)
            drawn = drawn.followed_by(
                draw(generator, self.extractor, n, self.protocol.seed, start=len(drawn), progress=self.progress)
            )
        return drawn

    def _error(self, drawn: Drawn, column: str) -> float:
        metric = next((each for each in self.metrics if column in each.columns), None)
        if metric is None:
            raise UsageError(f"No metric in use gives the column '{column}'.", "Name it in --metrics, too.")
        estimate = evaluate(self.sets(drawn), [metric]).get(column)
        if estimate is None or estimate.se is None:
            raise UsageError(f"'{column}' has no standard error here to wait for.", "Name another column in --until.")
        return estimate.se

    def drawn(self, source: SampleSource, n: int | None = None) -> Drawn:
        """The features that a score of this source looks at. Raises ScoreError where they do not fit the reference."""
        n = n or self.protocol.n_fake
        if isinstance(source, FeatureSource):
            check_count(len(source))
        elif not isinstance(source, StatisticsSource):
            size = n if isinstance(source, GeneratorSource) else len(source)
            check_form((size, *source.shape), self.side.spec)
        return features_of(source, self.extractor, n, self.protocol.seed, filed=self.filed, progress=self.progress)

    @property
    def filed(self) -> bool:
        """Whether rows of files are looked at in their own order, as other tools do."""
        return self.protocol.profile not in OWN_PROFILES

    def sets(self, drawn: Drawn) -> Sets:
        """What metrics look at."""
        width, real = drawn.extracted.features.shape[1], self.reference.real.shape[1]
        if width != real:
            raise ScoreError(
                f"The samples have {width} features, but {self.side.name} has {real}.",
                "Both sides need one extractor, and images of one size where it does not resize.",
            )
        return Sets(
            self.reference,
            drawn.extracted.features,
            drawn.extracted.logits,
            seed=self.protocol.seed,
            asked=self._asked(drawn),
            codes=drawn.codes,
        )

    def _asked(self, drawn: Drawn) -> IndexArray | None:
        """The class of each sample among the reference's; None where there are none on either side.

        Raises ScoreError for labels of a file that are none of the reference's. A generator of other classes is another
        matter: what it was asked for says nothing here, and ``foreign_classes`` says so.
        """
        reference = self.reference
        if drawn.asked is None or not reference.classes or foreign_classes(drawn, reference):
            return None
        if drawn.sha256:
            return drawn.asked
        return places(drawn.asked, drawn.class_names, reference.class_names, "the samples", self.side.name)

    def score_drawn(self, drawn: Drawn, goal: Goal | None = None) -> Score:
        """Score features that were drawn before, with a goal in mind or without."""
        sets = self.sets(drawn)
        refused: dict[str, ScoreError] = {}
        estimates = evaluate(sets, self.metrics, refused=None if self._columns else refused)
        wanted = self._columns or frozenset()
        if refused and not estimates:
            raise next(iter(refused.values()))
        if wanted and wanted.isdisjoint(estimates):
            column = sorted(wanted)[0]
            reason = lacking(sets, self.metrics, column)
            raise ScoreError(f"Nothing is left to score by: '{column}' was asked for, but {reason}.")
        notes = (
            *((drawn.clipped,) if drawn.clipped else ()),
            *cautions(sets, estimates, self.metrics, wanted),
            *(f"{name}: left out. {error.message}".rstrip(".") for name, error in refused.items()),
            *foreign_classes(drawn, self.reference),
            *reached(goal, estimates, len(drawn)),
        )
        score = self.written(
            self.reported(estimates), notes, sha256=drawn.sha256, provider=drawn.provider, n_fake=len(drawn)
        )
        rate = round(len(drawn) / drawn.seconds, 1) if drawn.seconds else None
        return msgspec.structs.replace(score, samples_per_second=rate, extensions=self.extensions)

    def written(
        self,
        estimates: dict[str, Estimate],
        notes: tuple[str, ...] = (),
        *,
        sha256: str = "",
        provider: str = "",
        **changes: Any,
    ) -> Score:
        """Put estimates down under this judge's protocol with ``changes``, with its hash and the extractor's policy."""
        protocol = msgspec.structs.replace(self.protocol, **changes)
        return Score(
            protocol=protocol,
            protocol_hash=protocol.hash,
            estimates=estimates,
            notes=notes,
            policy=getattr(self.extractor, "policy", ""),
            sampled_sha256=sha256,
            provider=provider,
        )

    def reported(self, estimates: dict[str, Estimate]) -> dict[str, Estimate]:
        """Those of the columns that were asked for."""
        if self._columns is None:
            return estimates
        return {name: estimate for name, estimate in estimates.items() if name in self._columns}

    def _score_statistics(self, source: StatisticsSource) -> Score:
        """The Fréchet distance between two fits; its error where the file kept rows to tell it by."""
        check_extractor(source, self.extractor)
        goal, saved = reference_target(self.reference), source.saved
        fit, n = saved.moments, saved.moments.n or 0
        plain = Estimate(moments_distance(goal, fit), None, n) if saved.sums is None else saved.sums.frechet(goal)
        versions = {"fid": self.protocol.metrics.get("fid", 1)}
        notes = ("fid: from statistics without samples, so without a standard error",) if plain.se is None else ()
        unknown = () if n else (f"fid: {source.name} does not say how many samples it was made of",)
        return self.written({"fid": plain}, (*notes, *unknown), n_fake=n, metrics=versions)
