"""The pictures of a variant's page: what its run has, and what its first seed draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ganzoo.errors import StoreError
from ganzoo.generator.engine import Generator
from ganzoo.leaderboard import gallery
from ganzoo.pictures.frames import SHOWN, save_strip
from ganzoo.pictures.walks import save_interpolation, save_traversal
from ganzoo.report.gathered import Row, Seed
from ganzoo.training.frames import read_frames
from ganzoo.training.runs import COPIES, FRAMES, ONNX, PICTURE, RunFolder

STEPS, ROWS, CODES = 9, 3, 4
"""Pictures of an interpolation, rows of it and of a traversal, and codes that are traversed at most."""
WORST = (
    "Of seed {}, the samples that come nearest to training samples, each with the training sample on its right: the "
    "number is the distance over that one's own nearest neighbour's; below 1 it counts as memorised"
)


class Drawing(NamedTuple):
    """One picture: the end of its file's name, what it shows, and how it is written."""

    end: str
    text: str
    write: Callable[[Path], object]


def drawings(row: Row) -> Iterator[Drawing]:
    """The pictures of a row whose runs are there, in the order of its page."""
    folders = [(seed, seed.folder) for seed in row.made if seed.folder is not None]
    if not folders:
        return
    seed, folder = folders[0]
    yield from _kept(folder, PICTURE, "", f"Samples of seed {seed.cells['seed']}, the first ones, not chosen")
    if len(folders) > 1:
        strips = [(f"seed {each.cells['seed']}", path) for each, path in folders]
        yield Drawing(
            "-seeds", "Seeds side by side, each from the same latents", lambda path: gallery.write(strips, path)
        )
    yield from _walks(seed, folder)
    yield from _kept(folder, COPIES, "-copies", WORST.format(seed.cells["seed"]))


def over_time(row: Row) -> Iterator[Drawing]:
    """What the first seed made of the same latents while it was trained, where its run kept that."""
    seed = next((each for each in row.made if each.folder is not None), None)
    frames = None
    with suppress(OSError, StoreError):  # a page has what can be read
        frames = read_frames(seed.folder.file(FRAMES)) if seed and seed.folder else None
    if seed is None or frames is None:
        return
    what = (
        f"each column one latent, the samples 0 to {min(SHOWN, frames.x.shape[1]) - 1} of its stream"
        if frames.x.ndim == 5
        else "from the same latents, in front of training points in grey and on one scale"
    )
    *before, last = (f"{step:,}" for step in frames.steps)
    steps = f"{', '.join(before)} and {last}" if before else last
    text = f"What the generator of seed {seed.cells['seed']} made after {steps} steps: {what}"
    yield Drawing("-time", text, lambda path: save_strip(frames.steps, frames.x, path, frames.behind))


def _kept(folder: RunFolder, name: str, end: str, text: str) -> Iterator[Drawing]:
    """A picture of the run itself, where it has it."""
    source = folder.file(name)
    if source.is_file():
        yield Drawing(end, text, lambda path: path.write_bytes(source.read_bytes()))


def _walks(seed: Seed, folder: RunFolder) -> Iterator[Drawing]:
    """From sample to sample, and along each code."""
    generator, of = Generator(folder.file(ONNX), device="cpu"), f"of seed {seed.cells['seed']}"
    text = f"From sample to sample {of}: 0 to 1, 2 to 3, 4 to 5"
    yield Drawing("-between", text, lambda path: save_interpolation(generator, path, STEPS, ROWS))
    codes = bool(generator.latent.categorical) + generator.latent.continuous
    for code in [f"c{i}" for i in range(min(codes, CODES))]:
        text = f"The code {code} {of} along its values, the rest as in samples 0, 1, 2"
        yield Drawing(f"-{code}", text, partial(save_traversal, generator, code=code, rows=ROWS))
