"""What one source, or two, before one judge can be asked: the score, its classes, the worst copies, differences."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo.errors import ScoreError, UsageError
from ganzoo.metrics.classwise import ClassScore, class_scores
from ganzoo.metrics.copying import Copy, worst_copies
from ganzoo.metrics.nearest import train_index
from ganzoo.metrics.paired import gaps, holm, influences, significance
from ganzoo.scoring import streaming
from ganzoo.scoring.copies import copies_picture
from ganzoo.scoring.features import Drawn, samples_at
from ganzoo.scoring.fitting import size_notes
from ganzoo.scoring.goals import Goal
from ganzoo.scoring.reference import SourceSide
from ganzoo.scoring.samples import FolderSource, GeneratorSource, StatisticsSource, clipped
from ganzoo.scoring.scorer import Judge, Score
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import LatentSpec

LEVEL = 0.05
"""Differences with a smaller p are called so."""
SHOWN = 24
"""Pairs in a picture of copies."""


class Comparison:
    """One source before one judge; its features are computed once, whatever is asked."""

    def __init__(self, judge: Judge, source: SampleSource) -> None:
        self.judge = judge
        self.source = source

    @property
    def said(self) -> tuple[str, ...]:
        """What was chosen when the two sides were opened, where there was a choice."""
        return tuple(dict.fromkeys((*self.source.said, *self.judge.side.said)))

    @cached_property
    def drawn(self) -> Drawn:
        """The source's features."""
        return self.judge.drawn(self.source)

    def score(self, goal: Goal | None = None) -> Score:
        """The score; with a goal, of as many samples as it takes."""
        score, side = self._score(goal), self.judge.side
        read = [self.source, side.source if isinstance(side, SourceSide) else None]
        score = msgspec.structs.replace(score, notes=(*score.notes, *_size_notes(self.judge, self.source)))
        if any(isinstance(each, FolderSource) for each in read):
            score = msgspec.structs.replace(score, policy=f"{FolderSource.POLICY}; {score.policy}")
        if isinstance(side, SourceSide):
            score = msgspec.structs.replace(score, notes=(*clipped(side.source), *score.notes))
        return score

    def _score(self, goal: Goal | None) -> Score:
        judge, source = self.judge, self.source
        if goal is not None and not isinstance(source, GeneratorSource):
            raise UsageError(f"--until draws more samples, but {source.name} is no generator.")
        if judge.protocol.profile == streaming.PROFILE:
            return streaming.score_one_pass(judge, source, goal)
        if isinstance(source, StatisticsSource):
            return judge.score(source)
        if goal is not None and isinstance(source, GeneratorSource):
            self.__dict__["drawn"] = judge.draw_until(source.generator, goal)
            return judge.score_drawn(self.drawn, goal)
        return judge.score_drawn(self.drawn)

    def classes(self) -> list[ClassScore]:
        """FID, precision and recall of every class. Raises ScoreError without labels."""
        return class_scores(self.judge.sets(self.drawn))

    def worst_copies(self, count: int) -> list[Copy]:
        """The samples nearest to a training sample, in terms of that one's own nearest distance, worst first."""
        reference = self.judge.reference
        if not len(reference.train):
            raise ScoreError(f"{self.judge.side.name} holds no samples to be copied from.")
        return worst_copies(train_index(reference), self.drawn.extracted.features, count)

    def save_copies(self, path: Path, count: int = SHOWN) -> None:
        """Draw the samples that come nearest to training samples, each beside the one it is nearest to, as a PNG."""
        worst, protocol = self.worst_copies(count), self.judge.protocol
        rows = [each.sample for each in worst]
        samples = samples_at(self.source, rows, protocol.n_fake, protocol.seed, filed=self.judge.filed)
        train = self.judge.side.training_samples([each.train for each in worst])
        copies_picture(samples, train, [each.ratio for each in worst], path)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One column of two models: both values, first − second, and whether chance explains it."""

    column: str
    first: float
    second: float
    gap: Estimate
    p: float
    """Two-sided, corrected for the number of columns (Holm 1979)."""
    verdict: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Two models under one protocol."""

    protocol_hash: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know before believing a difference."""


def compared(judge: Judge, first: SampleSource, second: SampleSource) -> Compared:
    """Compare two sources on one reference, in every column whose rows' influence is known.

    Two generators that take the same latents are compared pair by pair. Raises ScoreError where no column can be.
    """
    a, b = (influences(judge.sets(judge.drawn(each)), judge.metrics) for each in (first, second))
    same = all(isinstance(each, GeneratorSource) for each in (first, second)) and _latents(first) == _latents(second)
    found = judge.reported(gaps(a, b, same_latents=same))
    if not found:
        raise ScoreError("None of these metrics has a paired error.", "Compare by fid, kid, precision or the like.")
    better = {column: metric.better for metric in judge.metrics for column in metric.columns}
    adjusted = holm([significance(gap) for gap in found.values()])
    differences = tuple(
        Difference(
            column=column,
            first=a[column].value,
            second=b[column].value,
            gap=gap,
            p=p,
            verdict=_verdict(gap.value, p, better[column]),
        )
        for (column, gap), p in zip(found.items(), adjusted, strict=True)
    )
    sizes = _size_notes(judge, first) + _size_notes(judge, second) or size_notes(first, second, judge.extractor)
    sides = (first, second, judge.side.source if isinstance(judge.side, SourceSide) else None)
    outside = [note for each in sides for note in clipped(each)]
    notes = tuple(dict.fromkeys((*first.said, *second.said, *judge.side.said, *sizes, *outside)))
    return Compared(protocol_hash=judge.protocol.hash, differences=differences, notes=notes)


def _size_notes(judge: Judge, source: SampleSource) -> tuple[str, ...]:
    side = judge.side
    return size_notes(source, side.source, judge.extractor) if isinstance(side, SourceSide) else ()


def _verdict(gap: float, p: float, better: str) -> str:
    if gap == 0:
        return "no difference"
    if p > LEVEL:
        return "may be chance"
    if better == "neither":
        return "they differ"
    return "A is better" if (gap < 0) == (better == "lower") else "B is better"


def _latents(source: SampleSource) -> LatentSpec | None:
    return source.generator.latent if isinstance(source, GeneratorSource) else None
