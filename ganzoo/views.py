"""``ganzoo.picture``: samples of a generator as a picture of a chosen kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import registry as registries
from ganzoo.api import data_of, dataset, load, setup_of
from ganzoo.errors import UsageError
from ganzoo.files import exists, expanded
from ganzoo.latents import generator as random
from ganzoo.pictures import walks
from ganzoo.pictures.clouds import PointGroup
from ganzoo.pictures.frames import save_animation
from ganzoo.pictures.neighbours import save_neighbours
from ganzoo.pictures.samples import save_folder, save_npz, save_samples
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.neighbours import surroundings
from ganzoo.scoring.setup import Terms
from ganzoo.training.frames import read_frames
from ganzoo.training.runs import FRAMES, MANIFEST, RunFolder
from ganzoo.types import TRAINED

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.generator.foreign import Reading
    from ganzoo.registry import Registry
    from ganzoo.types import DataSpec

_BEHIND = 2000
"""Points of the data that are drawn behind a path."""


@dataclass(frozen=True)
class Picture:
    """What was drawn."""

    path: Path
    samples: int
    variant: str
    provider: str
    notes: tuple[str, ...] = ()
    """What a reader must know of the samples, in sentences without their full stops."""
    frames: int = 0
    """Of an animation."""


@dataclass(frozen=True)
class _Request:
    """What every kind of picture is made of."""

    source: Path
    path: Path
    n: int | None
    seed: int
    label: int | str | None
    data: str | None
    data_dir: str | Path | None
    device: str
    extractor: str | None
    registry: Registry | None
    zoo: Zoo | None
    progress: Progress


def picture(
    source: str | Path,
    output: str | Path | None = None,
    n: int | None = None,
    *,
    grid: tuple[int, int] | None = None,
    interpolate: int | None = None,
    traverse: str | None = None,
    per_class: bool = False,
    neighbours: int | None = None,
    gif: bool = False,
    seed: int = 0,
    label: int | str | None = None,
    data: str | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    extractor: str | None = None,
    reading: Reading | None = None,
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    progress: Progress = silent,
) -> Picture:
    """Draw samples of a run folder or an ONNX file into a PNG, samples.png; without another wish ``n`` on a grid.

    At most one of: ``grid`` (rows, columns), a grid of just that shape; ``interpolate`` so many pictures from one
    sample to the next in each row; ``traverse`` one code, "c0", in each row; ``per_class``, a row per class;
    ``neighbours``, each sample beside so many training samples, the nearest ones; ``gif``, what a run's generator made
    of the same latents while it was trained, as an animation, samples.gif. ``n`` is how many samples there are, of
    ``interpolate`` and ``traverse`` how many rows; of ``gif`` the run has chosen all samples. ``data`` are the training
    samples, which points are also drawn in front of, by default those of the run; ``extractor`` says by which features
    ``neighbours`` are near, by default those that the data are scored by. The same arguments give the same bytes.

    Raises UsageError where two kinds are asked for, or one that this generator cannot be drawn as.
    """
    kinds = {"grid": grid, "interpolate": interpolate, "traverse": traverse, "per_class": per_class or None}
    kinds |= {"neighbours": neighbours, "gif": gif or None}
    kind = _one_of({name: value for name, value in kinds.items() if value is not None})
    form = ".gif" if kind == "gif" else ".png"
    path = expanded(output or f"samples{form}")
    if path.suffix.lower() != form:
        what = "An animation" if kind == "gif" else "A picture"
        raise UsageError(f"{what} is written as {form}, not as '{path.name}'.", "Name the output so.")
    _check_free(kind, n, label)
    if kind == "gif":
        _check_fixed(n, seed, label)
        return animation(expanded(source), path)
    if extractor is not None and kind != "neighbours":
        raise UsageError(f"The extractor {extractor} has no say here.", "It goes with neighbours.")
    given = (data, data_dir, device, extractor, registry, zoo, progress)
    request = _Request(expanded(source), path, n, seed, label, *given)
    generator = load(request.source, device=device, reading=reading)
    return _picture(generator, path, _KINDS[kind](generator, request, kinds.get(kind)))


def files(
    source: str | Path,
    output: str | Path,
    n: int,
    *,
    folder: bool = False,
    seed: int = 0,
    label: int | str | None = None,
    device: str = "auto",
    reading: Reading | None = None,
) -> Picture:
    """Write n samples as an npz, or, into a new ``folder``, as a PNG each."""
    generator, path = load(source, device=device, reading=reading), expanded(output)
    (save_folder if folder else save_npz)(generator, path, n, seed, label)
    return _picture(generator, path, n)


def _picture(generator: Generator, path: Path, drawn: int) -> Picture:
    notes = (*generator.notes, *([generator.clipped] if generator.clipped else []))
    return Picture(path, drawn, generator.info.variant, generator.provider, notes)


def _one_of(given: Mapping[str, Any]) -> str:
    """The kind of picture that was asked for; "" for none in particular."""
    if len(given) > 1:
        first, second = list(given)[:2]
        raise UsageError(f"{first} and {second} are two pictures.", "Ask for one at a time.")
    return next(iter(given), "")


def _check_free(kind: str, n: int | None, label: int | str | None) -> None:
    if kind == "grid" and n is not None:
        raise UsageError(
            f"A grid of a given shape has as many samples as places, not {n}.", "Leave -n or the grid out."
        )
    if kind == "per_class" and label is not None:
        raise UsageError(f"Of the class {label} alone there is no row per class.", "Leave the label or per_class out.")


def _check_fixed(n: int | None, seed: int, label: int | str | None) -> None:
    """Raise UsageError for what has no say where samples were drawn long ago."""
    given = {"n": n, "seed": seed or None, "label": label}
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"{name} {value} has no say in a GIF, whose samples a run drew long ago.", "Leave it out.")


def animation(source: Path, path: Path) -> Picture:
    """Draw the frames of a run. Raises UsageError for what is no run or has none, Damaged for ones that are damaged."""
    folder = RunFolder(source)
    if source.is_file():
        raise UsageError(
            f"{source} is a file; frames are what a run keeps while it trains.", "Name the folder of a run."
        )
    manifest, frames = folder.manifest(), read_frames(folder.file(FRAMES))
    if frames is None and manifest.role not in TRAINED:
        raise UsageError(f"{source} has no {FRAMES}: a {manifest.role} keeps none.", "Name the run of a model.")
    if frames is None and manifest.imported:
        raise UsageError(f"{source} has no {FRAMES}: it was trained elsewhere.", "Name a run that was trained here.")
    if frames is None:
        raise UsageError(
            f"{source} has no {FRAMES}: it is older than they are, or its plugin could not give any.",
            "Name another run, or remove this one and train it again.",
        )
    save_animation(frames.steps, frames.x, path, frames.behind)
    return Picture(path, frames.x.shape[1], manifest.variant, "", frames=len(frames.steps))


def _plain(generator: Generator, request: _Request, _: Any) -> int:
    return save_samples(generator, request.path, request.n, request.seed, request.label)


def _grid(generator: Generator, request: _Request, shape: tuple[int, int]) -> int:
    return walks.save_exact_grid(generator, request.path, *shape, request.seed, request.label)


def _interpolation(generator: Generator, request: _Request, steps: int) -> int:
    rows = request.n or walks.ROWS
    behind = _behind(generator, request) if generator.data.kind == "points" else None
    return walks.save_interpolation(generator, request.path, steps, rows, request.seed, request.label, behind=behind)


def _traversal(generator: Generator, request: _Request, code: str) -> int:
    rows = request.n or walks.ROWS
    return walks.save_traversal(generator, request.path, code, rows, request.seed, request.label)


def _classes(generator: Generator, request: _Request, _: Any) -> int:
    return walks.save_classes(generator, request.path, request.n, request.seed)


def _neighbours(generator: Generator, request: _Request, k: int) -> int:
    if k < 1:
        raise UsageError(f"There are no {k} neighbours.", "Ask for 1 or more.")
    if request.data is None and not _is_run(request):
        raise UsageError(f"{request.source} does not say where its training samples are.", "Name them: --data NAME.")
    registry = request.registry or registries.load()
    zoo, data, terms = (
        request.zoo or Zoo.discover(registry),
        _data(request),
        Terms(device=request.device, extractor=request.extractor),
    )
    setup = setup_of(zoo, registry, data, data_dir=request.data_dir, terms=terms, progress=request.progress)
    if setup.side.spec:
        _check_shape(generator, setup.side.spec)
    x = generator.sample(request.n or walks.ROWS, request.seed, label=request.label)
    found = surroundings(setup, x, k)
    title = f"{generator.info.variant}: the nearest in {setup.side.name}, by features of {setup.extractor.name}"
    behind = _behind(generator, request) if generator.data.kind == "points" else None
    save_neighbours(x, found.train, found.distances, request.path, title=title, behind=behind)
    return len(x)


_KINDS: Mapping[str, Callable[[Generator, _Request, Any], int]] = {
    "": _plain,
    "grid": _grid,
    "interpolate": _interpolation,
    "traverse": _traversal,
    "per_class": _classes,
    "neighbours": _neighbours,
}


def _is_run(request: _Request) -> bool:
    return exists(RunFolder(request.source).file(MANIFEST))


def _data(request: _Request) -> str:
    return request.data or data_of(request.source)


def _behind(generator: Generator, request: _Request) -> PointGroup:
    """Training points where it is known which, else the generator's own."""
    if request.data is None and not _is_run(request):
        return PointGroup("other samples", generator.sample(_BEHIND, request.seed, label=request.label))
    loaded = dataset(_data(request), request.data_dir, zoo=request.zoo)
    _check_shape(generator, loaded.spec)
    chosen = random(0, "points behind a path").permutation(len(loaded.train))[:_BEHIND]
    return PointGroup(loaded.spec.name, loaded.train.scaled()[chosen])


def _check_shape(generator: Generator, spec: DataSpec) -> None:
    """Raise UsageError for data that this generator cannot have been trained on."""
    if spec.shape != generator.data.shape:
        given, made = ("×".join(map(str, shape)) for shape in (spec.shape, generator.data.shape))
        raise UsageError(
            f"{spec.name} is {given}, but {generator.info.variant} makes {made}.",
            "Name the data that it was trained on.",
        )
