"""One bench job in its own process: ``python -m ganzoo.leaderboard.worker JOB`` trains, exports, scores, and reports.

Each line of its output is one JSON object with an ``event``. A worker that is killed is a row too: its parent notes the
reason.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import GanzooError, StoreError
from ganzoo.sealed import read_json, write_json

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry
    from ganzoo.scoring.protocol import Score
    from ganzoo.scoring.setup import Setup
    from ganzoo.training.runs import RunFolder, Turn


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of the bench for one seed; ``variant`` is "real" for the real-vs-real floor."""

    variant: str
    dataset: str
    seed: int
    quick: bool = False
    runs: str = "runs"
    data_dir: str | None = None
    device: str = "cpu"
    registry: str | None = None
    bench: int = 0
    """The number of the bench that the job is of."""

    @property
    def label(self) -> str:
        """How progress lines call it."""
        return f"{self.variant} {self.dataset} seed {self.seed}"


def run_job(job: Job, report: Any) -> None:
    """Train what is not trained, score what is not scored under the protocol in force."""
    from ganzoo import api
    from ganzoo import registry as registries
    from ganzoo.plugin.manager import Zoo
    from ganzoo.training import runs

    told = Attempts(job, report)

    registry = registries.load(Path(job.registry) if job.registry else None)
    zoo = Zoo.discover(registry)
    if job.variant == runs.REAL:
        _score_real(job, _setup(zoo, registry, job), told)
        return
    folder = api.train(
        job.variant,
        job.dataset,
        seed=job.seed,
        device=job.device,
        data_dir=job.data_dir,
        runs=job.runs,
        quick=job.quick,
        registry=registry,
        zoo=zoo,
        observer=told,
        wait=True,
    )
    told("scoring", {"path": str(folder.path), "dataset": folder.manifest().dataset})
    setup = _setup(zoo, registry, job)
    target = folder.file(runs.SCORE)
    generator = api.load(folder.path, device=job.device)

    def overtaken() -> bool:
        # Where the last attempt failed, or a later bench had other options, the row must be made again to count.
        last = runs.read_turn(target)
        return told.failed(folder) > last.attempt or other_recipe_since(folder, last.bench)

    def done() -> bool:
        return is_scored(target, setup.protocol.hash, generator.sha256, setup.extensions) and not overtaken()

    if not done():
        with folder.lock(lambda: told("waiting", {"path": str(folder.path)})):
            if not done():  # by another worker, while we waited
                turn = runs.Turn(job.bench, max(told.attempt, told.failed(folder) + 1))
                _score(setup, generator, target, turn, afresh=overtaken())
    told("scored", {"path": str(folder.path)})


class Attempts:
    """Counts how often the run of a job was tried, this time included, and says so with every event that names it."""

    def __init__(self, job: Job, then: Any) -> None:
        from ganzoo.training import runs

        self.attempt = 0
        self._noted = runs.RunStore(Path(job.runs)).failure_file(job.dataset, job.variant, job.seed, job.quick)
        self._then = then

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        from ganzoo.training import runs

        if "path" in fields:
            folder = runs.RunFolder(Path(fields["path"]))
            scored = runs.read_turn(folder.file(runs.SCORE)).attempt
            self.attempt = self.attempt or 1 + max(scored, self.failed(folder))
            fields = {**fields, "attempt": self.attempt}
        self._then(event, fields)

    def failed(self, folder: RunFolder) -> int:
        """The attempt at this run of which a failure was noted last; 0 for none."""
        from ganzoo.training import runs

        turn = runs.read_turn(self._noted)
        return turn.attempt if turn.run == folder.path.name else 0


def other_recipe_since(folder: RunFolder, bench: int) -> bool:
    """Whether a bench later than that one scored a run of this variant with another version or other options."""
    from ganzoo.training import runs

    def turn(each: RunFolder) -> int:
        return runs.read_turn(each.file(runs.SCORE)).bench

    this = folder.manifest()
    others = (runs.RunFolder(path.parent) for path in folder.path.parent.glob(f"*/{runs.MANIFEST}"))
    later = (each.manifest_or_none() for each in others if turn(each) > bench)
    return any(
        each.quick == this.quick and (each.version, each.options_hash) != (this.version, this.options_hash)
        for each in filter(None, later)
    )


def _score(setup: Setup, generator: Generator, target: Path, turn: Turn, *, afresh: bool) -> None:
    """Score into ``target``; one that only gained metrics beside its protocol stays the row that it was."""
    from ganzoo.scoring.scorer import score_generator
    from ganzoo.training import runs

    score = msgspec.structs.replace(
        score_generator(setup, generator), scored_utc=runs.utc_now(), bench=turn.bench, attempt=turn.attempt
    )
    if not afresh and is_scored(target, setup.protocol.hash, generator.sha256) and (old := _read(target)):
        score = msgspec.structs.replace(
            score,
            scored_utc=old.scored_utc,
            samples_per_second=old.samples_per_second,
            bench=old.bench,
            attempt=old.attempt,
        )
    write_json(target, score)


def _setup(zoo: Zoo, registry: Registry, job: Job) -> Setup:
    from ganzoo import api
    from ganzoo.scoring.setup import Terms

    return api.setup_of(zoo, registry, job.dataset, data_dir=job.data_dir, terms=Terms(device=job.device, total=True))


def _score_real(job: Job, setup: Setup, report: Attempts) -> None:
    from ganzoo.scoring.scorer import score_heldout
    from ganzoo.training import runs

    folder = runs.RunStore(Path(job.runs)).folder(setup.protocol.dataset, runs.REAL, setup.protocol.hash)
    target = folder.file(runs.SCORE)
    if _holds(target, setup.extensions):
        return
    with folder.lock(lambda: report("waiting", {"path": str(folder.path)})):
        if not _holds(target, setup.extensions) and (score := score_heldout(setup)) is not None:
            bench = runs.read_turn(target).bench or job.bench  # one that only gained metrics stays the row that it was
            write_json(target, msgspec.structs.replace(score, bench=bench, attempt=1))


def _holds(target: Path, extensions: Mapping[str, int]) -> bool:
    """Whether score.json is there and has the metrics of ``extensions``."""
    score = _read(target)
    return score is not None and extensions.items() <= score.extensions.items()


def _read(target: Path) -> Score | None:
    from ganzoo.scoring.protocol import Score

    try:
        return read_json(target, Score)
    except (OSError, StoreError):
        return None


def is_scored(target: Path, protocol_hash: str, sha256: str, extensions: Mapping[str, int] | None = None) -> bool:
    """Whether score.json already holds this model's score under this protocol, with the metrics of ``extensions``."""
    score = _read(target)
    if score is None or not _holds(target, extensions or {}):
        return False
    return score.protocol_hash == protocol_hash and score.sampled_sha256 == sha256


class Reporter:
    """Writes events as JSON lines; "step" events at most a few times a second."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        now = time.monotonic()
        if event == "step" and now - self._last < 0.25:
            return
        self._last = now
        sys.stdout.write(msgspec.json.encode({"event": event, **fields}).decode() + "\n")
        sys.stdout.flush()


def main(argument: str) -> int:
    """Run one job; the exit code is the error's."""
    report = Reporter()
    try:
        run_job(msgspec.json.decode(argument, type=Job), report)
    except GanzooError as error:
        report("error", {"note": str(error)})
        return error.exit_code
    except Exception as error:  # the process boundary: whatever it is, it becomes a row with its reason
        report("error", {"note": f"{type(error).__name__}: {error}"})
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
