"""The images of a study as PNG files in memory: generated and real ones in one and the same way."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import quantise
from ganzoo.generator.engine import Generator
from ganzoo.latents import generator as random
from ganzoo.lettering import Word, lettered
from ganzoo.pictures.canvas import save_image
from ganzoo.rating.questions import CHECK, REAL
from ganzoo.rating.study import POOL, onnx_of
from ganzoo.scoring.features import Progress, silent

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.rating.study import Study
    from ganzoo.types import Array

_WORDS = ("REAL", "FAKE")
_SIDE = 64


class Images:
    """What a study shows: uint8 [POOL, C, H, W] of each model, and up to POOL held-out real ones."""

    def __init__(self, pools: Mapping[str, Array]) -> None:
        self._pools = pools

    @classmethod
    def of(cls, study: Study, dataset: Dataset, *, device: str = "auto", progress: Progress = silent) -> Images:
        """Sample every model. Raises what opening a generator does."""
        pools: dict[str, Array] = {}
        for model in study.models:
            progress("models", len(pools), len(study.models))
            generator = Generator(onnx_of(model), device=device)
            pools[model.variant] = quantise(generator.sample(POOL, study.seed))
        progress("models", len(pools), len(study.models))
        heldout = dataset.heldout.x
        chosen = random(study.seed, "real images to judge").permutation(len(heldout))[:POOL]
        return cls(pools | {REAL: heldout[np.sort(chosen)]})

    @property
    def real(self) -> int:
        """How many real ones there are."""
        return len(self._pools[REAL])

    def _pixels(self, source: str, index: int) -> Array:
        return _word(_WORDS[index]) if source == CHECK else self._pools[source][index]

    def png(self, source: str, index: int) -> bytes:
        """One image, as it is, without a word on where it comes from."""
        return _png(self._pixels(source, index))

    def mask(self, source: str, index: int) -> bytes:
        """What covers an image after its time: its own squares, up to a quarter of its side each, in another order."""
        pixels = self._pixels(source, index)
        channels, height, width = pixels.shape
        most = max(1, min(height, width) // 4)
        side = next(each for each in range(most, 0, -1) if not (height % each or width % each))
        parts = pixels.reshape(channels, height // side, side, width // side, side).transpose(1, 3, 0, 2, 4)
        flat = parts.reshape(-1, channels, side, side)
        mixed = flat[random(index, f"mask {source}").permutation(len(flat))].reshape(parts.shape)
        return _png(mixed.transpose(2, 0, 3, 1, 4).reshape(pixels.shape))


def _word(text: str) -> Array:
    """A word, white on black: uint8 [3, 64, 64]."""
    canvas = lettered(np.zeros((_SIDE, _SIDE, 3), np.uint8), [Word(text, _SIDE / 2, _SIDE / 2, "mm")])
    return canvas.transpose(2, 0, 1)


def _png(pixels: Array) -> bytes:
    file = io.BytesIO()
    save_image(pixels, file)
    return file.getvalue()
