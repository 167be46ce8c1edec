"""The whole zoo from Python: the functions behind the command line.

import ganzoo

run = ganzoo.train("dcgan", data="digits", options={"steps": 500})
gan = ganzoo.load(run.path)
x = gan.sample(64, seed=0)
print(ganzoo.score(run.path, data="digits").estimates["fid"])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo import registry as registries
from ganzoo.data import load as load_data
from ganzoo.data.reference import parse, parse_dataset
from ganzoo.errors import UsageError
from ganzoo.files import exists, expanded
from ganzoo.generator.foreign import open_generator
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.compare import Compared, Comparison, compared
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.fitting import size_notes
from ganzoo.scoring.opening import Opener, generator_path
from ganzoo.scoring.protocol import DEFAULT_PROFILE, Score
from ganzoo.scoring.setup import Setup, Terms, dataset_setup, source_setup, sums_of
from ganzoo.scoring.statistics_file import save_statistics
from ganzoo.training.loop import Observer, ignore_events
from ganzoo.training.run import train as train_run
from ganzoo.training.runs import MANIFEST, RunFolder, RunStore

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.generator.engine import Generator
    from ganzoo.generator.foreign import Reading
    from ganzoo.metrics.sums import FeatureSums
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
    wait: bool = False,
) -> RunFolder:
    """Train a variant, starting from its recipe for these data; ``options`` win over the recipe.

    Returns the run's folder (``.path``, ``.manifest()``). Work already done is returned at once, work interrupted is
    resumed; a run that another process works on is an error, or with ``wait`` waited for. Raises a ganzoo.GanzooError
    with one sentence on anything that is wrong.
    """
    registry = registry or registries.load()
    zoo = zoo or Zoo.discover(registry)
    plugin = zoo.trainable(variant)
    data = reference_of(data, data_dir, zoo=zoo)
    recipe = registry.recipe_options(variant, data, quick)
    loaded = dataset(data, data_dir, zoo=zoo)
    for sentence in loaded.notes:
        observer("warning", {"text": sentence})
    return train_run(
        plugin,
        loaded,
        recipe,
        options or {},
        reference=data,
        seed=seed,
        device=device,
        store=RunStore(Path(runs)),
        quick=quick,
        observer=zoo.observed_by(observer),
        wait=wait,
    )


def load(source: str | Path, *, device: str = "auto", threads: int = 1, reading: Reading | None = None) -> Generator:
    """Open the generator of a run folder, or an ONNX file; ``reading`` says how to read one that is not ganzoo's.

    Needs no framework.
    """
    return open_generator(generator_path(expanded(source)), reading, device=device, threads=threads)


def sample(
    source: str | Path,
    n: int,
    *,
    seed: int = 0,
    label: int | str | None = None,
    device: str = "auto",
    reading: Reading | None = None,
) -> FloatArray:
    """Draw n samples: float32 [n, C, H, W] in [-1, 1], or [n, d] for points; of one class with ``label``, its name or
    number.
    """
    return load(source, device=device, reading=reading).sample(n, seed, label=label)


def score(
    source: str | Path,
    data: str | None = None,
    *,
    reference: str | Path | None = None,
    data_dir: str | Path | None = None,
    n: int | None = None,
    extractor: str | None = None,
    metrics: Iterable[str] = (),
    profile: str = DEFAULT_PROFILE,
    device: str = "auto",
    threads: int = 1,
    total: bool = False,
    reading: Reading | None = None,
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    progress: Progress = silent,
) -> Score:
    """Score a run folder, an ONNX file, images, arrays or a dataset against a dataset, or against another of these.

    Texts are read as on the command line (``folder:DIR``, ``npz:FILE``, a dataset's name, a path); a ``Path`` is one.
    ``data`` defaults to "digits" where no ``reference`` is given. ``n`` draws another number of samples than the
    protocol says; ``metrics`` are names of metrics or columns, ``profile`` one of ``ganzoo score --help``. ``total``
    has every estimate's total error, that of the reference drawn anew too, where it is known. ``reading`` says how ONNX
    generators that are not ganzoo's are read.
    """
    terms = Terms(
        n=n, extractor=extractor, metrics=tuple(metrics), profile=profile, device=device, threads=threads, total=total
    )
    return comparison(
        source,
        data,
        reference=reference,
        data_dir=data_dir,
        terms=terms,
        reading=reading,
        registry=registry,
        zoo=zoo,
        progress=progress,
    ).score()


def compare(
    first: str | Path,
    second: str | Path,
    data: str | None = None,
    *,
    reference: str | Path | None = None,
    data_dir: str | Path | None = None,
    n: int | None = None,
    extractor: str | None = None,
    metrics: Iterable[str] = (),
    profile: str = DEFAULT_PROFILE,
    device: str = "auto",
    threads: int = 1,
    reading: Reading | None = None,
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    progress: Progress = silent,
) -> Compared:
    """Say by how much two models differ on one reference, with paired standard errors and p-values.

    Everything is named as for ``score``.
    """
    zoo = zoo or Zoo.discover()
    terms = Terms(n=n, extractor=extractor, metrics=tuple(metrics), profile=profile, device=device, threads=threads)
    one = comparison(
        first,
        data,
        reference=reference,
        data_dir=data_dir,
        terms=terms,
        reading=reading,
        others=(second,),
        registry=registry,
        zoo=zoo,
        progress=progress,
    )
    opened = Opener((first, second, reference), zoo.datasets(), reading, _folder(data_dir), device, threads)
    return compared(one.setup, one.source, opened(second, one.setup.side.form))


def comparison(
    source: str | Path,
    data: str | None = None,
    *,
    reference: str | Path | None = None,
    data_dir: str | Path | None = None,
    terms: Terms | None = None,
    reading: Reading | None = None,
    others: Sequence[str | Path] = (),
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    progress: Progress = silent,
) -> Comparison:
    """One source against one reference, for all that can be asked of the two: score, classes, copies.

    ``others`` are sources that will be opened beside these, which ``reading`` may be for.
    """
    terms = terms or Terms()
    registry = registry or registries.load()
    zoo = zoo or Zoo.discover(registry)
    if reference is not None and data is not None:
        raise UsageError(f"Both the reference {reference} and the dataset '{data}' were named.", "Name one of them.")
    opened = Opener(
        (source, *others, reference), zoo.datasets(), reading, _folder(data_dir), terms.device, terms.threads
    )
    if reference is None or names_dataset(reference, data_dir, zoo=zoo):
        data = data or str(reference or "digits")
        fake = None if opened.foreign else opened(source)  # its errors come before the work on the dataset
        setup = setup_of(zoo, registry, data, data_dir=data_dir, terms=terms, progress=progress)
        return Comparison(setup, fake or opened(source, setup.side.spec))
    real = opened(reference)
    fake = opened(source, real.form)
    return Comparison(
        source_setup(real, fake, zoo.extractors(), zoo.metrics(), terms, profiles=zoo.profiles(), progress=progress),
        fake,
    )


def statistics(
    sources: Iterable[str | Path],
    output: str | Path,
    *,
    data_dir: str | Path | None = None,
    terms: Terms | None = None,
    reading: Reading | None = None,
    seed: int = 0,
    zoo: Zoo | None = None,
    progress: Progress = silent,
    notes: list[str] | None = None,
) -> tuple[FeatureSums, str]:
    """Save the sums of all sources' features as npz (``mu``, ``sigma``, ``n`` among them); saved ones are added.

    Returns the sums and the name of the extractor. Sentences on how sources were read, and on samples that were
    clipped, are added to ``notes``.
    """
    zoo, terms = zoo or Zoo.discover(), terms or Terms()
    sources = tuple(sources)
    opener = Opener(sources, zoo.datasets(), reading, _folder(data_dir), terms.device, terms.threads)
    opened = list(map(opener, sources))
    sums, extractor = sums_of(opened, zoo.extractors(), terms, seed, progress)
    if notes is not None:
        choices = [note for each in opened for note in each.notes]
        sizes = [note for each in opened for note in size_notes(opened[0], each, extractor)]
        notes += dict.fromkeys((*choices, *sizes, *(note for each in opened for note in each.clipped)))
    names = ", ".join(each.name for each in opened)
    save_statistics(Path(output), sums, extractor=extractor.name, extractor_sha256=extractor.sha256, source=names)
    return sums, extractor.name


def data_of(*sources: str | Path) -> str:
    """The dataset that the generator of the first run folder among ``sources`` was trained on; "digits" without one."""
    folders = (RunFolder(expanded(source)) for source in sources)
    return next((each.manifest().data_reference for each in folders if exists(each.file(MANIFEST))), "digits")


def dataset(data: str, data_dir: str | Path | None = None, *, zoo: Zoo | None = None) -> Dataset:
    """Load a dataset, such as ``digits``, ``folder:DIR`` or a path: it has ``.spec``, ``.train`` and ``.heldout``."""
    zoo = zoo or Zoo.discover()
    return load_data(data, zoo.datasets(), _folder(data_dir))


def reference_of(data: str, data_dir: str | Path | None = None, *, zoo: Zoo) -> str:
    """The reference under which a dataset is stored: ``folder:faces`` for ``faces``, a name as it is."""
    return parse_dataset(data, zoo.datasets(), _folder(data_dir)).text


def names_dataset(reference: str | Path, data_dir: str | Path | None = None, *, zoo: Zoo) -> bool:
    """Whether a reference is a dataset by its name, and no file or folder."""
    return parse(reference, zoo.datasets(), _folder(data_dir), path_first=True).path is None


def _folder(data_dir: str | Path | None) -> Path | None:
    return None if data_dir is None else expanded(data_dir)


def setup_of(
    zoo: Zoo,
    registry: Registry,
    data: str,
    *,
    data_dir: str | Path | None = None,
    terms: Terms | None = None,
    progress: Progress = silent,
) -> Setup:
    """Scoring against a dataset, by the registry's protocol for it where the terms say nothing else."""
    data = reference_of(data, data_dir, zoo=zoo)
    loaded = dataset(data, data_dir, zoo=zoo)
    return dataset_setup(
        loaded,
        registry.datasets.get(data),
        zoo.extractors(),
        zoo.metrics(),
        terms,
        profiles=zoo.profiles(),
        progress=progress,
    )
