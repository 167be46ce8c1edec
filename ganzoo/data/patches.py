"""Colour images that need no download: crops of the two photographs that come with scikit-learn.

Both are JPEG files of 427×640 pixels from Flickr, CC BY 2.0: ``china.jpg`` by danielbuechele, ``flower.jpg`` by
vultilion. Their columns are cut into eight bands of BAND pixels, the first TRAINING of which are trained on and the
rest held out: no pixel of a held-out crop is one of a training crop, and both splits see all of a photograph. Wider
bands have more crops, but the splits then show different things: by where they begin, the Fréchet distance of one
from the other is 97 to 105 with bands of 80 pixels, 101 to 182 with bands of 128 or 160 (``natural-96``). With the
photographs at half their size a crop shows more, and that distance is twice as large.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.data.base import Dataset, Split
from ganzoo.errors import DataError
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.types import Array

HEIGHT, WIDTH, SIDE = 427, 640, 32
BAND = 80
TRAINING = 44
"""Columns of each band that are trained on; the other 36 are held out."""
STRIDE = 4
"""Pixels from one crop to the next, down and across: neighbours share seven eighths, and no two are equal."""

PHOTOGRAPHS = {
    "china": "e701459344fd69797154c91add3bb5d70e5ed1a61d8bed889bab3a796104698d",
    "flower": "3202904ed246795bf616c66d7859cd7c6080eff736c6e38dc5cc62779742033f",
}
"""The classes, and the sha256 of each photograph's pixels as libjpeg-turbo decodes them (uint8 [427, 640, 3])."""


def load_patches() -> Dataset:
    """6336 training and 3168 held-out crops, uint8 [N, 3, 32, 32], half of each photograph, which is their label.

    In order of photograph, row and column. JPEG leaves decoders some freedom in the inverse cosine transform (these
    files have their colours in full, so that nothing else is left to them): where one gives other pixels than those of
    PHOTOGRAPHS, a note says so, and the digest is another. Raises DataError for a photograph of another size.
    """
    photographs = {name: _photograph(name) for name in PHOTOGRAPHS}
    spec = DataSpec(name="patches", kind="image", shape=(3, SIDE, SIDE), classes=len(PHOTOGRAPHS))
    train, heldout = (_split(spec, list(photographs.values()), *part) for part in ((0, TRAINING), (TRAINING, BAND)))
    return Dataset(spec, train, heldout, tuple(PHOTOGRAPHS), notes=_notes(photographs))


def _photograph(name: str) -> Array:
    from sklearn.datasets import load_sample_image

    pixels: Array = np.ascontiguousarray(load_sample_image(f"{name}.jpg"))
    if pixels.shape != (HEIGHT, WIDTH, 3) or pixels.dtype != np.uint8:
        raise DataError(
            f"scikit-learn's {name}.jpg is {pixels.dtype}{list(pixels.shape)}, not uint8[{HEIGHT}, {WIDTH}, 3].",
            "Install another version of scikit-learn.",
        )
    return pixels


def _split(spec: DataSpec, photographs: list[Array], first: int, end: int) -> Split:
    """All crops that lie within the columns ``first`` to ``end`` of some band."""
    tops = range(0, HEIGHT - SIDE + 1, STRIDE)
    lefts = [left for band in range(0, WIDTH, BAND) for left in range(band + first, band + end - SIDE + 1, STRIDE)]
    x = np.stack(
        [pixels[top : top + SIDE, left : left + SIDE] for pixels in photographs for top in tops for left in lefts]
    )
    y = np.repeat(np.arange(len(photographs), dtype=np.int64), len(tops) * len(lefts))
    return Split(spec, np.ascontiguousarray(x.transpose(0, 3, 1, 2)), y)


def _notes(photographs: dict[str, Array]) -> tuple[str, ...]:
    found = {name: hashlib.sha256(pixels.tobytes()).hexdigest() for name, pixels in photographs.items()}
    differing = [f"{name}.jpg" for name, digest in found.items() if digest != PHOTOGRAPHS[name]]
    if not differing:
        return ()
    return (
        f"the JPEG decoder of this Pillow gives other pixels for {' and '.join(differing)} than libjpeg-turbo, so the "
        "digest is another, and so are the protocols: scores do not compare with those made elsewhere",
    )
