"""What comes out of all judgements of a study: one number a model, with a bootstrap interval, and who was counted."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import latents
from ganzoo.leaderboard.human import Judged
from ganzoo.rating.questions import REAL
from ganzoo.rating.staircase import threshold

if TYPE_CHECKING:
    from ganzoo.rating.journal import Judgement
    from ganzoo.rating.study import Model, Study
    from ganzoo.types import Array

RESAMPLES = 4000
ATTENTIVE = 0.75
"""The share of attention checks that a rater must have answered as they said."""
_ENDS = (2.5, 97.5)


@dataclass(frozen=True)
class Rater:
    """One rater and how the attention checks went."""

    name: str
    judged: int
    checks: int
    passed: int

    @property
    def attentive(self) -> bool:
        """Whether the judgements count; without any check nobody knows, and they do not."""
        return self.checks > 0 and self.passed >= ATTENTIVE * self.checks


def raters(sessions: Mapping[str, Sequence[Judgement]]) -> list[Rater]:
    """All raters, in the order of their names."""
    found = []
    for name in sorted(sessions):
        checks = [each.right for each in sessions[name] if each.part == "check"]
        judged = sum(each.part == "judged" for each in sessions[name])
        found.append(Rater(name, judged, len(checks), sum(checks)))
    return found


def results(study: Study, sessions: Mapping[str, Sequence[Judgement]]) -> list[Judged]:
    """A row for each model that attentive raters judged, in the order of the study.

    Without a limit of time: HYPE_∞ (Zhou et al. 2019, section 3.2), the mean of the share of its images that were taken
    for real and of the share of real images that were taken for generated; the interval is that of a bootstrap over
    raters, and within a rater over judgements. With one: HYPE_time, the mean over raters of the modal exposure; the
    interval is that of a bootstrap over raters, and not known of a single one.
    """
    counted = {each.name for each in raters(sessions) if each.attentive}
    judged = {name: [each for each in sessions[name] if each.part == "judged"] for name in sorted(counted)}
    of = _untimed if study.mode == "untimed" else _timed
    return [row for model in study.models if (row := of(study, model, judged)) is not None]


def _untimed(study: Study, model: Model, judged: Mapping[str, Sequence[Judgement]]) -> Judged | None:
    tallies = np.array([_tally(model, session) for session in judged.values()]).reshape(-1, 4)
    tallies = tallies[(tallies[:, 1] > 0) & (tallies[:, 3] > 0)]
    if not len(tallies):
        return None
    fake, real = _rates(tallies.sum(0))
    low, high = np.percentile(_resampled(tallies, latents.generator(0, "ratings", len(tallies))), _ENDS)
    return _row(
        study,
        model,
        raters=len(tallies),
        judgements=int(tallies[:, 1].sum()),
        value=float((fake + real) / 2),
        interval=(low, high),
        fake_error=float(fake),
        real_error=float(real),
    )


def _row(
    study: Study,
    model: Model,
    *,
    raters: int,
    judgements: int,
    value: float,
    interval: tuple[float, float],
    fake_error: float = math.nan,
    real_error: float = math.nan,
) -> Judged:
    return Judged(
        dataset=study.dataset,
        variant=model.variant,
        onnx_sha256=model.onnx_sha256,
        mode=study.mode,
        raters=raters,
        judgements=judgements,
        value=value,
        low=float(interval[0]),
        high=float(interval[1]),
        fake_error=fake_error,
        real_error=real_error,
    )


def _tally(model: Model, session: Sequence[Judgement]) -> tuple[int, int, int, int]:
    """Errors and judgements over the model's images, then over real ones."""
    fake = [not each.right for each in session if each.source == model.variant]
    real = [not each.right for each in session if each.source == REAL]
    return sum(fake), len(fake), sum(real), len(real)


def _rates(totals: Array) -> tuple[Array, Array]:
    return totals[..., 0] / totals[..., 1], totals[..., 2] / totals[..., 3]


def _resampled(tallies: Array, random: np.random.Generator) -> Array:
    """Error rates of resampled raters, of each of whom as many judgements are drawn: float64 [RESAMPLES].

    Judgements are drawn by the rater's own rate with half an error and half a right answer added: of none in twenty the
    plain bootstrap would be certain.
    """
    drawn = tallies[random.integers(len(tallies), size=(RESAMPLES, len(tallies)))]
    again = drawn.copy()
    for errors, of in ((0, 1), (2, 3)):
        again[..., errors] = random.binomial(drawn[..., of], (drawn[..., errors] + 0.5) / (drawn[..., of] + 1))
    fake, real = _rates(again.sum(1))
    return (fake + real) / 2


def _timed(study: Study, model: Model, judged: Mapping[str, Sequence[Judgement]]) -> Judged | None:
    blocks = {name: [each for each in session if each.block == model.variant] for name, session in judged.items()}
    blocks = {name: block for name, block in blocks.items() if len(block) >= study.images}
    if not blocks:
        return None
    found = np.array([_thresholds(block, study.images) for block in blocks.values()])
    random = latents.generator(0, "thresholds", len(found))
    means = found[random.integers(len(found), size=(RESAMPLES, len(found)))].mean(1)
    low, high = np.percentile(means, _ENDS) if len(found) > 1 else (np.nan, np.nan)
    return _row(
        study,
        model,
        raters=len(found),
        judgements=sum(each.fake for block in blocks.values() for each in block),
        value=float(found.mean()),
        interval=(low, high),
    )


def _thresholds(block: Sequence[Judgement], size: int) -> float:
    """The mean over a rater's whole blocks of their modal exposures; a new round is a new staircase."""
    starts = range(0, len(block) - size + 1, size)
    return float(np.mean([threshold([each.right for each in block[i : i + size]]) for i in starts]))
