"""What a compatibility profile is."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import ScoreError
from ganzoo.metrics.arrays import checked_pair
from ganzoo.metrics.base import Features, Metric, Sets

Single = NDArray[np.float32]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics as one other tool defines them, so that its published numbers can be met from equal features."""

    name: str
    """As in ``--profile NAME``."""
    summary: str
    metrics: tuple[Metric, ...]
    tool_version: str = ""
    """The release that it was checked against, or the file and commit that it was written from."""
    notes: tuple[str, ...] = ()
    """Where the tool's conventions differ from ganzoo's, and what is not reproduced."""
    extractor: str = "inception"
    """The one that is used where none is named."""


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
