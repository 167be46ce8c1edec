"""``ganzoo.add``: somebody's trained generator, an ONNX file, as a finished run of the store; nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ganzoo import registry as registries
from ganzoo._version import __version__
from ganzoo.api import RUNS, dataset, reference_of
from ganzoo.errors import UsageError
from ganzoo.files import expanded, readable, sha256, write_bytes
from ganzoo.generator.contract import describe, put_info
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import content_of
from ganzoo.generator.foreign import Reading, is_foreign, open_foreign
from ganzoo.generator.graphs import parameter_count
from ganzoo.naming import RULE, variant_fault
from ganzoo.pictures.samples import save_samples
from ganzoo.plugin.manager import Zoo
from ganzoo.training import runs
from ganzoo.training.runs import Manifest, RunFolder, RunStore
from ganzoo.types import IMPORTED, About, Facts, ImportedFrom

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.registry import Registry

UNKNOWN = "not known here"
_FACTS = Facts(
    loss=UNKNOWN,
    optimiser=UNKNOWN,
    update_order=UNKNOWN,
    n_critic=UNKNOWN,
    step_counts=UNKNOWN,
    latents=UNKNOWN,
    batches=UNKNOWN,
    ema=UNKNOWN,
)


def add(
    path: str | Path,
    name: str,
    data: str = "digits",
    *,
    reading: Reading | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    version: str = "1",
    paper: str = "",
    source: str = "",
    runs: str | Path = RUNS,
    registry: Registry | None = None,
    zoo: Zoo | None = None,
    notes: list[str] | None = None,
) -> RunFolder:
    """Put a generator that was trained elsewhere into the run store as ``name``, and return its run folder.

    ``reading`` says how to read a file that is not ganzoo's; of ganzoo's own, from another store, the metadata say it.
    ``seed`` and ``version`` tell files of one name apart: boards have the mean over the seeds of one version. ``paper``
    and ``source`` are kept for whoever asks where it comes from. The same file again changes nothing. Sentences on how
    the file was read are added to ``notes``.

    Raises UsageError for a name that is none or an installed variant's, for a file that is no generator of such data,
    and where another file has this name, version and seed; ModelError where the graph is not what the contract asks.
    """
    registry = registry or registries.load()
    zoo = zoo or Zoo.discover(registry)
    _check_name(name, zoo)
    reference = reference_of(data, data_dir, zoo=zoo)
    loaded = dataset(reference, data_dir, zoo=zoo)
    file = expanded(path)
    generator = _opened(file, reading, loaded)
    _check_form(generator, loaded, file)
    if notes is not None:
        notes += generator.notes
    manifest, content = _made(generator, loaded, name, reference, seed, version, paper, source)
    return _kept(RunStore(Path(runs)).folder(manifest.dataset, name, manifest.key), manifest, content)


def _check_name(name: str, zoo: Zoo) -> None:
    if fault := variant_fault(name):
        raise UsageError(f"The generator cannot be added: {fault}.", RULE)
    if name in zoo.names():
        raise UsageError(f"'{name}' is an installed variant.", "Give the generator a name of its own.")


def _opened(path: Path, reading: Reading | None, data: Dataset) -> Generator:
    if reading is None and path.is_file() and not is_foreign(path):
        return Generator(path, device="cpu")
    return open_foreign(path, reading or Reading(), data.spec, device="cpu")


def _check_form(generator: Generator, data: Dataset, path: Path) -> None:
    spec, name = data.spec, readable(path.name)
    if generator.data.shape != spec.shape:
        made, wanted = ("×".join(map(str, shape)) for shape in (generator.data.shape, spec.shape))
        raise UsageError(f"{name} makes {made}, but {spec.name} is {wanted}.", "Name the data that it was trained on.")
    classes = generator.latent.classes
    if classes and classes != spec.classes:
        raise UsageError(f"{name} takes {classes} classes, but {spec.name} has {spec.classes}.", "Name its own data.")


def _made(
    generator: Generator,
    data: Dataset,
    name: str,
    reference: str,
    seed: int,
    version: str,
    paper: str,
    source: str,
) -> tuple[Manifest, bytes]:
    """The manifest, but for what only the finished folder knows, and the file that keeps the contract."""
    import onnx

    model = onnx.load_model_from_string(content_of(generator))
    latent, spec = generator.latent, data.spec
    info = describe(
        name,
        spec,
        latent,
        backend="onnx",
        distribution=IMPORTED,
        version=version,
        dataset=spec.name,
        dataset_digest=data.digest,
        class_names=data.class_names,
        options={name: value for name, value in generator.info.options.items() if name != "file_sha256"},
        seed=seed,
        content_hash=generator.info.content_hash,
    )
    put_info(model, info)
    imported = ImportedFrom(
        file=readable(generator.path.name),
        sha256=generator.sha256,
        flags=tuple(_flags(generator)),
        source=source,
        added_utc=runs.utc_now(),
    )
    about = About(
        summary=f"Trained elsewhere, added from {imported.file}",
        paper=paper,
        facts=_FACTS,
        rows=len(data.train),
        notes=data.notes,
    )
    planned = Manifest(
        key="",
        variant=name,
        backend="onnx",
        role="model",
        distribution=IMPORTED,
        version=version,
        dataset=spec.name,
        dataset_digest=data.digest,
        data_reference=reference,
        data=spec,
        class_names=data.class_names,
        latent=latent,
        options={},
        seed=seed,
        device="",
        status="finished",
        note="imported: trained elsewhere, so that there is no framework to prove parity with",
        started_utc=imported.added_utc,
        finished_utc=imported.added_utc,
        ganzoo_version=__version__,
        parameters=parameter_count(model),
        content_hash=info.content_hash,
        about=about,
        imported=imported,
    )
    return msgspec.structs.replace(planned, key=planned.work_key), model.SerializeToString(deterministic=True)


def _flags(generator: Generator) -> Iterator[str]:
    """Words of the command line that have a foreign file read in the same way; of ganzoo's own none are needed."""
    if generator.adapted is None:
        return
    read = generator.info.options
    yield from (f"--{name}={read[name]}" for name in ("samples", "layout") if read.get(name))
    if read.get("value_range"):
        yield f"--range={read['value_range']}"
    yield from (f"--latent={each}" for each in read.get("latents", ()))
    if generator.data.kind == "image":
        yield f"--shape={','.join(map(str, generator.data.shape))}"


def _kept(folder: RunFolder, manifest: Manifest, content: bytes) -> RunFolder:
    """Write the folder, the manifest last; one of the same file stays as it is."""
    with folder.lock():
        there = folder.finished()
        if there is not None and there.imported is not None:
            if there.content_hash == manifest.content_hash:
                return folder
            raise UsageError(
                f"{manifest.variant} {manifest.version}, seed {manifest.seed}, is there already: it is of another "
                f"file, {there.imported.file}, or one that was read in another way.",
                f"Give another --seed or --version, or remove {folder.path}.",
            )
        target = folder.file(runs.ONNX)
        write_bytes(target, content)
        save_samples(Generator(target, device="cpu"), folder.file(runs.PICTURE))
        done = msgspec.structs.replace(manifest, onnx_sha256=sha256(target), files=folder.hashes())
        folder.write_manifest(done)
    return folder
