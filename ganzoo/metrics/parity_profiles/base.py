"""What a compatibility profile is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked_pair
from ganzoo.metrics.base import Features, Metric, Sets

Single = NDArray[np.float32]


@dataclass(frozen=True)
class Profile:
    """The metrics as one other tool defines them, so that its published numbers can be met from equal features."""

    name: str
    """As in ``--profile NAME``."""
    tool_version: str
    """The release that it was checked against, or the file and commit that it was written from."""
    summary: str
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]
    """Where the tool's conventions differ from ganzoo's, and what is not reproduced."""
    extractor: str = "inception"


def pair(sets: Sets, tool: str, what: str, least: int = 2) -> tuple[Features, Features]:
    """Return reference and generated features, checked. Raises ScoreError below the ``least`` rows a tool takes."""
    real, fake = checked_pair(sets.reference.real, sets.fake, least=2)
    rows = min(len(real), len(fake))
    if rows < least:
        raise ScoreError(f"The {what} of {tool} needs {least} rows on each side, but one side has {rows}.")
    return real, fake


def single(x: Features) -> Single:
    """Return ``x`` in float32: extractors give float32, so nothing is lost."""
    return np.ascontiguousarray(x, dtype=np.float32)
