"""Whether samples and reference go together at all: how many, of which form, by which extractor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.errors import ScoreError

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.scoring.statistics_file import SavedStatistics
    from ganzoo.types import DataSpec

MINIMUM = 50
LEAST_REAL = 2


def check_extractor(name: str, saved: SavedStatistics, extractor: Extractor) -> None:
    """Raise ScoreError where saved statistics say that another extractor made them."""
    if saved.extractor_sha256 in (None, extractor.sha256):
        return
    raise ScoreError(
        f"{name} holds statistics of the extractor '{saved.extractor}' "
        f"({(saved.extractor_sha256 or '')[:12]}), not of '{extractor.name}' ({extractor.sha256[:12]}).",
        "Compare features of one extractor only.",
    )


def check_samples(source: SampleSource, n: int, spec: DataSpec | None) -> None:
    """Raise ScoreError unless ``n`` samples are enough and have the reference's shape (None: any)."""
    if source.statistics is not None:
        return  # they have no rows to count
    if spec is not None and source.form is not None and source.form.shape != spec.shape:
        given, wanted = ("×".join(map(str, each)) for each in (source.form.shape, spec.shape))
        raise ScoreError(f"The samples are {given or 'scalars'}, but {spec.name} is {wanted}.")
    if (size := source.size(n)) < MINIMUM:
        raise ScoreError(f"There are {size} samples; a score needs at least {MINIMUM}.")


def check_reference(name: str, n: int) -> None:
    """Raise ScoreError for a reference of one sample, to which no distance can be measured."""
    if n == 1:
        raise ScoreError(f"The reference {name} has 1 sample; a score needs at least {LEAST_REAL} to compare with.")


def size_notes(first: SampleSource, second: SampleSource, extractor: Extractor) -> tuple[str, ...]:
    """One note for each way in which images of two sources differ and the extractor makes them alike."""
    if first.form is None or second.form is None:
        return ()
    one, other = first.form.shape, second.form.shape
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
