"""Whether what lies in a run store is what was written: each damage, and how to mend it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import Damaged, GanzooError, StoreError
from ganzoo.files import sha256
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import parity
from ganzoo.options import resolve
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import has_seal, read_json
from ganzoo.training import runs
from ganzoo.training.checkpoints import checked
from ganzoo.training.loop import Loop, MemoryCheckpoints

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.plugin.manager import Plugin
    from ganzoo.training.runs import Manifest, RunFolder, RunStore

_AGAIN = {runs.ONNX: "Run again", runs.FRAMES: "Only a whole training gives it again: remove the folder and run again"}


@dataclass(frozen=True)
class Finding:
    """One damaged file: which, what was found, and how to mend it, in sentences."""

    path: Path
    what: str
    mend: str


@dataclass(frozen=True)
class Verified:
    """What was looked at: a run's folder, or a file beside the runs; ``status`` is the run's, or "" """

    path: Path
    status: str
    findings: tuple[Finding, ...]
    unsealed: bool = False
    """Whether a file is of version 0.1, which wrote no seals: a change of it cannot be seen."""


def verify_run(folder: RunFolder) -> Verified:
    """Look at every file of a run. Raises StoreError where there is no run.json at all."""
    if not folder.file(runs.MANIFEST).is_file():
        raise StoreError(f"{folder.path} is no run folder: it has no {runs.MANIFEST}.")
    try:
        manifest = folder.manifest()
    except Damaged as error:
        mend = "The 'ganzoo train' or 'ganzoo bench' that made the run writes it anew; the state is kept."
        return Verified(folder.path, "", (Finding(error.path, error.what, mend), *_states(folder, "")))
    command = command_of(manifest)
    found = [*_identity(folder, manifest), *_named_files(folder, manifest, command)]
    found += _states(folder, command)
    found += _score(folder)
    sealed = [folder.file(name) for name in (runs.MANIFEST, runs.SCORE) if folder.file(name).is_file()]
    return Verified(folder.path, manifest.status, tuple(found), not found and not all(map(has_seal, sealed)))


def verify_store(store: RunStore) -> Iterator[Verified]:
    """Look at every run of a store, at the scores of real samples, and at the notes of failures."""
    for folder in store.all():
        yield verify_run(folder)
    for path in sorted(store.root.glob(f"*/{runs.REAL}/*/{runs.SCORE}")):
        yield Verified(path, "", tuple(_sealed(path, Score, "Remove it: 'ganzoo bench' makes it anew.")))
    for path in store.failure_files():
        yield Verified(
            path, "", tuple(_sealed(path, runs.Failure, "Remove it: a job that fails again is noted again."))
        )


def verify_parity(folder: RunFolder, plugin: Plugin, dataset: Dataset) -> Verified:
    """Rebuild the model of a finished run from its state and compare its samples with those of generator.onnx."""
    manifest = folder.manifest()
    checkpoints = MemoryCheckpoints()
    checkpoints.last, _ = checked(folder.file(runs.STATE))
    loop = Loop(
        data=dataset.train,
        options=resolve(plugin.variant.options, manifest.options, owner=plugin.variant.name),
        seed=manifest.seed,
        latent=manifest.latent,
        checkpoints=checkpoints,
    )
    onnx = folder.file(runs.ONNX)
    try:
        parity(plugin, plugin.train(loop), Generator(onnx, device="cpu"))
    except GanzooError as error:
        mend = f"Remove {runs.MANIFEST} and run again: {command_of(manifest)}"
        return Verified(folder.path, manifest.status, (Finding(onnx, error.message, mend),))
    return Verified(folder.path, manifest.status, ())


def command_of(manifest: Manifest) -> str:
    """The command that does the work of a run, options and all."""
    return _adding(manifest) if manifest.imported else _command("train", "--seed", manifest)


def scoring_command_of(manifest: Manifest) -> str:
    """The command that scores a run and keeps the score in it; one that is finished is not trained again."""
    return _adding(manifest) if manifest.imported else _command("bench", "--seeds", manifest)


def _adding(manifest: Manifest) -> str:
    """The command that adds a generator again, from the file that it came from."""
    file, flags = (manifest.imported.file, manifest.imported.flags) if manifest.imported else ("", ())
    words = ["ganzoo", "add", file, "--name", manifest.variant, "--data", manifest.data_reference, *flags]
    return shlex.join([*words, "--seed", str(manifest.seed), "--version", manifest.version])


def _command(name: str, seed: str, manifest: Manifest) -> str:
    words = ["ganzoo", name, manifest.variant, "--data", manifest.data_reference, seed, str(manifest.seed)]
    words += [word for option, value in manifest.options.items() for word in ("--set", f"{option}={value}")]
    return shlex.join([*words, *(["--quick"] if manifest.quick else [])])


def _identity(folder: RunFolder, manifest: Manifest) -> Iterator[Finding]:
    """A run's key is the hash of its work: a manifest of version 0.1, too, says the seed that it was trained with."""
    key = manifest.work_key
    if not manifest.key == key == folder.path.name:
        what = f"it speaks of the work {key}, but stands for {manifest.key} in the folder {folder.path.name}"
        yield Finding(folder.file(runs.MANIFEST), what, "Remove the folder and train again, or give it its name back.")


def _named_files(folder: RunFolder, manifest: Manifest, command: str) -> Iterator[Finding]:
    """The files whose hashes a finished run's manifest has; the state is looked at by its own."""
    for name, digest in manifest.files.items():
        path = folder.file(name)
        if name == runs.STATE or (path.is_file() and sha256(path) == digest):
            continue
        what = "it is not there" if not path.is_file() else f"it is not the file that {runs.MANIFEST} names by its hash"
        yield Finding(path, what, f"{_AGAIN.get(name, f'Remove {runs.MANIFEST} and run again')}: {command}")


def _states(folder: RunFolder, command: str) -> Iterator[Finding]:
    for name in (runs.STATE, runs.PREVIOUS):
        path = folder.file(name)
        if path.is_file():
            try:
                checked(path)
            except Damaged as error:
                other = folder.file(runs.PREVIOUS if name == runs.STATE else runs.STATE)
                goes_on = "Training goes on from the other state."
                afresh = f"Remove the folder and run again: {command or '…'}"
                yield Finding(path, error.what, goes_on if other.is_file() else afresh)


def _score(folder: RunFolder) -> Iterator[Finding]:
    path = folder.file(runs.SCORE)
    if path.is_file():
        yield from _sealed(path, Score, "Remove it, or run the bench again: it scores the run anew.")


def _sealed(path: Path, kind: type, mend: str) -> Iterator[Finding]:
    try:
        read_json(path, kind)
    except Damaged as error:
        yield Finding(path, error.what, mend)
    except OSError as error:
        yield Finding(path, f"it cannot be read: {error.strerror or error}", mend)
