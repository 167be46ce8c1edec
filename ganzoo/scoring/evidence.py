"""A score with what makes it believed: each class apart, and the samples that come nearest to training samples."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo.errors import ScoreError
from ganzoo.scoring.compare import Comparison
from ganzoo.scoring.samples import GeneratorSource
from ganzoo.scoring.scorer import score_drawn

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.scoring.protocol import Score
    from ganzoo.scoring.setup import Setup
    from ganzoo.types import ClassScore

WIDEST = 512
"""Features; classes have too few rows for the covariances of more, which cost seconds each."""


def score_with_evidence(setup: Setup, generator: Generator, copies: Path) -> Score:
    """The score of a generator with its classes; its worst copies are drawn into ``copies``.

    The samples are drawn once. Where there are no labels, no training samples or too few of either, classes or the
    picture are left out. Raises what ``scorer.score`` raises.
    """
    comparison = Comparison(setup, GeneratorSource(generator.path.name, generator))
    score = score_drawn(setup, comparison.drawn)
    with suppress(ScoreError):
        comparison.save_copies(copies)
    return msgspec.structs.replace(score, classes=_classes(comparison))


def _classes(comparison: Comparison) -> tuple[ClassScore, ...]:
    if comparison.drawn.extracted.features.shape[1] > WIDEST:
        return ()
    with suppress(ScoreError):
        return tuple(comparison.classes())
    return ()
