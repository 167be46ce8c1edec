"""From a variant and a dataset to a finished run folder: train, export, prove parity, draw a grid."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo._version import __version__
from ganzoo.errors import DeviceError, Diverged, GanzooError, Interrupted, StoreError
from ganzoo.files import readable, replace
from ganzoo.generator.contract import GeneratorInfo, describe
from ganzoo.generator.engine import Generator, cuda_device_count
from ganzoo.generator.export import export_checked
from ganzoo.options import as_dict, resolve
from ganzoo.plugin.compatibility import latent_spec, require_trainable
from ganzoo.training import runs
from ganzoo.training.checkpoints import FileCheckpoints
from ganzoo.training.divergence import Watch
from ganzoo.training.environment import environment
from ganzoo.training.frames import FrameFile
from ganzoo.training.log_file import LogFile
from ganzoo.training.loop import Loop, Observer, ignore_events
from ganzoo.training.rehearsal import rehearse
from ganzoo.training.reports import measured
from ganzoo.training.snapshot import Snapshots
from ganzoo.types import About

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.options import Options
    from ganzoo.plugin.manager import Plugin
    from ganzoo.training.runs import Manifest, RunFolder, RunStore


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
    framed: bool = True,
) -> RunFolder:
    """Train ``plugin`` on ``dataset`` into its folder of the run store, or return the folder if that work is done.

    ``options`` are layers of values, later ones winning; ``reference`` is the name by which the dataset can be loaded
    again. An unfinished run is resumed where it stopped, bit for bit; a new one is ``rehearsed`` first. Frames are kept
    of what is trained, if ``framed``.
    A run that another process works on is an error, or with ``wait`` a "waiting" event and then what that process left.
    One that diverges leaves its last finite state, drawn as diverged.png, and is not repeated: it would diverge again.
    Raises UsageError before anything is written; afterwards every failure is also recorded in run.json.
    """
    resolved = resolve(plugin.variant.options, *options, owner=plugin.variant.name)
    require_trainable(plugin, resolved, dataset.spec)
    manifest = _plan(plugin, dataset, resolved, reference or dataset.spec.name, seed, device, quick)
    folder = store.folder(dataset.spec.name, plugin.variant.name, manifest.key)
    if device == "cuda" and not cuda_device_count():
        raise DeviceError("--device cuda was asked for, but the driver shows no CUDA GPU.", "Use --device cpu.")
    log = LogFile(folder, observer)
    if _is_done(folder, log):
        return folder
    with folder.lock((lambda: observer("waiting", {"path": str(folder.path)})) if wait else None):
        if _is_done(folder, log):  # by another process, since we looked
            return folder
        if damage := _damage(folder):
            log.notify("warning", {"text": f"{damage} It is made anew."})
        folder.write_manifest(manifest)
        checkpoints = FileCheckpoints(folder, log)
        frames = FrameFile(folder.file(runs.FRAMES), dataset.train, lambda text: log.notify("warning", {"text": text}))
        info = _generator_info(manifest)
        snapshots = Snapshots(plugin, dataset.train, resolved, info, device, frames if framed else None)
        loop = Loop(
            data=dataset.train,
            options=resolved,
            seed=seed,
            latent=manifest.latent,
            device=device,
            checkpoints=checkpoints,
            observer=log,
            checkpoint_seconds=checkpoint_seconds,
            watch=Watch(snapshots.fault),
            frames=snapshots,
            declared=plugin.variant.reports,
        )
        with _recorded(folder, manifest, loop, log), _kept_if_diverged(folder, loop, snapshots):
            log.notify("started", _event(manifest))
            if rehearsed and not checkpoints.stored():  # a run that goes on was, when it began
                with _stop_signals(loop):
                    rehearse(plugin, dataset.train, resolved, info, device)
            with _stop_signals(loop):
                model = plugin.train(loop)
                snapshots.require_alive(model, loop.steps_done)
                snapshots.frame_last(model, loop.steps_done)
            _finish(plugin, model, dataset, folder, manifest, loop, log)
    return folder


def _damage(folder: RunFolder) -> str:
    """What of an earlier attempt is damaged, in a sentence; "" where all is sound, or there was none."""
    if not folder.file(runs.MANIFEST).is_file():
        return ""
    try:
        manifest = folder.manifest()
        damage = folder.generator_damage(manifest) if manifest.status == "finished" else None
    except StoreError as error:
        return error.message
    return damage.message if damage else ""


def _is_done(folder: RunFolder, log: LogFile) -> bool:
    """Whether the run is finished. Raises Diverged where it diverged: what it does follows from its key."""
    if folder.is_finished():
        return True
    ended = folder.manifest_or_none()
    if ended is not None and ended.status == "diverged":
        log.notify("failed", _event(ended))
        raise Diverged(
            f"This run diverged before, and would again: {ended.note}",
            f"Change an option or the seed; to train it all the same, remove {folder.path}.",
        )
    return False


def _finish(
    plugin: Plugin, model: object, dataset: Dataset, folder: RunFolder, manifest: Manifest, loop: Loop, log: LogFile
) -> None:
    log.write()
    exported = export_model(plugin, model, manifest, folder.file(runs.ONNX))
    from ganzoo.pictures.samples import save_samples

    save_samples(exported.generator, folder.file(runs.PICTURE))
    told = measured(plugin, model, loop, dataset.heldout)
    if told.faults:
        log.notify("warning", {"text": f"Left out: {told.note}."})
    done = msgspec.structs.replace(
        manifest,
        status="finished",
        note=readable(told.note),
        finished_utc=runs.utc_now(),
        train_seconds=round(loop.seconds, 3),
        train_cpu_seconds=round(loop.cpu_seconds, 3),
        steps=loop.steps_done,
        parameters=exported.parameters,
        parity=exported.parity,
        onnx_sha256=exported.generator.sha256,
        content_hash=exported.generator.info.content_hash,
        files=folder.hashes(),
        reported=told.kept(plugin.variant.reports),
    )
    folder.write_manifest(done)
    folder.file(runs.PREVIOUS).unlink(missing_ok=True)
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
        replace(checked, target)
    finally:
        raw.unlink(missing_ok=True)
        checked.unlink(missing_ok=True)
    return Exported(Generator(target, device="cpu"), measured, parameters)


def _plan(
    plugin: Plugin, dataset: Dataset, resolved: Options, reference: str, seed: int, device: str, quick: bool
) -> Manifest:
    variant, origin = plugin.variant, plugin.origin
    planned = runs.Manifest(
        key="",
        variant=variant.name,
        backend=variant.backend,
        role=variant.role,
        distribution=origin.distribution,
        version=origin.version,
        dataset=dataset.spec.name,
        dataset_digest=dataset.digest,
        data_reference=reference,
        data=dataset.spec,
        class_names=dataset.class_names,
        latent=latent_spec(variant, resolved, dataset.spec),
        options=as_dict(resolved),
        option_files=runs.file_hashes(resolved, owner=variant.name),
        seed=seed,
        device=device,
        quick=quick,
        started_utc=runs.utc_now(),
        ganzoo_version=__version__,
        environment=environment(),
        about=About(
            summary=variant.summary,
            paper=variant.paper,
            facts=variant.facts,
            rows=len(dataset.train),
            notes=dataset.notes,
        ),
    )
    return msgspec.structs.replace(planned, key=planned.work_key)


def _generator_info(manifest: Manifest) -> GeneratorInfo:
    return describe(
        manifest.variant,
        manifest.data,
        manifest.latent,
        backend=manifest.backend,
        distribution=manifest.distribution,
        version=manifest.version,
        dataset=manifest.dataset,
        dataset_digest=manifest.dataset_digest,
        class_names=manifest.class_names,
        options=manifest.options,
        seed=manifest.seed,
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


@contextmanager
def _kept_if_diverged(folder: RunFolder, loop: Loop, snapshots: Snapshots) -> Iterator[None]:
    """Keep and draw the last finite state of a run that diverged, and say so in the error's hint."""
    try:
        yield
    except Diverged as error:
        kept = loop.keep_last_finite()
        drawn = kept is not None and snapshots.draw(kept, folder.file(runs.DIVERGED_PICTURE))
        if kept is not None:
            where = f"drawn in {folder.file(runs.DIVERGED_PICTURE)}" if drawn else f"kept in {folder.file(runs.STATE)}"
            error.hint = f"{error.hint} The last finite state, after step {kept.step}, is {where}.".lstrip()
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
