"""``ganzoo.pairs``: how alike images are, pair by pair."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo import registry as registries
from ganzoo.api import data_of
from ganzoo.errors import UnknownName
from ganzoo.extractors.catalogue import default_extractor
from ganzoo.files import expanded
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.opening import Opener
from ganzoo.scoring.pairs import Likeness, diversity, likeness
from ganzoo.training.runs import MANIFEST, RunFolder

if TYPE_CHECKING:
    from ganzoo.extractors.base import ExtractorSource
    from ganzoo.generator.foreign import Reading
    from ganzoo.registry import Registry
    from ganzoo.types import DataSpec

PAIRS = 1000


def pairs(
    first: str | Path,
    second: str | Path | None = None,
    *,
    n: int = PAIRS,
    seed: int = 0,
    extractor: str | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    threads: int = 1,
    reading: Reading | None = None,
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    progress: Progress = silent,
) -> Likeness:
    """Compare the images of two sources pair by pair, or, of one source alone, random pairs of its images.

    Sources are those of ``ganzoo.score``; of generators ``n`` pairs are drawn by ``seed``. ``extractor`` is whose
    layers ``perceptual`` compares. Raises a ganzoo.GanzooError with one sentence on anything that is wrong.
    """
    registry = registry or registries.load()
    zoo = zoo or Zoo.discover(registry)
    folder = None if data_dir is None else expanded(data_dir)
    opened = Opener((first, second), zoo.datasets(), reading, folder, device, threads)
    one = opened(first)
    other = None if second is None else opened(second, one.form)
    chosen = _extractor(extractor or _own(first, registry), one.form, zoo)
    if other is None:
        return diversity(one, chosen, n=n, seed=seed, device=device, threads=threads, progress=progress)
    return likeness(one, other, chosen, n=n, seed=seed, device=device, threads=threads, progress=progress)


def _own(source: str | Path, registry: Registry) -> str | None:
    """The extractor of the data that a run was trained on; None for anything else."""
    if not RunFolder(expanded(source)).file(MANIFEST).is_file():
        return None
    entry = registry.datasets.get(data_of(source))
    return entry.extractor if entry else None


def _extractor(name: str | None, form: DataSpec | None, zoo: Zoo) -> ExtractorSource:
    known = zoo.extractors()
    name = name or (default_extractor(form) if form else "pixels")
    if name not in known:
        raise UnknownName("extractor", name, known)
    return known[name]
