"""Records of runs that say something else than the runs of the tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from ganzoo.cards.record import Record


def with_manifest(record: Record, **changes: Any) -> Record:
    """The record of a run whose manifest has other fields."""
    return replace(record, manifest=msgspec.structs.replace(record.manifest, **changes))


def with_score(record: Record, **changes: Any) -> Record:
    """The record of a run whose score has other fields."""
    assert record.score is not None
    return replace(record, score=msgspec.structs.replace(record.score, **changes))
