"""Whether samples and reference go together at all: how many, of which form, by which extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.errors import ScoreError
from ganzoo.scoring.samples import FeatureSource, StatisticsSource

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import DataSpec

MINIMUM = 50
LEAST_REAL = 2


def check_extractor(source: SampleSource, extractor: Extractor) -> None:
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


def size_notes(first: SampleSource, second: SampleSource, extractor: Extractor) -> tuple[str, ...]:
    """One note for each way in which images of two sources differ and the extractor makes them alike."""
    if isinstance(first, FeatureSource | StatisticsSource) or isinstance(second, FeatureSource | StatisticsSource):
        return ()
    one, other = first.shape, second.shape
    if len(one) != 3 or len(other) != 3:
        return ()
    notes = []
    if one[1:] != other[1:]:
        to = getattr(extractor, "size", None)
        done = (
            f"both are resized to {_pixels(to)}" if to else f"the extractor '{extractor.name}' takes both as they are"
        )
        sizes = f"{first.name} has {_pixels(one[1:])} pixels, {second.name} {_pixels(other[1:])}"
        notes.append(f"{sizes}: {done}")
    if one[0] != other[0]:
        grey, colour = (first, second) if one[0] < other[0] else (second, first)
        notes.append(f"{grey.name} is grey, {colour.name} has colour: its one channel is repeated")
    return tuple(notes)


def _pixels(size: tuple[int, ...]) -> str:
    """Width by height, as in messages on images, of (height, width)."""
    return f"{size[1]}×{size[0]}"


def check_count(n: int) -> None:
    """Raise ScoreError where there are too few samples for any score."""
    if n < MINIMUM:
        raise ScoreError(f"There are {n} samples; a score needs at least {MINIMUM}.")
