"""The run store: one folder per piece of work, named by the hash of everything that determines its outcome.

runs/<dataset>/<variant>/<key>/
    run.json             manifest
    log.csv              scalars per step
    state.safetensors    resumable training state
    generator.onnx  samples.png  score.json
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

from ganzoo.errors import OptionError, StoreError
from ganzoo.files import LOCK, sha256, write_bytes
from ganzoo.options import Options, content_hash, file_names
from ganzoo.training.loop import Checkpoint
from ganzoo.types import API_VERSION, DataSpec, LatentSpec

MANIFEST, LOG, STATE = "run.json", "log.csv", "state.safetensors"
ONNX, PICTURE, SCORE = "generator.onnx", "samples.png", "score.json"
DIVERGED_PICTURE = "diverged.png"
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
    files: dict[str, str] = {}

    @property
    def options_hash(self) -> str:
        """Identifies the resolved options; a file by its content, wherever it lies."""
        return content_hash({**self.options, **self.option_files})


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A bench job that gave no score: kept beside the runs, so that it stays a row until it succeeds."""

    variant: str
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


class Turn(msgspec.Struct, frozen=True):
    """When a score or a failure was, told without a clock; read from score.json and from failures."""

    bench: int = 0
    """The number of the bench, one more than the highest that it found in its store and table."""
    attempt: int = 0
    """How often its run had been tried when the job began, and this time."""
    run: str = ""
    status: str = ""
    """That of a failure."""


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
        """Read run.json. Raises StoreError where there is none or it is damaged."""
        try:
            return msgspec.json.decode(self.file(MANIFEST).read_bytes(), type=Manifest)
        except OSError as error:
            raise StoreError(f"{self.path} is no run folder: {MANIFEST} cannot be read.") from error
        except msgspec.DecodeError as error:
            raise StoreError(
                f"{self.file(MANIFEST)} is damaged: {error}.", "Remove the folder and train again."
            ) from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace run.json."""
        write_json(self.file(MANIFEST), manifest)

    def is_finished(self) -> bool:
        """Whether the run ended well and its generator is still the file the manifest names."""
        if not self.file(MANIFEST).is_file():
            return False
        manifest = self.manifest()
        onnx = self.file(ONNX)
        return manifest.status == "finished" and onnx.is_file() and sha256(onnx) == manifest.onnx_sha256

    def hashes(self) -> dict[str, str]:
        """sha256 of every file of the run but the manifest itself."""
        names = (LOG, STATE, ONNX, PICTURE)
        return {name: sha256(self.file(name)) for name in names if self.file(name).is_file()}

    @contextmanager
    def lock(self, waiting: Callable[[], None] | None = None) -> Iterator[None]:
        """Hold the run for this process. Where another one has it, raise StoreError; or, given ``waiting``, call it
        once and wait.
        """
        import filelock

        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(self.path / LOCK, timeout=0)
            try:
                lock.acquire()
            except filelock.Timeout:
                if waiting is None:
                    raise
                waiting()
                lock.acquire(timeout=-1)
            try:
                yield
            finally:
                lock.release()
        except filelock.Timeout as error:
            raise StoreError(f"Another process is working on {self.path}.", "Wait for it or stop it.") from error
        except OSError as error:
            raise StoreError(f"Cannot use the run folder {self.path}: {error.strerror or error}.") from error


class FileCheckpoints:
    """A loop's checkpoints in state.safetensors: plain arrays, never pickled."""

    def __init__(self, folder: RunFolder) -> None:
        self._path = folder.file(STATE)

    def load(self) -> Checkpoint | None:
        """The last state saved. Raises StoreError where the file is damaged."""
        if not self._path.is_file():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._path, "numpy") as file:
                about = file.metadata()
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            # States of older versions lack the CPU time; with one thread it is the wall time of an idle machine.
            cpu = float(about["cpu_seconds" if "cpu_seconds" in about else "seconds"])
            return Checkpoint(int(about["step"]), float(about["seconds"]), arrays, cpu)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise StoreError(f"{self._path} is damaged: {error}.", "Remove it to start this run again.") from error

    def save(self, checkpoint: Checkpoint) -> None:
        """Replace the state."""
        import numpy as np
        from safetensors.numpy import save

        arrays = {name: np.asarray(value, order="C") for name, value in checkpoint.arrays.items()}
        about = {
            "step": str(checkpoint.step),
            "seconds": repr(checkpoint.seconds),
            "cpu_seconds": repr(checkpoint.cpu_seconds),
        }
        write_bytes(self._path, save(arrays, about))


@dataclass(frozen=True)
class RunStore:
    """All runs below one root folder."""

    root: Path

    def folder(self, dataset: str, variant: str, key: str) -> RunFolder:
        """Where a piece of work belongs; the folder need not be there yet."""
        return RunFolder(self.root / slug(dataset) / variant / key)

    def failure_file(self, dataset: str, variant: str, seed: int, quick: bool) -> Path:
        """Where the failure of a bench job is noted."""
        return self.root / slug(dataset) / variant / f"seed{seed}{'-quick' if quick else ''}.failed.json"

    def failures(self) -> list[Failure]:
        """Every bench job whose last attempt failed, sorted by path."""
        return [_read_failure(path) for path in sorted(self.root.glob("*/*/seed*.failed.json"))]

    def last_bench(self) -> int:
        """The highest number of a bench that left anything here; 0 for none."""
        paths = [*self.root.glob(f"*/*/*/{SCORE}"), *self.root.glob("*/*/seed*.failed.json")]
        return max((read_turn(path).bench for path in paths), default=0)

    def all(self) -> list[RunFolder]:
        """Every run folder, sorted by path."""
        return [RunFolder(path.parent) for path in sorted(self.root.glob(f"*/*/*/{MANIFEST}"))]


def _read_failure(path: Path) -> Failure:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Failure)
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged: {error}.", "Remove it and run the bench again.") from error


def read_turn(path: Path) -> Turn:
    """The turn that a score.json or a failure had; that of none where the file is absent, damaged or older."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Turn)
    except (OSError, msgspec.DecodeError):
        return Turn()


def utc_now() -> str:
    """The time as ISO 8601 in UTC, to the second, as manifests and rows have it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def slug(name: str) -> str:
    """A dataset's name as a folder name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "data"


def write_json(path: Path, value: Any) -> None:
    """Write an object as indented JSON with sorted keys, whole or not at all."""
    write_bytes(path, msgspec.json.format(msgspec.json.encode(value, order="sorted")) + b"\n")
