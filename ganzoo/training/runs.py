"""The run store: one folder per piece of work, named by the hash of everything that determines its outcome.

runs/<dataset>/<variant>/<key>/
    run.json             manifest
    log.csv              scalars per step
    state.safetensors    resumable training state, and state.previous.safetensors the one before
    frames.npz           what the generator made of the same latents while it trained
    generator.onnx  samples.png  score.json  copies.png
    diverged.png         of a run that diverged: samples of its last finite state
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from ganzoo.errors import Damaged, OptionError, StoreError
from ganzoo.files import LOCK, make_folder, sha256, sweep
from ganzoo.naming import below
from ganzoo.options import Options, content_hash, file_names
from ganzoo.sealed import read_json, write_json
from ganzoo.types import API_VERSION, About, DataSpec, ImportedFrom, LatentSpec, SelfReported

MANIFEST, LOG, STATE, PREVIOUS = "run.json", "log.csv", "state.safetensors", "state.previous.safetensors"
ONNX, PICTURE, SCORE, FRAMES = "generator.onnx", "samples.png", "score.json", "frames.npz"
COPIES = "copies.png"  # of a run that a bench scored: the samples nearest to training samples, each beside its own
DIVERGED_PICTURE = "diverged.png"
FAILED = ".failed.json"  # ends the name of a bench job's note
TRAIN_AGAIN = (
    "The 'ganzoo train' that made it exports it again; a copy of the file elsewhere is taken as a file of your own."
)
REAL = "real"  # stands where a variant's name would, for the real-vs-real floor

Status = Literal["running", "interrupted", "failed", "diverged", "finished"]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """run.json: all that is needed to repeat the run, and how it went. Times in seconds, dates in UTC."""

    key: str
    variant: str
    backend: str
    role: str
    distribution: str
    version: str
    dataset: str
    dataset_digest: str
    data_reference: str
    data: DataSpec
    class_names: tuple[str, ...] = ()
    """Of the classes of the data; none where they are called by their numbers, and in manifests of older versions."""
    latent: LatentSpec
    options: dict[str, Any]
    option_files: dict[str, str] = {}
    """The sha256 of each file that an option names, by the option's name."""
    seed: int
    device: str
    quick: bool = False
    status: Status = "running"
    note: str = ""
    started_utc: str = ""
    finished_utc: str = ""
    train_seconds: float = 0.0
    """Wall time."""
    train_cpu_seconds: float | None = None
    """CPU time of the training process, all threads; None in manifests of older versions."""
    steps: int = 0
    parameters: int = 0
    parity: float | None = None
    onnx_sha256: str = ""
    content_hash: str = ""
    """Of the generator without its metadata: seeds that gave the same generator have the same one."""
    api: int = API_VERSION
    ganzoo_version: str = ""
    environment: dict[str, str] = {}
    about: About | None = None
    """For model cards; None in manifests of older versions."""
    reported: tuple[SelfReported, ...] = ()
    """The variant's own numbers of a finished run."""
    imported: ImportedFrom | None = None
    """Of a generator that was trained elsewhere; then nothing is known of its training."""
    files: dict[str, str] = {}

    @property
    def options_hash(self) -> str:
        """Identifies the resolved options; a file by its content, wherever it lies."""
        return content_hash({**self.options, **self.option_files})

    @property
    def work_key(self) -> str:
        """The key of the work that the manifest speaks of; ``key`` is that of the work for which it was written."""
        return run_key(
            variant=self.variant,
            version=f"{self.distribution} {self.version}",
            dataset_digest=self.dataset_digest,
            options={**self.options, **self.option_files},
            seed=self.seed,
            quick=self.quick,
        )


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A bench job that gave no score: kept beside the runs, so that it stays a row until it succeeds."""

    variant: str
    cell: str = ""
    """The label of its cell; "" for the recipe as it is."""
    dataset: str
    seed: int
    quick: bool
    note: str
    date_utc: str
    run: str = ""
    """The key of the run; empty where the job failed before its run was known."""
    version: str = ""
    options_hash: str = ""
    bench: int = 0
    attempt: int = 0
    status: Literal["failed", "diverged"] = "failed"
    role: str = "model"
    """That of the variant where the run was known, and in failures of older versions "model"."""


class Turn(msgspec.Struct, frozen=True):
    """When a score or a failure was, told without a clock; read from score.json and from failures."""

    bench: int = 0
    """The number of the bench, one more than the highest that it found in its store and table."""
    attempt: int = 0
    """How often its run had been tried when the job began, and this time."""
    run: str = ""
    status: str = ""
    """That of a failure."""
    cells: dict[str, tuple[int, int]] = {}
    """Of a score: bench and attempt by the label of each cell that the run stands for."""

    @property
    def turns(self) -> dict[str, tuple[int, int]]:
        """Bench and attempt by label; a score without labels is that of the recipe as it is, whose label is ""."""
        return self.cells or {"": (self.bench, self.attempt)}

    def of(self, cell: str) -> Turn:
        """The turn of one cell; that of none where the score is not of it."""
        return Turn(*self.turns.get(cell, (0, 0)))


def run_key(
    *, variant: str, version: str, dataset_digest: str, options: dict[str, Any], seed: int, quick: bool = False
) -> str:
    """The same work has the same key. ``version`` is "distribution version" of the plugin; in ``options`` the
    hash of its content stands for a file.

    Quick runs have keys of their own even where their recipe is the full one: the two stand on different boards.
    """
    return content_hash([API_VERSION, variant, version, dataset_digest, options, seed, *(["quick"] if quick else [])])


def file_hashes(options: Options, *, owner: str) -> dict[str, str]:
    """The sha256 of each file that an option names, by the option's name; none for an empty value.

    Raises OptionError where a file cannot be read.
    """
    named = [name for name in file_names(type(options)) if getattr(options, name)]
    return {name: _file_hash(name, getattr(options, name), owner) for name in named}


def _file_hash(name: str, path: str, owner: str) -> str:
    reason = "it is no file that is there"
    try:
        if Path(path).is_file():
            return sha256(Path(path))
    except OSError as error:
        reason = error.strerror or str(error)
    raise OptionError(f"Option {name}={path} of {owner} cannot be read: {reason}.", "Give the path of a readable file.")


@dataclass(frozen=True)
class RunFolder:
    """One run's folder. Every write replaces a whole file."""

    path: Path

    def file(self, name: str) -> Path:
        """The path of one of the run's files."""
        return self.path / name

    def manifest(self) -> Manifest:
        """Read run.json. Raises StoreError where there is none, Damaged where it is not what was written."""
        try:
            return read_json(self.file(MANIFEST), Manifest)
        except OSError as error:
            raise StoreError(f"{self.path} is no run folder: {MANIFEST} cannot be read.") from error

    def manifest_or_none(self) -> Manifest | None:
        """What run.json says; None where there is none that is sound."""
        try:
            return self.manifest()
        except StoreError:
            return None

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace run.json."""
        write_json(self.file(MANIFEST), manifest)

    def is_finished(self) -> bool:
        """Whether the run ended well, its manifest is sound, and its generator is still the file that it names."""
        return self.finished() is not None

    def finished(self) -> Manifest | None:
        """The manifest of a run of which ``is_finished`` holds; None of any other."""
        manifest = self.manifest_or_none()
        if manifest is None or manifest.status != "finished" or self.generator_damage(manifest):
            return None
        return manifest

    def generator_damage(self, manifest: Manifest) -> Damaged | None:
        """What is wrong with generator.onnx, as an error to raise; None where it is what ``manifest`` names."""
        onnx = self.file(ONNX)
        if not onnx.is_file():
            return Damaged(onnx, "it is not there", TRAIN_AGAIN)
        if manifest.onnx_sha256 and sha256(onnx) != manifest.onnx_sha256:
            return Damaged(onnx, f"it is not the file that {MANIFEST} names by its hash", TRAIN_AGAIN)
        return None

    def hashes(self) -> dict[str, str]:
        """sha256 of every file of the run but the manifest itself."""
        names = (LOG, STATE, ONNX, PICTURE, FRAMES)
        return {name: sha256(self.file(name)) for name in names if self.file(name).is_file()}

    @contextmanager
    def lock(self, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the run for this process. Where another one has it, raise StoreError; or, given ``waiting``, call it
        once and wait.
        """
        import filelock

        try:
            make_folder(self.path)
            lock = filelock.FileLock(self.path / LOCK, timeout=0)
            try:
                lock.acquire()
            except filelock.Timeout:
                if waiting is None:
                    raise
                waiting()
                lock.acquire(timeout=-1)
            try:
                sweep(self.path)
                yield
            finally:
                lock.release()
        except filelock.Timeout as error:
            raise StoreError(f"Another process is working on {self.path}.", "Wait for it or stop it.") from error
        except OSError as error:
            raise StoreError(f"Cannot use the run folder {self.path}: {error.strerror or error}.") from error


@dataclass(frozen=True)
class RunStore:
    """All runs below one root folder."""

    root: Path

    def folder(self, dataset: str, variant: str, key: str) -> RunFolder:
        """Where a piece of work belongs; the folder need not be there yet. Raises StoreError for one outside."""
        return RunFolder(below(self.root, slug(dataset), variant, key))

    def failure_file(self, dataset: str, variant: str, seed: int, quick: bool, cell: str = "") -> Path:
        """Where the failure of a bench job is noted; a label is any text, so that its hash stands in the name."""
        name = f"seed{seed}{'-quick' if quick else ''}{f'-{content_hash(cell)}' if cell else ''}{FAILED}"
        return below(self.root, slug(dataset), variant, name)

    def failure_files(self) -> list[Path]:
        """The note of every bench job whose last attempt failed, sorted."""
        return sorted(self.root.glob(f"*/*/seed*{FAILED}"))

    def last_bench(self) -> int:
        """The highest number of a bench that left anything here; 0 for none."""
        paths = [*self.root.glob(f"*/*/*/{SCORE}"), *self.failure_files()]
        return max((read_turn(path).bench for path in paths), default=0)

    def all(self) -> list[RunFolder]:
        """Every run folder, sorted by path."""
        return [RunFolder(path.parent) for path in sorted(self.root.glob(f"*/*/*/{MANIFEST}"))]


def read_turn(path: Path) -> Turn:
    """The turn that a score.json or a failure had; that of none where the file is absent, damaged or older."""
    try:
        return read_json(path, Turn)
    except (OSError, StoreError):
        return Turn()


def utc_now() -> str:
    """The time as ISO 8601 in UTC, to the second, as manifests and rows have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def slug(name: str) -> str:
    """A dataset's name as a folder name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "data"
