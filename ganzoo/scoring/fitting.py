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


def check_samples(source: SampleSource, n: int, spec: DataSpec | None, extractor: Extractor) -> None:
    """Raise ScoreError unless ``n`` samples are enough, have the reference's shape (None: any) and one to extract."""
    if source.statistics is not None:
        return  # they have no rows to count
    check_shapes(source, spec)
    check_sizes(source, extractor)
    if (size := source.size(n)) < MINIMUM:
        raise ScoreError(f"There are {size} samples; a score needs at least {MINIMUM}.")


def check_shapes(source: SampleSource, wanted: DataSpec | None) -> None:
    """Raise ScoreError unless samples have the wanted shape (None: any)."""
    form = source.form
    if form is None or wanted is None or form.shape == wanted.shape:
        return
    given = "of several sizes" if several_sizes(form) else _shape(form)
    alike = form.shape[:1] == wanted.shape[:1] and len(wanted.shape) == len(form.shape) == 3
    raise ScoreError(
        f"The samples are {given}, but {wanted.name} is {_shape(wanted)}.",
        _as_sized(source, wanted.shape) if alike else "",
    )


def check_sizes(source: SampleSource, extractor: Extractor) -> None:
    """Raise ScoreError for images of several sizes where the extractor takes one."""
    needed: tuple[int, int] | None = getattr(extractor, "fixed_size", None)
    if needed is not None and several_sizes(source.form):
        raise ScoreError(
            f"{source.name} has images of several sizes, but the extractor '{extractor.name}' takes {_pixels(needed)} "
            "pixels only.",
            _as_sized(source, needed),
        )


def several_sizes(form: DataSpec | None) -> bool:
    """Whether samples are images that differ in size."""
    return form is not None and len(form.shape) == 3 and 0 in form.shape


def _as_sized(source: SampleSource, size: tuple[int, ...]) -> str:
    sized = source.sized(*size[-2:])
    return f"Write '{sized}' (or fit=pad, or fit=stretch)." if sized else ""


def _shape(form: DataSpec) -> str:
    return "×".join(map(str, form.shape)) or "scalars"


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
    each = several_sizes(first.form) or several_sizes(second.form)
    if each or one[1:] != other[1:]:
        them, resized = ("each as it is", "each is") if each else ("both as they are", "both are")
        to = getattr(extractor, "size", None)
        done = f"{resized} resized to {_pixels(to)}" if to else f"the extractor '{extractor.name}' takes {them}"
        sizes = dict.fromkeys(_size(source.name, source.form.shape) for source in (first, second) if source.form)
        notes.append(f"{', '.join(sizes)}: {done}")
    if one[0] != other[0]:
        grey, colour = (first, second) if one[0] < other[0] else (second, first)
        notes.append(f"{grey.name} is grey, {colour.name} has colour: its one channel is repeated")
    return tuple(notes)


def _size(name: str, shape: tuple[int, ...]) -> str:
    return f"{name} has images of several sizes" if 0 in shape else f"{name} has {_pixels(shape[1:])} pixels"


def _pixels(size: tuple[int, ...]) -> str:
    """Of (height, width)."""
    return f"{size[0]}×{size[1]}"
