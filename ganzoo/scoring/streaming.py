"""Scoring in one pass: sums instead of features, so that a million samples need no more memory than ten thousand.

The profile ``one-pass`` has the metrics that sums give: FID, its bias-corrected value, the Inception Score over all
samples at once, and the Vendi score over all samples. Sums of shards and workers add up (``ganzoo stats``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import ScoreError, UsageError
from ganzoo.metrics.fid import moments_distance, reference_halves, reference_target, without_bias
from ganzoo.metrics.sums import FeatureSums
from ganzoo.scoring.fitting import check_extractor, check_samples
from ganzoo.scoring.goals import FIRST, Goal, goal_note, next_size
from ganzoo.scoring.protocol import Score
from ganzoo.scoring.samples import Selection
from ganzoo.scoring.scorer import record, score_statistics
from ganzoo.scoring.statistics_file import SavedStatistics, merge_statistics
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extracted, Extractor
    from ganzoo.metrics.fid import SplitTarget, Target
    from ganzoo.scoring.features import Progress
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.scoring.setup import Setup

VERSIONS = {"one-pass/fid": 1, "one-pass/is": 1, "one-pass/vendi": 1}


class Halves:
    """The sums of every other sample and of the rest: added they are all samples, apart they correct FID's bias."""

    def __init__(self, shift: np.ndarray | None = None) -> None:
        self._shift = shift
        self._halves: tuple[FeatureSums, FeatureSums] | None = None

    def add(self, part: Extracted) -> None:
        """Take one batch."""
        if self._halves is None:
            width, k = part.features.shape[1], 0 if part.logits is None else part.logits.shape[1]
            made = [FeatureSums(width, shift=self._shift, logits=k) for _ in range(2)]
            self._halves = made[0], made[1]
        for offset, half in enumerate(self._halves):
            if len(features := part.features[offset::2]):
                half.add(features, None if part.logits is None else part.logits[offset::2])

    @property
    def whole(self) -> FeatureSums:
        """The sums of all samples."""
        if self._halves is None:
            raise ScoreError("There are no samples to score.")
        return self._halves[0] + self._halves[1]

    def estimates(self, goal: Target, split: SplitTarget | None) -> dict[str, Estimate]:
        """All that the sums give; ``split`` is the reference in halves, where it can be halved."""
        assert self._halves is not None
        whole = self.whole
        found = of_sums(whole, goal)
        if split is None:
            return found
        plain, moments = found["fid"], whole.moments()
        of_fake = [moments_distance(goal, half.moments()) for half in self._halves]
        of_real = [moments_distance(half, moments) for half in split.halves]
        return {**found, "fid_unbiased": Estimate(without_bias(plain.value, of_fake, of_real), plain.se, plain.n)}


def of_sums(sums: FeatureSums, goal: Target) -> dict[str, Estimate]:
    """What one set of sums gives: ``fid``, and ``is`` and ``vendi`` where these sums were taken."""
    found = {"fid": sums.frechet(goal)}
    if sums.logits:
        found["is"] = sums.inception_score()
    if sums.units:
        found["vendi"] = sums.vendi_score()
    return found


def score_one_pass(setup: Setup, source: SampleSource, goal: Goal | None = None) -> Score:
    """Score a source by sums alone; with a goal, until ``fid``'s standard error is small enough.

    Raises UsageError for a goal on anything but a generator's FID, ScoreError for samples that do not fit.
    """
    if source.statistics is not None:
        if source.statistics.sums is None:
            return score_statistics(setup, source.name, source.statistics)
        check_extractor(source.name, source.statistics, setup.extractor)
        return _scored(setup, source, of_sums(source.statistics.sums, reference_target(setup.reference)))
    if goal is not None and (goal.column != "fid" or source.generator is None):
        raise UsageError("In one pass, --until waits for fid_se of a generator only.")
    n = setup.protocol.n_fake if goal is None else goal.limit
    check_samples(source, n, setup.side.spec, setup.extractor)
    estimates = _gone_over(setup, source, source.size(n), goal)
    note = () if goal is None else (goal_note(goal, estimates["fid"].n, estimates["fid"].se or 0.0),)
    return _scored(setup, source, estimates, note)


def _gone_over(setup: Setup, source: SampleSource, n: int, goal: Goal | None) -> dict[str, Estimate]:
    """Add samples up to ``n``, or until the goal is reached."""
    target = reference_target(setup.reference)
    halves, done, due = Halves(target.mean), 0, min(FIRST, n)
    for part in source.batches(setup.extractor, Selection(n, setup.protocol.seed), setup.progress):
        halves.add(part)
        done += len(part.features)
        if goal is not None and due <= done < n:
            error = halves.whole.frechet(target).se or 0.0
            if error <= goal.error:
                break
            due = next_size(done, error / goal.error, n)
    return halves.estimates(target, reference_halves(setup.reference))


def _scored(setup: Setup, source: SampleSource, estimates: dict[str, Estimate], notes: tuple[str, ...] = ()) -> Score:
    return record(
        setup,
        estimates,
        (*source.clipped, *notes),
        sha256=source.generator.sha256 if source.generator else "",
        provider=source.generator.provider if source.generator else "",
        n_fake=estimates["fid"].n,
        metrics=VERSIONS,
    )


def summed(sources: Sequence[SampleSource], extractor: Extractor, n: int, seed: int, progress: Progress) -> FeatureSums:
    """Add up what sources hold: saved sums as they are, features and samples in one pass, ``n`` of each at most.

    Raises ScoreError where saved sums are missing or came from another extractor.
    """
    parts: list[SavedStatistics] = []
    for source in sources:
        if source.statistics is not None:
            parts.append(source.statistics)
            continue
        halves = Halves()
        for batch in source.batches(extractor, Selection(n, seed), progress):
            halves.add(batch)
        sums = halves.whole
        parts.append(
            SavedStatistics(
                source.name,
                sums.moments(),
                sums,
                extractor=extractor.name,
                extractor_sha256=extractor.sha256,
            )
        )
    total = merge_statistics(parts).sums
    assert total is not None  # merged from sums
    return total
