"""The whole zoo from Python: the functions behind the command line.

import ganzoo

run = ganzoo.train("dcgan", data="digits", options={"steps": 500})
gan = ganzoo.load(run.path)
x = gan.sample(64, seed=0)
print(ganzoo.score(run.path, data="digits").estimates["fid"])
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import registry as registries
from ganzoo.data import folder, npz, scale
from ganzoo.data import load as load_data
from ganzoo.engine import Generator
from ganzoo.errors import ModelError, UsageError
from ganzoo.loop import Observer, ignore_events
from ganzoo.plugins import Zoo
from ganzoo.runs import MANIFEST, ONNX, RunFolder, RunStore
from ganzoo.scoring import Judge, Score
from ganzoo.training import train as train_run

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.registry import Registry
    from ganzoo.types import FloatArray

RUNS = Path("runs")


def train(
    variant: str,
    data: str = "digits",
    *,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    device: str = "cpu",
    data_dir: str | Path | None = None,
    runs: str | Path = RUNS,
    quick: bool = False,
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    observer: Observer = ignore_events,
) -> RunFolder:
    """Train a variant, starting from its recipe for these data; ``options`` win over the recipe.

    Returns the run's folder (``.path``, ``.manifest()``). Work already done is returned at once, work interrupted is
    resumed. Raises a ganzoo.GanzooError with one sentence on anything that is wrong.
    """
    registry = registry or registries.load()
    zoo = zoo or Zoo.discover(registry)
    plugin = zoo.load(variant)
    recipe = registry.recipe_options(variant, data, quick)
    return train_run(
        plugin,
        dataset(data, data_dir, zoo=zoo),
        recipe,
        options or {},
        reference=data,
        seed=seed,
        device=device,
        store=RunStore(Path(runs)),
        quick=quick,
        observer=_observed(zoo, observer),
    )


def load(source: str | Path, *, device: str = "auto", threads: int = 1) -> Generator:
    """Open the generator of a run folder, or an ONNX file. Needs no framework."""
    return Generator(generator_path(Path(source)), device=device, threads=threads)


def generator_path(source: Path) -> Path:
    """The ONNX file that a path stands for: itself, or the one in the run folder."""
    if source.is_dir():
        onnx = source / ONNX
        if not onnx.is_file():
            raise ModelError(f"{source} holds no {ONNX}.", "Name a finished run's folder or an .onnx file.")
        return onnx
    if not source.is_file():
        raise ModelError(f"There is no file or folder {source}.", "Name a run's folder or an .onnx file.")
    return source


def sample(source: str | Path, n: int, *, seed: int = 0, label: int | None = None, device: str = "auto") -> FloatArray:
    """Draw n samples: float32 [n, C, H, W] in [-1, 1], or [n, d] for points."""
    return load(source, device=device).sample(n, seed, label=label)


def score(
    source: str | Path,
    data: str = "digits",
    *,
    data_dir: str | Path | None = None,
    n: int | None = None,
    device: str = "auto",
    registry: Registry | None = None,
    zoo: Zoo | None = None,
) -> Score:
    """Score a run folder, an ONNX file, an npz of images or points, or a folder of images against a dataset.

    ``n`` draws another number of samples than the dataset's protocol says.
    """
    registry = registry or registries.load()
    zoo = zoo or Zoo.discover(registry)
    path = Path(source)
    if not _is_generator(path):
        samples = read_samples(path)
        return judge_of(zoo, registry, data, data_dir=data_dir, device=device, n=n).score(samples)
    generator = load(path, device=device)
    return judge_of(zoo, registry, data, data_dir=data_dir, device=device, n=n).score_generator(generator)


def data_of(source: str | Path) -> str:
    """The dataset that a run folder's generator was trained on; "digits" for anything else."""
    folder = RunFolder(Path(source))
    return folder.manifest().data_reference if folder.file(MANIFEST).is_file() else "digits"


def _is_generator(source: Path) -> bool:
    return source.suffix == ".onnx" or (source / MANIFEST).is_file() or not source.exists()


def read_samples(source: Path) -> FloatArray:
    """All images or points of an npz file or of a folder of images, in their order and the generator's range."""
    if source.is_dir():
        return scale("image", folder.read_samples(source))
    if source.suffix != ".npz":
        raise UsageError(f"{source} is neither a run folder, an .onnx file, an .npz file nor a folder of images.")
    return scale(*npz.read_samples(source))


def dataset(data: str, data_dir: str | Path | None = None, *, zoo: Zoo | None = None) -> Dataset:
    """Load a dataset by name, such as ``digits`` or ``folder:DIR``: it has ``.spec``, ``.train`` and ``.heldout``."""
    zoo = zoo or Zoo.discover()
    return load_data(data, zoo.datasets(), Path(data_dir) if data_dir is not None else None)


def judge_of(
    zoo: Zoo,
    registry: Registry,
    data: str,
    *,
    data_dir: str | Path | None = None,
    device: str = "auto",
    n: int | None = None,
) -> Judge:
    """The judge of a dataset, by the registry's protocol for it."""
    entry = registry.datasets.get(data)
    metrics = list(zoo.metrics().values())
    return Judge(dataset(data, data_dir, zoo=zoo), entry, zoo.extractors(), metrics, device=device, n_fake=n)


def _observed(zoo: Zoo, then: Observer) -> Observer:
    """Pass events to the caller and to every installed observer."""

    def both(event: str, fields: dict[str, Any]) -> None:
        then(event, fields)
        for failure in zoo.emit(event, fields):
            then("warning", {"text": failure})

    return both
