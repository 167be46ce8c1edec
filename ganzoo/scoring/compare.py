"""What one source, or two, against one reference can be asked: score, classes, worst copies, differences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ganzoo.errors import ScoreError, UsageError
from ganzoo.extractors.base import caution_of
from ganzoo.files import write_text
from ganzoo.metrics.classwise import class_scores
from ganzoo.metrics.copying import Copy, worst_copies
from ganzoo.metrics.nearest import train_index
from ganzoo.metrics.paired import gaps, holm, influences, significance
from ganzoo.metrics.realism import extremes, realism_scores
from ganzoo.scoring.copies import copies_picture
from ganzoo.scoring.extremes import extremes_picture, realism_table
from ganzoo.scoring.fitting import check_shapes, several_sizes, size_notes
from ganzoo.scoring.protocol import ONE_PASS, Score
from ganzoo.scoring.samples import Selection
from ganzoo.scoring.scorer import draw_source, draw_until, score_drawn, score_statistics, sets_of
from ganzoo.scoring.streaming import score_one_pass
from ganzoo.types import ClassScore, Estimate

if TYPE_CHECKING:
    from ganzoo.metrics.base import Features
    from ganzoo.scoring.features import Drawn
    from ganzoo.scoring.goals import Goal
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.scoring.setup import Setup

LEVEL = 0.05
"""Differences with a smaller p are called so."""
SHOWN = 24
"""Pairs in a picture of copies, samples of either kind in one of extremes."""


class Comparison:
    """One source against one reference; its features are computed once, whatever is asked."""

    def __init__(self, setup: Setup, source: SampleSource) -> None:
        self.setup = setup
        self.source = source
        self._drawn: Drawn | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was chosen when the two sides were opened, where there was a choice."""
        return tuple(dict.fromkeys((*self.source.notes, *self.setup.side.notes)))

    @property
    def drawn(self) -> Drawn:
        """The source's features."""
        if self._drawn is None:
            self._drawn = draw_source(self.setup, self.source)
        return self._drawn

    @property
    def _selection(self) -> Selection:
        """The samples that a score looks at."""
        protocol = self.setup.protocol
        return Selection(protocol.n_fake, protocol.seed, file_order=protocol.file_order)

    def score(self, goal: Goal | None = None) -> Score:
        """The score; with a goal, of as many samples as it takes."""
        score, real = self._score(goal), self.setup.side.source
        notes = (*score.notes, *_size_notes(self.setup, self.source))
        read = [self.source] if real is None else [self.source, real]
        texts = [*(each.policy for each in read), score.policy]
        policies = dict.fromkeys(part for text in texts for part in text.split("; ") if part)
        clipped = real.clipped if real else ()
        return msgspec.structs.replace(
            score, notes=(*clipped, *notes), policy="; ".join(policies), reported=self.source.reported
        )

    def _score(self, goal: Goal | None) -> Score:
        setup, source = self.setup, self.source
        if goal is not None and source.generator is None:
            raise UsageError(f"--until draws more samples, but {source.name} is no generator.")
        if setup.protocol.profile == ONE_PASS:
            return score_one_pass(setup, source, goal)
        if source.statistics is not None:
            return score_statistics(setup, source.name, source.statistics)
        if goal is not None and source.generator is not None:
            self._drawn = draw_until(setup, source.generator, goal)
        return score_drawn(setup, self.drawn, goal)

    def classes(self) -> list[ClassScore]:
        """FID, precision and recall of every class. Raises ScoreError without labels."""
        return class_scores(sets_of(self.setup, self.drawn))

    def worst_copies(self, count: int) -> list[Copy]:
        """The samples nearest to a training sample, in terms of that one's own nearest distance, worst first."""
        reference = self.setup.reference
        if not len(reference.train):
            raise ScoreError(f"{self.setup.side.name} holds no samples to be copied from.")
        return worst_copies(train_index(reference), self.drawn.extracted.features, count)

    def check_copies(self) -> None:
        """Raise ScoreError where copies cannot be shown in pairs: for images of several sizes on either side."""
        real = self.setup.side.source
        for each in filter(None, (self.source, real)):
            _check_one_size(each, "Copies are shown in pairs of one size")
        if real is not None:
            check_shapes(self.source, real.form)

    def check_extremes(self) -> None:
        """Raise ScoreError where samples cannot be shown side by side: for images of several sizes."""
        _check_one_size(self.source, "Samples are shown side by side at one size")

    def save_copies(self, path: Path, count: int = SHOWN) -> None:
        """Draw the samples that come nearest to training samples, each beside the one it is nearest to, as a PNG."""
        self.check_copies()
        worst = self.worst_copies(count)
        samples = self.source.rows([each.sample for each in worst], self._selection)
        train = self.setup.side.training_samples([each.train for each in worst])
        copies_picture(samples, train, [each.ratio for each in worst], path)

    def realism(self) -> Features:
        """How realistic each sample is that the score looks at [n]. Raises ScoreError for too few real ones."""
        reference = self.setup.reference
        return realism_scores(reference.real, self.drawn.extracted.features, reference=reference)

    def save_realism(self, path: Path, count: int = SHOWN) -> None:
        """Write the realism of every sample as a CSV, most realistic first, or draw the extremes as a PNG."""
        if path.suffix.lower() == ".csv":
            write_text(path, realism_table(self.source.names(self._selection), self.realism()))
        else:
            self._save_extremes(path, count)

    def _save_extremes(self, path: Path, count: int) -> None:
        self.check_extremes()
        scores = self.realism()
        best, worst = extremes(scores, min(count, len(scores)))
        chosen = np.concatenate([best, worst])
        samples = self.source.rows(chosen.tolist(), self._selection)
        extremes_picture(samples[: len(best)], samples[len(best) :], scores[chosen], path)


def _check_one_size(source: SampleSource, rule: str) -> None:
    if several_sizes(source.form):
        raise ScoreError(f"{rule}, but {source.name} has images of several sizes.", f"Write '{source.sized(64, 64)}'.")


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
    extractor: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know before believing a difference."""


def compared(setup: Setup, first: SampleSource, second: SampleSource) -> Compared:
    """Compare two sources on one reference, in every column whose rows' influence is known.

    Two generators that take the same latents are compared pair by pair. Where one source has fewer samples, as many of
    the other are looked at: what depends on their number would differ by it. Raises ScoreError where no column can be.
    """
    drawn = [draw_source(setup, each) for each in (first, second)]
    n = min(map(len, drawn))
    a, b = (influences(sets_of(setup, each.first(n)), setup.metrics) for each in drawn)
    one, other = (each.generator.latent if each.generator else None for each in (first, second))
    found = setup.reported(gaps(a, b, same_latents=one is not None and one == other))
    if not found:
        raise ScoreError("None of these metrics has a paired error.", "Compare by fid, kid, precision or the like.")
    better = {column: metric.better for metric in setup.metrics for column in metric.columns}
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
    return Compared(
        protocol_hash=msgspec.structs.replace(setup.protocol, n_fake=n).hash,
        extractor=setup.extractor.name,
        differences=differences,
        notes=_notes(setup, first, second, *map(len, drawn)),
    )


def _notes(setup: Setup, first: SampleSource, second: SampleSource, n: int, m: int) -> tuple[str, ...]:
    """What must be known of two sources that gave n and m samples."""
    few = first.name if n < m else second.name
    unequal = "" if n == m else f"of both {min(n, m)} samples are looked at, as {few} has no more"
    sizes = _size_notes(setup, first) + _size_notes(setup, second) or size_notes(first, second, setup.extractor)
    real = setup.side.source
    clipped = (*first.clipped, *second.clipped, *(real.clipped if real else ()))
    said = (caution_of(setup.extractor.name), unequal, *first.notes, *second.notes, *setup.side.notes, *sizes, *clipped)
    return tuple(dict.fromkeys(filter(None, said)))


def _size_notes(setup: Setup, source: SampleSource) -> tuple[str, ...]:
    real = setup.side.source
    return size_notes(source, real, setup.extractor) if real else ()


def _verdict(gap: float, p: float, better: str) -> str:
    if gap == 0:
        return "no difference"
    if p > LEVEL:
        return "may be chance"
    if better == "neither":
        return "they differ"
    return "A is better" if (gap < 0) == (better == "lower") else "B is better"
