"""Frames: what a run's generator makes of the same few latents, kept in frames.npz now and then while it trains.

A frame is taken at the end of the first chunk that reaches its step, and the last one of the finished generator. The
file is written whole as soon as a frame is taken, which is before the next checkpoint: a run that goes on from one has
every frame up to it on the disk, takes those after it away, and takes them again with the same bits.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ganzoo import latents
from ganzoo.data.archive import Archive
from ganzoo.data.base import quantise
from ganzoo.errors import Damaged, DataError
from ganzoo.files import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from ganzoo.data.base import Split
    from ganzoo.types import Array, DataSpec, FloatArray, Kind, LatentSpec

SEED = 0
"""Of the sampling stream, in every run: variants and seeds are seen at the same latents, and the last frame shows what
``ganzoo sample`` draws by default."""
COUNT: Mapping[Kind, int] = {"image": 16, "points": 500}
"""Samples of a frame: a square of images that is small enough for a page, points that show a cloud."""
BEHIND = 1000
"""Training points kept beside those of the frames, so that a picture needs no data."""
LADDER: Mapping[Kind, tuple[int, ...]] = {"image": (1, 3), "points": (1,)}
"""Frames are taken after so many steps, and after 10, 100, 1,000 ... times as many: the first ten steps change a
generator as much as some thousand later on. A frame costs what building the networks does (3 to 75 ms), however small
they are; trainings on points are the short ones, so that they have half as many."""
_STEPS: Mapping[Kind, tuple[int, ...]] = {
    kind: tuple(first * 10**power for power in range(13) for first in firsts) for kind, firsts in LADDER.items()
}


def is_due(part: range, kind: Kind) -> bool:
    """Whether a frame is taken after this part of a training."""
    return bisect_right(_STEPS[kind], part.start) != bisect_right(_STEPS[kind], part.stop)


def inputs(latent: LatentSpec, kind: Kind) -> dict[str, Array]:
    """The fixed latents, and what else a generator takes."""
    return latents.samples(latent, seed=SEED, start=0, count=COUNT[kind])


@dataclass(frozen=True)
class Frames:
    """What frames.npz holds."""

    steps: tuple[int, ...]
    """Ascending."""
    x: Array
    """Of each step the same samples: uint8 [steps, n, C, H, W], or points, float32 [steps, n, d]."""
    behind: Array | None = None
    """Of points, some that were trained on: float32 [m, d]."""


def read_frames(path: Path) -> Frames | None:
    """What a run kept; None where there is no file. Raises Damaged for one that does not hold what was written."""
    if not path.is_file():
        return None
    try:
        with Archive(path) as archive:
            steps, x = archive.read("steps"), archive.read("x")
            behind = archive.read("behind") if "behind" in archive.keys else None
    except DataError as error:
        raise Damaged(path, error.message.rstrip(".")) from error
    if not (_are_steps(steps) and len(x) == len(steps) and _are_samples(x, behind)):
        raise Damaged(path, f"it holds steps {steps.dtype}{list(steps.shape)} and samples {x.dtype}{list(x.shape)}")
    return Frames(tuple(steps.tolist()), x, behind)


def _are_steps(steps: Array) -> bool:
    if steps.dtype != np.int64 or steps.ndim != 1 or len(steps) == 0:
        return False
    return bool(steps[0] > 0 and (np.diff(steps) > 0).all())


def _are_samples(x: Array, behind: Array | None) -> bool:
    if 0 in x.shape:
        return False
    if x.dtype == np.uint8:
        return x.ndim == 5 and behind is None
    points = (x, behind) if behind is not None else (x,)
    plain = all(each.dtype == np.float32 and np.isfinite(each).all() for each in points)
    return plain and x.ndim == 3 and (behind is None or (behind.ndim == 2 and behind.shape[1] == x.shape[2]))


class FrameFile:
    """The frames of a run that trains, in its frames.npz; ``warn`` hears what became of damaged ones."""

    def __init__(self, path: Path, data: Split, warn: Callable[[str], None] = lambda text: None) -> None:
        self._path = path
        self._spec: DataSpec = data.spec
        self._behind = _some(data) if data.spec.kind == "points" else None
        self._warn = warn
        self._kept: dict[int, Array] = {}

    def go_on_from(self, step: int) -> None:
        """Keep what is there up to ``step``, and nothing of later ones; 0 for a training that begins."""
        found = self._read()
        self._kept = {} if found is None else {at: x for at, x in zip(found.steps, found.x, strict=True) if at <= step}
        if not self._kept:
            self._path.unlink(missing_ok=True)
        elif found is not None and len(self._kept) < len(found.steps):
            self._write()

    def add(self, step: int, x: FloatArray) -> None:
        """Keep samples [n, *shape] in the generator's range; some that are not finite are left out."""
        if np.isfinite(x).all():
            self._kept[step] = quantise(np.clip(x, -1, 1)) if self._spec.kind == "image" else x.astype(np.float32)
            self._write()

    def _read(self) -> Frames | None:
        """None, too, for the frames of something else."""
        try:
            found = read_frames(self._path)
        except Damaged as error:
            self._warn(f"{error.message} Its frames are lost.")
            return None
        shape = (COUNT[self._spec.kind], *self._spec.shape)
        return found if found is not None and found.x.shape[1:] == shape else None

    def _write(self) -> None:
        steps = sorted(self._kept)
        arrays = {"steps": np.array(steps, np.int64), "x": np.stack([self._kept[step] for step in steps])}
        if self._behind is not None:
            arrays["behind"] = self._behind
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
        write_bytes(self._path, content.getvalue())


def _some(data: Split) -> FloatArray:
    """Training points from all over the data, in no order."""
    chosen = latents.generator(0, "points behind frames").permutation(len(data))[:BEHIND]
    return data.scaled()[chosen]
