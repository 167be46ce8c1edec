"""Which feature extractors there are: shipped, made from installed weights, imported; and which is the default."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import ModelError
from ganzoo.extractors import natural
from ganzoo.extractors.base import PIXELS, ExtractorSource, OnnxExtractor, PixelExtractor, PointExtractor
from ganzoo.extractors.inception import LOGITS, TAPS
from ganzoo.files import cache_root, exists

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.types import DataSpec

INCEPTION = "inception"
_FULL_TAP = "2048"
_FILES = Path(__file__).parent / "weights"


def shipped_file(name: str) -> Path:
    """The ONNX file of an extractor that comes with ganzoo."""
    return _FILES / f"{name}.onnx"


def imported_file(name: str) -> Path:
    """Where 'ganzoo extractor import' puts an extractor; under $GANZOO_CACHE."""
    return cache_root() / "extractors" / f"{name}.onnx"


def _open(name: str, file: Path, tap: str, device: str, threads: int) -> Extractor:
    if tap == "features":
        return OnnxExtractor(name, file, device, threads)
    if not exists(file):
        raise ModelError(
            f"The extractor '{name}' is not imported yet.",
            f"Run 'ganzoo extractor import {INCEPTION}' (95 MB), or give it the file of the weights.",
        )
    # Logits need the whole network: a tap before its end goes without them, and costs less.
    return OnnxExtractor(name, file, device, threads, tap=tap, logits=LOGITS if tap == _FULL_TAP else "")


def _source(name: str, summary: str, file: Path, tap: str = "features") -> ExtractorSource:
    opened = functools.partial(_open, name, file, tap)
    return ExtractorSource(name=name, summary=summary, open=opened, file=file, tap=tap)


def _inception(tap: str) -> ExtractorSource:
    name = INCEPTION if tap == _FULL_TAP else f"{INCEPTION}-{tap}"
    summary = "the Inception of the FID, with logits" if tap == _FULL_TAP else f"layer {tap} of {INCEPTION}"
    return _source(name, summary, imported_file(INCEPTION), tap)


def shipped_extractors() -> list[ExtractorSource]:
    """The extractors that ganzoo knows by itself; the taps of Inception have to be imported before they open."""
    return [
        _source("digits", "small convolutional classifier of the 8×8 digits", shipped_file("digits")),
        _source("mnist", "small convolutional classifier of MNIST", shipped_file("mnist")),
        ExtractorSource(name="points", summary="points as they are", open=lambda device, threads: PointExtractor()),
        ExtractorSource(
            name=PIXELS,
            summary="mean-pooled pixels, for data without a classifier",
            open=lambda device, threads: PixelExtractor(),
        ),
        *natural.natural_extractors(),
        *(_inception(tap) for tap in (_FULL_TAP, *(tap for tap in TAPS if tap != _FULL_TAP))),
    ]


def builtin_extractors() -> list[ExtractorSource]:
    """Built-in extractors, and those that the user imported."""
    builtin = shipped_extractors()
    taken = {source.name for source in builtin}
    return builtin + [_source(name, "imported", imported_file(name)) for name in _imported() if name not in taken]


def _imported() -> list[str]:
    """The names of imported extractors; none of a cache that is another user's and cannot be read."""
    try:
        return [file.stem for file in sorted(imported_file(INCEPTION).parent.glob("*.onnx"))]
    except OSError:
        return []


def state_of(source: ExtractorSource) -> str:
    """Where an extractor is from, or why it cannot be opened yet, in a word or two; nothing is read."""
    if source.file is None:
        return "built in"
    if source.name in natural.SIDES:
        return "installed" if natural.available(source.name) else "not installed"
    if not exists(source.file):
        return "not imported"
    return "imported" if source.file.parent == imported_file(source.name).parent else "shipped"


def default_extractor(spec: DataSpec) -> str:
    """The extractor for data that no registry lists: for images the one for natural images, where it is installed."""
    if spec.kind == "points":
        return "points"
    return natural.DEFAULT if natural.available(natural.DEFAULT) else PIXELS
