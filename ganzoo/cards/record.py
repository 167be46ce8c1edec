"""What the run store has for a card: the run, its score, its other seeds, and what real samples score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganzoo.diagnosis.case import case_of
from ganzoo.diagnosis.diagnose import judged
from ganzoo.diagnosis.verdicts import Verdict
from ganzoo.errors import Damaged, StoreError, UsageError
from ganzoo.scoring.of_run import real_score, score_of_run
from ganzoo.scoring.protocol import Score
from ganzoo.training.runs import MANIFEST, PICTURE, Manifest, RunFolder
from ganzoo.verify import command_of, verify_run


@dataclass(frozen=True)
class SeedRun:
    """A run of the same work with one seed; ``score`` is that of its own generator, where there is one."""

    manifest: Manifest
    score: Score | None


@dataclass(frozen=True)
class Record:
    """All that a card says comes from here."""

    path: Path
    manifest: Manifest
    score: Score | None
    seeds: tuple[SeedRun, ...]
    """The other seeds beside it in the store."""
    real: Score | None
    """Of held-out real samples under the protocol of ``score``."""
    left_out: tuple[str, ...]
    """A sentence for each file beside the run that is damaged."""
    verdicts: tuple[Verdict, ...] = ()
    """What ``ganzoo diagnose`` says of the run."""

    @property
    def has_picture(self) -> bool:
        """Whether the run has its grid of samples."""
        return PICTURE in self.manifest.files


def read_record(path: Path) -> Record:
    """Read a run and what lies beside it in its store.

    Raises UsageError for a file, StoreError for a folder that is no run or whose run did not finish, and Damaged where
    a file of the run is not what was written.
    """
    folder = RunFolder(path)
    manifest = _finished(folder)
    for finding in verify_run(folder).findings:
        if finding.path.name != MANIFEST:  # a run may be copied out of its store, into a folder of another name
            raise Damaged(finding.path, finding.what, finding.mend)
    left_out: list[str] = []
    score = score_of_run(folder, manifest, left_out)
    beside = folder.path.resolve().parent
    seeds = tuple(_others(beside, manifest, left_out))
    real = real_score(folder, score, left_out) if score else None
    verdicts = judged(case_of(folder, manifest, score, [])).verdicts
    return Record(path, manifest, score, seeds, real, tuple(left_out), verdicts)


def _finished(folder: RunFolder) -> Manifest:
    if folder.path.is_file():
        raise UsageError(f"{folder.path} is a file, and a card is of a run.", "Name the run's folder.")
    if not folder.path.is_dir():
        raise StoreError(f"There is no folder {folder.path}.", "Name a finished run's folder.")
    manifest = folder.manifest()
    if manifest.status == "finished":
        return manifest
    why = f" ({manifest.note.rstrip('.')})" if manifest.note else ""
    hint = "Train another one." if manifest.status == "diverged" else f"It goes on with: {command_of(manifest)}"
    raise StoreError(f"{folder.path} has no model to describe: its run is {manifest.status}{why}.", hint)


def _others(beside: Path, ours: Manifest, left_out: list[str]) -> list[SeedRun]:
    """The runs of a folder that differ from ours by their seed alone."""
    found = []
    for path in sorted(beside.glob(f"*/{MANIFEST}")):
        folder = RunFolder(path.parent)
        try:
            manifest = folder.manifest()
        except StoreError as error:
            left_out.append(error.message)
            continue
        if _work(manifest) == _work(ours) and manifest.seed != ours.seed:
            found.append(SeedRun(manifest, score_of_run(folder, manifest, left_out)))
    return found


def _work(manifest: Manifest) -> tuple[object, ...]:
    """What a run's work is, but for its seed."""
    names = ("variant", "distribution", "version", "dataset_digest", "options_hash", "quick")
    return tuple(getattr(manifest, name) for name in names)
