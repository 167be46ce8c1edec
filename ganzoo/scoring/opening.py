"""What a path or text stands for as samples: a run, an ONNX generator, a folder, an npz, a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.data import folder, load, npz
from ganzoo.data.archive import Archive
from ganzoo.data.builtin import builtin_sources
from ganzoo.data.reference import FOLDER, FORMS, NPZ, parse
from ganzoo.errors import ModelError, UsageError
from ganzoo.files import exists, readable
from ganzoo.generator.flags import NOTHING_TO_ACT_ON
from ganzoo.generator.foreign import is_foreign, open_generator
from ganzoo.scoring.samples import GeneratorSource, StatisticsSource
from ganzoo.scoring.statistics_file import read_features, read_statistics
from ganzoo.scoring.stored import ArraySource, FeatureSource, FolderSource
from ganzoo.training.runs import MANIFEST, ONNX, RunFolder

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset, Source
    from ganzoo.generator.foreign import Reading
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import DataSpec


def open_source(
    source: str | Path,
    *,
    reading: Reading | None = None,
    data: DataSpec | None = None,
    device: str = "auto",
    threads: int = 1,
    datasets: Mapping[str, Source] | None = None,
    data_dir: Path | None = None,
) -> SampleSource:
    """Open a run folder, an ONNX generator, a folder of images, an npz or npy file, or a dataset's training split.

    A text is read by ``ganzoo.data.reference``: ``folder:DIR`` is the folder, with its images as they are, or at one
    size where ``?size=64`` follows; ``digits`` is one of ``datasets`` (default: ganzoo's own) unless there is a file or
    folder of that name, which is said then. A ``Path`` is a path.

    An npz holds features (``features``), samples (``x``) or statistics (``mu``, ``sigma``); of one that holds several
    the first of these is used, and ``notes`` of the source name them. ``reading`` says how to read a generator that is
    not ganzoo's, ``data`` the form it is compared with. Raises UsageError, ModelError or DataError with one sentence
    where it is none of these or damaged.
    """
    known = {each.name: each for each in builtin_sources()} if datasets is None else datasets
    found = parse(source, known, data_dir, path_first=True)
    path = found.path
    opened: GeneratorSource | ArraySource | FolderSource | FeatureSource | StatisticsSource
    if path is not None and not found.prefixed and is_generator(path):
        if found.sizing is not None:
            raise UsageError(f"{path} is a run, and only folders of images are read by '?{found.sizing.text}'.")
        if not exists(path):
            hint = f"Name a run's folder, an .onnx file, {FORMS}, or one of the datasets {', '.join(sorted(known))}."
            raise ModelError(f"There is no file or folder {path}.", hint)
        opened = _generator(path, _name(path), reading, data, device, threads)
    elif reading is not None:
        raise UsageError(f"{source} is no ONNX file: {NOTHING_TO_ACT_ON}")
    elif path is None:
        opened = _training_split(load(found.text, known, data_dir))
    elif found.dataset == FOLDER:
        images = folder.ImageFiles(path, found.sizing)
        name = f"{_name(path)}?{found.sizing.text}" if found.sizing else _name(path)
        opened = FolderSource(name, images, images.labels, images.class_names, images.notes)
    elif found.dataset == NPZ:
        opened = _arrays(path, _name(path))
    else:
        raise UsageError(f"{path} is neither a run folder, an .onnx, .npz or .npy file nor a folder of images.")
    return replace(opened, notes=(*found.notes, *opened.notes)) if found.notes else opened


@dataclass(frozen=True)
class Opener:
    """How one command opens its sources: ``reading`` says it of every one that is a foreign generator.

    Opening raises UsageError where there is a reading, but none of ``sources`` is such a generator.
    """

    sources: Sequence[str | Path | None]
    datasets: Mapping[str, Source]
    reading: Reading | None = None
    data_dir: Path | None = None
    device: str = "auto"
    threads: int = 1

    def __call__(self, source: str | Path, data: DataSpec | None = None) -> SampleSource:
        """Open one of the sources; ``data`` is the form of what it is compared with."""
        reading = self.reading if not self.foreign or source in self.foreign else None
        try:
            return open_source(
                source,
                reading=reading,
                data=data,
                device=self.device,
                threads=self.threads,
                datasets=self.datasets,
                data_dir=self.data_dir,
            )
        except UsageError as error:
            if reading is None or len(self.foreign) < 2:
                raise
            files = " and ".join(map(str, self.foreign))
            hint = f"The flags act on {files} alike: where these differ, 'ganzoo export' each first."
            raise UsageError(error.message, f"{error.hint} {hint}".strip()) from error

    @cached_property
    def foreign(self) -> tuple[str | Path, ...]:
        """The sources that a reading is for."""
        if self.reading is None:
            return ()
        named = (source for source in dict.fromkeys(self.sources) if source is not None)
        return tuple(source for source in named if self._is_foreign(source))

    def _is_foreign(self, source: str | Path) -> bool:
        path = parse(source, self.datasets, self.data_dir, path_first=True).path
        return path is not None and path.is_file() and path.suffix.lower() == ".onnx" and is_foreign(path)


def is_generator(path: Path) -> bool:
    """Whether a path is a run folder or an ONNX file; a path that does not exist is taken for one."""
    return path.suffix.lower() == ".onnx" or not exists(path) or (path / MANIFEST).is_file()


def generator_path(source: Path) -> Path:
    """The ONNX file that a path stands for: itself, or the one in the run folder.

    Raises Damaged where it is that of a run, but no longer the file that the run made.
    """
    onnx = source / ONNX if source.is_dir() else source
    if not onnx.is_file():
        missing = f"{source} holds no {ONNX}." if source.is_dir() else f"There is no file or folder {source}."
        raise ModelError(missing, "Name a finished run's folder or an .onnx file.")
    run = RunFolder(onnx.parent)
    if onnx.name == ONNX and run.file(MANIFEST).is_file() and (damage := run.generator_damage(run.manifest())):
        raise damage
    return onnx


def _name(path: Path) -> str:
    return readable(path.name or path.resolve().name)


def _training_split(dataset: Dataset) -> ArraySource:
    spec, train = dataset.spec, dataset.train
    used = f"{spec.name}: the {len(train)} samples of its training split are used"
    return ArraySource(spec.name, spec.kind, train.x, train.y, dataset.class_names, (*dataset.notes, used))


def _arrays(path: Path, name: str) -> FeatureSource | ArraySource | StatisticsSource:
    with Archive(path) as archive:
        held = npz.holdings(archive.keys)
        notes = npz.choice(name, archive.keys, used=next(iter(held), ""))
        if "features" in held:
            return FeatureSource(name, read_features(archive), notes=notes)
        if "samples" in held or not held:
            kind, x, labels = npz.read_samples(archive)
            return ArraySource(name, kind, x, labels, notes=notes)
        return StatisticsSource(name, read_statistics(archive), notes)


def _generator(
    path: Path, name: str, reading: Reading | None, data: DataSpec | None, device: str, threads: int
) -> GeneratorSource:
    generator = open_generator(generator_path(path), reading, data, device=device, threads=threads)
    run = RunFolder(path)
    reported = run.manifest().reported if exists(run.file(MANIFEST)) else ()
    return GeneratorSource(name, generator, generator.notes, reported)
