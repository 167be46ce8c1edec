"""From a variant and a dataset to a finished run folder: train, export, prove parity, draw a grid."""

from __future__ import annotations

import csv
import io
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import ganzoo
from ganzoo import runs
from ganzoo.compat import latent_spec, require_compatible
from ganzoo.engine import Generator, GeneratorInfo, cuda_device_count
from ganzoo.errors import DeviceError, Diverged, GanzooError, Interrupted
from ganzoo.export import export_checked
from ganzoo.files import readable, write_text
from ganzoo.loop import Loop, Observer, ignore_events
from ganzoo.options import as_dict, resolve
from ganzoo.rehearsal import rehearse

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.options import Options
    from ganzoo.plugins import Plugin
    from ganzoo.runs import Manifest, RunFolder, RunStore

LOG_SECONDS = 10.0
_ENVIRONMENT = ("numpy", "onnx", "onnxruntime-gpu", "onnxruntime", "torch", "tensorflow", "keras", "jax", "jax2onnx")


def train(
    plugin: Plugin,
    dataset: Dataset,
    *options: Mapping[str, Any],
    reference: str = "",
    seed: int = 0,
    device: str = "cpu",
    store: RunStore,
    quick: bool = False,
    observer: Observer = ignore_events,
    checkpoint_seconds: float = 30.0,
    wait: bool = False,
    rehearsed: bool = True,
) -> RunFolder:
    """Train ``plugin`` on ``dataset`` into its folder of the run store, or return the folder if that work is done.

    ``options`` are layers of values, later ones winning; ``reference`` is the name by which the dataset can be loaded
    again. An unfinished run is resumed where it stopped, bit for bit; a new one is ``rehearsed`` first.
    A run that another process works on is an error, or with ``wait`` a "waiting" event and then what that process left.
    Raises UsageError before anything is written; afterwards every failure is also recorded in run.json.
    """
    resolved = resolve(plugin.variant.options, *options, owner=plugin.variant.name)
    require_compatible(plugin.variant, dataset.spec)
    manifest = _plan(plugin, dataset, resolved, reference or dataset.spec.name, seed, device, quick)
    folder = store.folder(dataset.spec.name, plugin.variant.name, manifest.key)
    if device == "cuda" and not cuda_device_count():
        raise DeviceError("--device cuda was asked for, but the driver shows no CUDA GPU.", "Use --device cpu.")
    if folder.is_finished():
        return folder
    with folder.lock((lambda: observer("waiting", {"path": str(folder.path)})) if wait else None):
        if folder.is_finished():  # by another process, since we looked
            return folder
        folder.write_manifest(manifest)
        log = LogFile(folder, observer)
        loop = Loop(
            data=dataset.train,
            options=resolved,
            seed=seed,
            latent=manifest.latent,
            device=device,
            checkpoints=runs.FileCheckpoints(folder),
            observer=log,
            checkpoint_seconds=checkpoint_seconds,
        )
        with _recorded(folder, manifest, loop, log):
            log.notify("started", _event(manifest))
            if rehearsed and not folder.file(runs.STATE).is_file():  # a run that goes on was, when it began
                with _stop_signals(loop):
                    rehearse(plugin, dataset.train, resolved, _generator_info(manifest), device)
            with _stop_signals(loop):
                model = plugin.train(loop)
            _finish(plugin, model, folder, manifest, loop, log)
    return folder


def _finish(plugin: Plugin, model: object, folder: RunFolder, manifest: Manifest, loop: Loop, log: LogFile) -> None:
    log.write()
    exported = export_model(plugin, model, manifest, folder.file(runs.ONNX))
    from ganzoo.pictures import save_samples

    save_samples(exported.generator, folder.file(runs.PICTURE))
    done = msgspec.structs.replace(
        manifest,
        status="finished",
        finished_utc=runs.utc_now(),
        train_seconds=round(loop.seconds, 3),
        train_cpu_seconds=round(loop.cpu_seconds, 3),
        steps=loop.steps_done,
        parameters=exported.parameters,
        parity=exported.parity,
        onnx_sha256=exported.generator.sha256,
        content_hash=exported.generator.info.content_hash,
        files=folder.hashes(),
    )
    folder.write_manifest(done)
    log.notify("finished", _event(done))


@dataclass(frozen=True)
class Exported:
    """A generator that passed the border, and what was measured there."""

    generator: Generator
    parity: float
    parameters: int


def export_model(plugin: Plugin, model: object, manifest: Manifest, target: Path) -> Exported:
    """Export, check, and prove parity before ``target`` appears."""
    raw, checked = target.with_suffix(".raw.onnx"), target.with_suffix(".new.onnx")
    try:
        parameters, measured = export_checked(plugin, model, raw, checked, _generator_info(manifest))
        checked.replace(target)
    finally:
        raw.unlink(missing_ok=True)
        checked.unlink(missing_ok=True)
    return Exported(Generator(target, device="cpu"), measured, parameters)


def _plan(
    plugin: Plugin, dataset: Dataset, resolved: Options, reference: str, seed: int, device: str, quick: bool
) -> Manifest:
    variant, origin, options = plugin.variant, plugin.origin, as_dict(resolved)
    option_files = runs.file_hashes(resolved, owner=variant.name)
    return runs.Manifest(
        key=runs.run_key(
            variant=variant.name,
            version=str(origin),
            dataset_digest=dataset.digest,
            options={**options, **option_files},
            seed=seed,
            quick=quick,
        ),
        variant=variant.name,
        backend=variant.backend,
        role=variant.role,
        distribution=origin.distribution,
        version=origin.version,
        dataset=dataset.spec.name,
        dataset_digest=dataset.digest,
        data_reference=reference,
        data=dataset.spec,
        latent=latent_spec(variant, resolved, dataset.spec),
        options=options,
        option_files=option_files,
        seed=seed,
        device=device,
        quick=quick,
        started_utc=runs.utc_now(),
        ganzoo_version=ganzoo.__version__,
        environment=environment(),
    )


def _generator_info(manifest: Manifest) -> GeneratorInfo:
    return GeneratorInfo(
        variant=manifest.variant,
        backend=manifest.backend,
        distribution=manifest.distribution,
        version=manifest.version,
        dataset=manifest.dataset,
        dataset_digest=manifest.dataset_digest,
        data=manifest.data,
        latent=manifest.latent,
        options=manifest.options,
        seed=manifest.seed,
        value_range=(-1.0, 1.0) if manifest.data.kind == "image" else None,
        content_hash="",
        ganzoo_version=manifest.ganzoo_version,
    )


@contextmanager
def _recorded(folder: RunFolder, manifest: Manifest, loop: Loop, log: LogFile) -> Iterator[None]:
    """Write how a run that did not finish ended into its manifest, then let the error go on."""
    try:
        yield
    except BaseException as error:
        status: runs.Status = "failed"
        if isinstance(error, (Interrupted, KeyboardInterrupt)):
            status = "interrupted"
        elif isinstance(error, Diverged):
            status = "diverged"
        note = readable(error.message if isinstance(error, GanzooError) else f"{type(error).__name__}: {error}")
        log.write()
        ended = msgspec.structs.replace(
            manifest,
            status=status,
            note=note,
            finished_utc=runs.utc_now(),
            steps=loop.steps_done,
            train_seconds=round(loop.seconds, 3),
            train_cpu_seconds=round(loop.cpu_seconds, 3),
        )
        folder.write_manifest(ended)
        log.notify("failed", _event(ended))
        raise


def _event(manifest: Manifest) -> dict[str, Any]:
    """What observers hear of a run that starts or ends."""
    names = ("variant", "dataset", "seed", "status", "note", "steps", "train_seconds")
    return {name: getattr(manifest, name) for name in names}


@contextmanager
def _stop_signals(loop: Loop) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a clean stop; a second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: object) -> None:
        loop.request_stop(signal.Signals(number).name)
        signal.signal(number, signal.default_int_handler)

    for number in before:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class LogFile:
    """An observer that keeps log.csv and passes every event on."""

    def __init__(self, folder: RunFolder, then: Observer) -> None:
        self._path = folder.file(runs.LOG)
        self._then = then
        self._rows: list[dict[str, str]] = []
        self._written = time.monotonic()

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        if event == "resumed":
            self._rows = [row for row in _read_log(self._path) if int(row["step"]) <= fields["step"]]
        if event == "step":
            self._rows.append({"step": str(fields["step"]), **{k: f"{v:.6g}" for k, v in fields["scalars"].items()}})
            if time.monotonic() - self._written > LOG_SECONDS:
                self.write()
        self.notify(event, fields)

    def notify(self, event: str, fields: dict[str, Any]) -> None:
        """Pass an event on without recording it; each says which run it is of."""
        self._then(event, {"path": str(self._path.parent), **fields})

    def write(self) -> None:
        """Replace log.csv with the rows so far."""
        self._written = time.monotonic()
        if not self._rows:
            return
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(k for row in self._rows for k in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())


def _read_log(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def environment() -> dict[str, str]:
    """Versions of what a run's bits depend on."""
    found = {"python": platform.python_version(), "platform": f"{sys.platform} {platform.machine()}"}
    for name in _ENVIRONMENT:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
