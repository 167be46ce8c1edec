"""What rules look at: a run's curves, and its score beside that of real samples."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo.diagnosis.losses import Loss, loss_of
from ganzoo.errors import StoreError, UsageError
from ganzoo.files import sha256
from ganzoo.metrics.regions import CLUSTERS
from ganzoo.scoring.of_run import real_score, score_of_run
from ganzoo.training.runs import LOG, Manifest, RunFolder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganzoo.scoring.protocol import Score
    from ganzoo.types import Estimate

FEWEST = 8
"""Logged steps from which on a curve is judged: a quarter of them is a median of two at least."""


@dataclass(frozen=True)
class Curves:
    """The columns of log.csv: finite float64 [rows] each; a column with a gap or another value is left out."""

    columns: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    rows: int = 0

    @property
    def told(self) -> bool:
        """Whether there are enough steps to judge by."""
        return self.rows >= FEWEST

    def has(self, *names: str) -> bool:
        """Whether all these columns are there to be judged."""
        return self.told and all(name in self.columns for name in names)

    def early(self, name: str) -> float:
        """The median size over the first quarter of the logged steps."""
        return float(np.median(np.abs(self.columns[name][: self.rows // 4])))

    def late(self, name: str) -> float:
        """The median size over the last quarter."""
        return float(np.median(np.abs(self.columns[name][-(self.rows // 4) :])))

    def after_start(self, name: str) -> NDArray[np.float64]:
        """All but the first quarter."""
        return self.columns[name][self.rows // 4 :]

    def called(self, word: str) -> list[str]:
        """The columns whose name holds a word."""
        return [name for name in self.columns if word in name] if self.told else []


@dataclass(frozen=True)
class Sampled:
    """What the samples score, and what real samples score in their place, by column."""

    ours: Mapping[str, Estimate]
    real: Mapping[str, Estimate]
    modes: int
    """Of the data: those that real samples reach, or else all that there are."""
    alike: bool = False
    """Whether all samples have the same features."""

    def has(self, *names: str) -> bool:
        """Whether all these columns were computed."""
        return all(name in self.ours for name in names)

    def realness(self) -> float:
        """Precision over that of real samples; 1 where it is not known."""
        if "precision" not in self.ours:
            return 1.0
        usual = self.real["precision"].value if "precision" in self.real else 1.0
        return self.ours["precision"].value / usual if usual > 0 else 1.0


@dataclass(frozen=True)
class Traces:
    """All that is known of a run."""

    manifest: Manifest
    curves: Curves
    sampled: Sampled | None
    damage: tuple[str, ...] = ()

    @property
    def options(self) -> Mapping[str, Any]:
        """The options that the run was trained with."""
        return self.manifest.options

    @property
    def loss(self) -> Loss:
        """What is known of the variant's losses."""
        about = self.manifest.about
        return loss_of(self.options.get("loss"), about.facts.loss if about else "")


def read_case(path: Path) -> Traces:
    """Read a run of any status. Raises UsageError for a file, StoreError for a folder that is no run."""
    folder = RunFolder(path)
    if path.is_file():
        raise UsageError(f"{path} is a file, and a diagnosis is of a run.", "Name the run's folder.")
    if not path.is_dir():
        raise StoreError(f"There is no folder {path}.", "Name a run's folder.")
    manifest, damage = folder.manifest(), list[str]()
    return case_of(folder, manifest, score_of_run(folder, manifest, damage), damage)


def case_of(folder: RunFolder, manifest: Manifest, score: Score | None, damage: list[str]) -> Traces:
    """A run whose manifest and score have been read, with its log and the score of real samples beside it."""
    real = real_score(folder, score, damage) if score else None
    looked = sampled(manifest, score, real) if score else None
    log = folder.file(LOG)
    given = read_curves(log)
    if given.rows and manifest.status == "finished" and sha256(log) != manifest.files.get(LOG):
        damage.append(f"{log} is not the file that was written: its curves are left out.")
        given = Curves()
    return Traces(manifest, given, looked, tuple(damage))


def sampled(manifest: Manifest, score: Score, real: Score | None) -> Sampled:
    """A score as rules look at it."""
    reached = real.estimates.get("modes") if real else None
    total = manifest.data.classes or CLUSTERS
    alike = any(note.startswith("all samples have the same features") for note in score.notes)
    return Sampled(
        score.estimates, real.estimates if real else {}, min(total, round(reached.value)) if reached else total, alike
    )


def read_curves(path: Path) -> Curves:
    """The columns of a log; none where there is no log, or nothing of it can be read."""
    try:
        text = path.read_text("utf-8", errors="replace").replace("\0", "")
        rows = [row for row in csv.DictReader(io.StringIO(text)) if None not in row]
    except (OSError, csv.Error):
        return Curves()
    if not rows:
        return Curves()
    columns = {name: np.array([_number(row[name]) for row in rows]) for name in rows[0] if name != "step"}
    return Curves({name: values for name, values in columns.items() if np.isfinite(values).all()}, len(rows))


def _number(cell: str | None) -> float:
    try:
        return float(cell or "nan")
    except ValueError:
        return math.nan
