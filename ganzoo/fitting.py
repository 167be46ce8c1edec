"""Whether samples and reference go together at all: how many, of which form, by which extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.errors import ScoreError
from ganzoo.sources import StatisticsSource

if TYPE_CHECKING:
    from ganzoo.extractors import Extractor
    from ganzoo.sources import Source
    from ganzoo.types import DataSpec

MINIMUM = 50
LEAST_REAL = 2


def check_extractor(source: Source, extractor: Extractor) -> None:
    """Raise ScoreError where saved statistics say that another extractor made them."""
    if not isinstance(source, StatisticsSource) or source.saved.extractor_sha256 in (None, extractor.sha256):
        return
    raise ScoreError(
        f"{source.name} holds statistics of the extractor '{source.saved.extractor}' "
        f"({(source.saved.extractor_sha256 or '')[:12]}), not of '{extractor.name}' ({extractor.sha256[:12]}).",
        "Compare features of one extractor only.",
    )


def check_form(shape: tuple[int, ...], spec: DataSpec | None) -> None:
    """Raise ScoreError unless there are enough samples and they have the reference's shape (None: any)."""
    if spec is not None and shape[1:] != spec.shape:
        given, wanted = ("×".join(map(str, each)) for each in (shape[1:], spec.shape))
        raise ScoreError(f"The samples are {given or 'scalars'}, but {spec.name} is {wanted}.")
    check_count(shape[0])


def check_reference(name: str, n: int) -> None:
    """Raise ScoreError for a reference of one sample, to which no distance can be measured."""
    if n == 1:
        raise ScoreError(f"The reference {name} has 1 sample; a score needs at least {LEAST_REAL} to compare with.")


def check_count(n: int) -> None:
    """Raise ScoreError where there are too few samples for any score."""
    if n < MINIMUM:
        raise ScoreError(f"There are {n} samples; a score needs at least {MINIMUM}.")
