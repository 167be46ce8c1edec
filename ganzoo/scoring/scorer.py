"""Scoring: samples of any kind against a reference, under the protocol of a setup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import ScoreError, UsageError
from ganzoo.extractors.base import caution_of
from ganzoo.labels import all_known, places
from ganzoo.metrics import Metric, Sets, evaluate
from ganzoo.metrics.fid import moments_distance, reference_target
from ganzoo.metrics.paired import influences
from ganzoo.metrics.shares import estimate
from ganzoo.scoring.features import Drawn, draw
from ganzoo.scoring.fitting import MINIMUM, check_extractor, check_samples
from ganzoo.scoring.goals import FIRST, Goal, next_size, reached
from ganzoo.scoring.notes import cautions, foreign_classes, lacking
from ganzoo.scoring.protocol import Score
from ganzoo.scoring.reference import subset
from ganzoo.scoring.samples import GeneratorSource, Selection
from ganzoo.scoring.stored import ArraySource
from ganzoo.types import Estimate

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.metrics import Reference
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.scoring.setup import Setup
    from ganzoo.scoring.statistics_file import SavedStatistics
    from ganzoo.types import IndexArray


def score(setup: Setup, source: SampleSource) -> Score:
    """Score a source: as many samples of a generator as the protocol says, all samples of anything else.

    Raises ScoreError where there are too few samples or they do not fit.
    """
    if source.statistics is not None:
        return score_statistics(setup, source.name, source.statistics)
    return score_drawn(setup, draw_source(setup, source))


def score_heldout(setup: Setup) -> Score | None:
    """Real against real: held-out samples scored like generated ones, the floor of every table; None if too few."""
    heldout = setup.side.heldout
    if heldout is None or len(heldout) < MINIMUM:
        return None
    order = subset(len(heldout), setup.protocol.n_fake, setup.protocol.seed)
    return score(setup, ArraySource("held-out samples", heldout.spec.kind, heldout.x[order]))


def score_drawn(setup: Setup, drawn: Drawn, goal: Goal | None = None) -> Score:
    """Score features that were drawn before, with a goal in mind or without."""
    sets = sets_of(setup, drawn)
    estimates, notes = measure(sets, setup.metrics, setup.columns)
    if setup.total:
        estimates = with_totals(sets, setup.metrics, estimates)
    every = (
        *((drawn.clipped,) if drawn.clipped else ()),
        *notes,
        *foreign_classes(drawn, setup.reference),
        *reached(goal, estimates, len(drawn)),
    )
    made = record(setup, estimates, every, sha256=drawn.sha256, provider=drawn.provider, n_fake=len(drawn))
    rate = round(len(drawn) / drawn.seconds, 1) if drawn.seconds else None
    return msgspec.structs.replace(made, samples_per_second=rate, extensions=dict(setup.extensions))


def score_statistics(setup: Setup, name: str, saved: SavedStatistics) -> Score:
    """The Fréchet distance between two fits; its error where the file has the rows to tell it by."""
    check_extractor(name, saved, setup.extractor)
    goal = reference_target(setup.reference)
    fit, n = saved.moments, saved.moments.n or 0
    plain = Estimate(moments_distance(goal, fit), None, n) if saved.sums is None else saved.sums.frechet(goal)
    versions = {"fid": setup.protocol.metrics.get("fid", 1)}
    notes = ("fid: from statistics without samples, so without a standard error",) if plain.se is None else ()
    unknown = () if n else (f"fid: {name} does not say how many samples it was made of",)
    return record(setup, {"fid": plain}, (*notes, *unknown), n_fake=n, metrics=versions)


def draw_source(setup: Setup, source: SampleSource, n: int | None = None) -> Drawn:
    """The features that a score of this source looks at. Raises ScoreError where they do not fit the reference."""
    protocol = setup.protocol
    n = n or protocol.n_fake
    check_samples(source, n, setup.side.spec, setup.extractor)
    selection = Selection(n, protocol.seed, file_order=protocol.file_order)
    return source.features(setup.extractor, selection, setup.progress)


def draw_until(setup: Setup, generator: Generator, goal: Goal) -> Drawn:
    """Draw more and more samples until the goal's standard error is small enough, or its limit is reached.

    Sample i is the same however many are drawn, so their score is that of a plain scoring of the final n. Raises
    UsageError for a column that no metric gives or that has no standard error.
    """
    seed, progress = setup.protocol.seed, setup.progress
    drawn = draw_source(setup, GeneratorSource(generator.path.name, generator), min(FIRST, goal.limit))
    while len(drawn) < goal.limit and (error := _error(setup, drawn, goal.column)) > goal.error:
        n = next_size(len(drawn), error / goal.error, goal.limit)
        drawn = drawn.followed_by(draw(generator, setup.extractor, n, seed, start=len(drawn), progress=progress))
    return drawn


def _error(setup: Setup, drawn: Drawn, column: str) -> float:
    metric = next((each for each in setup.metrics if column in each.columns), None)
    if metric is None:
        raise UsageError(f"No metric in use gives the column '{column}'.", "Name it in --metrics, too.")
    estimate = evaluate(sets_of(setup, drawn), [metric]).get(column)
    if estimate is None or estimate.se is None:
        raise UsageError(f"'{column}' has no standard error here to wait for.", "Name another column in --until.")
    return estimate.se


def sets_of(setup: Setup, drawn: Drawn) -> Sets:
    """What metrics look at. Raises ScoreError where both sides have features of different widths or other classes."""
    reference = setup.reference
    width, real = drawn.extracted.features.shape[1], reference.real.shape[1]
    if width != real:
        raise ScoreError(
            f"The samples have {width} features, but {setup.side.name} has {real}.",
            "Both sides need one extractor, and images of one size where it does not resize.",
        )
    return Sets(
        reference,
        drawn.extracted.features,
        drawn.extracted.logits,
        seed=setup.protocol.seed,
        asked=_classes(drawn, reference, setup.side.name),
        codes=drawn.codes,
    )


def _classes(drawn: Drawn, reference: Reference, name: str) -> IndexArray | None:
    """The class of each sample among the reference's; None where there are none on either side.

    Raises ScoreError for labels of a file that are none of the reference's. A generator's are told by name where the
    reference has all of its names, else by number; what one of another number of classes was asked for says nothing
    here. ``foreign_classes`` says so.
    """
    if drawn.labels is None or not reference.classes:
        return None
    if drawn.sha256 and not all_known(drawn.class_names, reference.class_names):
        return drawn.labels if drawn.classes == reference.classes else None
    return places(drawn.labels, drawn.class_names, reference.class_names, "the samples", name)


def measure(
    sets: Sets, metrics: Sequence[Metric], columns: frozenset[str] | None = None
) -> tuple[dict[str, Estimate], tuple[str, ...]]:
    """All estimates that metrics give, or those of ``columns``, and what a reader must know before believing them.

    A metric that refuses these samples is left out with a note. Raises ScoreError where nothing is left.
    """
    refused: dict[str, ScoreError] = {}
    estimates = evaluate(sets, metrics, refused=None if columns else refused)
    if refused and not estimates:
        raise next(iter(refused.values()))
    if columns and columns.isdisjoint(estimates):
        column = sorted(columns)[0]
        reason = lacking(sets, metrics, column)
        raise ScoreError(f"Nothing is left to score by: '{column}' was asked for, but {reason}.")
    notes = (
        *cautions(sets, estimates, metrics, columns or frozenset()),
        *(f"{name}: left out. {error.message}".rstrip(".") for name, error in refused.items()),
    )
    return estimates, notes


def with_totals(sets: Sets, metrics: Sequence[Metric], estimates: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """The estimates with the total errors that are known of them, those that a metric does not give by itself too."""
    wanting = [
        metric
        for metric in metrics
        if any(column in estimates and estimates[column].total is None for column in metric.columns)
    ]
    found = influences(sets, wanting)
    totals = {name: estimate(found[name]).total for name in estimates if name in found}
    return {
        name: each if each.total is not None else msgspec.structs.replace(each, total=totals.get(name))
        for name, each in estimates.items()
    }


def record(
    setup: Setup,
    estimates: dict[str, Estimate],
    notes: tuple[str, ...] = (),
    *,
    sha256: str = "",
    provider: str = "",
    **changes: Any,
) -> Score:
    """The score of those estimates that were requested, under the setup's protocol with ``changes``.

    Raises ScoreError where none of them was.
    """
    reported = setup.reported(estimates)
    if not reported:
        wanted, given = (", ".join(sorted(names)) for names in (setup.columns or (), estimates))
        raise ScoreError(f"Nothing is left to score by: {wanted} was asked for, but this gives {given} alone.")
    protocol = msgspec.structs.replace(setup.protocol, **changes)
    caution = caution_of(setup.extractor.name)
    return Score(
        protocol=protocol,
        protocol_hash=protocol.hash,
        estimates=reported,
        notes=(caution, *notes) if caution else notes,
        policy=getattr(setup.extractor, "policy", ""),
        sampled_sha256=sha256,
        provider=provider,
    )
