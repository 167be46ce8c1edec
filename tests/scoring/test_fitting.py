"""Whether samples go together, and what is noted where an extractor makes them so."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from ganzoo.extractors.base import PixelExtractor
from ganzoo.scoring.fitting import size_notes
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.stored import ArraySource
from ganzoo.training.runs import RunFolder


def images(name: str, *shape: int) -> ArraySource:
    return ArraySource(name, "image", np.zeros((2, *shape), np.uint8))


def test_notes_on_images_that_the_extractor_makes_alike(gaussian: RunFolder) -> None:
    one = images("a", 1, 16, 16)
    assert size_notes(one, images("b", 1, 16, 16), PixelExtractor()) == ()
    assert size_notes(one, images("b", 3, 16, 16), PixelExtractor()) == (
        "a is grey, b has colour: its one channel is repeated",
    )
    assert size_notes(images("b", 3, 16, 16), one, PixelExtractor()) == (
        "a is grey, b has colour: its one channel is repeated",
    )
    free = SimpleNamespace(name="free", size=None)
    assert size_notes(one, images("b", 1, 20, 10), free) == (  # type: ignore[arg-type]
        "a has 16×16 pixels, b has 20×10 pixels: the extractor 'free' takes both as they are",
    )
    mixed = images("c", 1, 0, 0)
    assert size_notes(mixed, one, PixelExtractor()) == (
        "c has images of several sizes, a has 16×16 pixels: each is resized to 8×8",
    )
    assert size_notes(mixed, mixed, free) == (  # type: ignore[arg-type]
        "c has images of several sizes: the extractor 'free' takes each as it is",
    )
    generator = open_source(gaussian.path, device="cpu")
    assert size_notes(generator, one, PixelExtractor()) == (
        f"{generator.name} has 8×8 pixels, a has 16×16 pixels: both are resized to 8×8",
    )
    points = ArraySource("p", "points", np.zeros((2, 2), np.float32))
    assert size_notes(points, points, PixelExtractor()) == ()
