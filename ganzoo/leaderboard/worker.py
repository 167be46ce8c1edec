"""One bench job in its own process: ``python -m ganzoo.leaderboard.worker JOB`` trains, exports, scores, and reports.

Each line of its output is one JSON object with an ``event``. A worker that is killed is a row too: its parent notes the
reason.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import GanzooError
from ganzoo.leaderboard.current import (
    failed_attempt,
    holds,
    is_current,
    is_scored,
    overtaken,
    score_of,
)
from ganzoo.leaderboard.jobs import Job, setup_of
from ganzoo.sealed import write_json

if TYPE_CHECKING:
    from ganzoo.generator.engine import Generator
    from ganzoo.plugin.manager import Zoo
    from ganzoo.registry import Registry
    from ganzoo.scoring.protocol import Score
    from ganzoo.scoring.setup import Setup
    from ganzoo.training.runs import RunFolder, Turn


def run_job(job: Job, report: Any) -> None:
    """Train what is not trained, score what is not scored under the protocol in force."""
    from ganzoo import registry as registries
    from ganzoo.plugin.manager import Zoo
    from ganzoo.training import runs

    told = Attempts(job, report)

    registry = registries.load(Path(job.registry) if job.registry else None)
    zoo = Zoo.discover(registry)
    if job.variant == runs.REAL:
        score_real(job, setup_of(zoo, registry, job), told)
        return
    folder = trained(job, registry, zoo, told)
    told("scoring", {"path": str(folder.path), "dataset": folder.manifest().dataset})
    score_run(job, folder, setup_of(zoo, registry, job), told)


def trained(job: Job, registry: Registry, zoo: Zoo, observer: Any) -> RunFolder:
    """The run of a job, trained where it is not, from its recipe in ``registry``; another process's is waited for."""
    from ganzoo import api

    return api.train(
        job.variant,
        job.dataset,
        options=job.options,
        seed=job.seed,
        device=job.device,
        data_dir=job.data_dir,
        runs=job.runs,
        quick=job.quick,
        registry=registry,
        zoo=zoo,
        observer=observer,
        wait=True,
    )


def score_run(job: Job, folder: RunFolder, setup: Setup, told: Attempts) -> None:
    """Score a job's finished run, where that is not done under the protocol in force."""
    from ganzoo import api
    from ganzoo.training import runs

    target = folder.file(runs.SCORE)
    generator = api.load(folder.path, device=job.device)

    def done() -> bool:
        return is_current(folder, setup, generator.sha256, told.noted, job.cell)

    if not done():
        with folder.lock(lambda: told("waiting", {"path": str(folder.path)})):
            if not done():  # by another worker, while we waited
                turn = runs.Turn(job.bench, max(told.attempt, failed_attempt(folder, told.noted) + 1))
                _score(setup, generator, target, turn, job.cell, afresh=overtaken(folder, told.noted, job.cell))
    told("scored", {"path": str(folder.path)})


class Attempts:
    """Counts how often the run of a job was tried, this time included, and says so with every event that names it."""

    def __init__(self, job: Job, then: Any) -> None:
        from ganzoo.training import runs

        self.attempt = 0
        store = runs.RunStore(Path(job.runs))
        self.noted = store.failure_file(job.dataset, job.variant, job.seed, job.quick, job.cell)
        self._cell = job.cell
        self._then = then

    def __call__(self, event: str, fields: dict[str, Any]) -> None:
        from ganzoo.training import runs

        if "path" in fields:
            folder = runs.RunFolder(Path(fields["path"]))
            scored = runs.read_turn(folder.file(runs.SCORE)).of(self._cell).attempt
            self.attempt = self.attempt or 1 + max(scored, failed_attempt(folder, self.noted))
            fields = {**fields, "attempt": self.attempt}
        self._then(event, fields)


def _score(setup: Setup, generator: Generator, target: Path, turn: Turn, cell: str, *, afresh: bool) -> None:
    """Score into ``target`` for one cell, and leave the turns of the other cells that the run stands for.

    A score that only gains metrics beside its protocol stays the row that it was; one that only gains a cell is not
    computed again.
    """
    from ganzoo.training import runs

    old = score_of(target)
    turns = dict(old.turns) if old else {}
    in_force = is_scored(target, setup.protocol.hash, generator.sha256)
    kept = old if in_force and not (afresh and cell in turns) else None
    only_a_cell = kept is not None and cell not in turns and setup.extensions.items() <= kept.extensions.items()
    score = kept if kept and only_a_cell else _computed(setup, generator, kept, target.with_name(runs.COPIES))
    if kept is None or cell not in turns:
        turns[cell] = (turn.bench, turn.attempt)
    bench, attempt = max(turns.values())
    trained = runs.RunFolder(target.parent).manifest_or_none()
    reported = trained.reported if trained else ()
    write_json(target, msgspec.structs.replace(score, bench=bench, attempt=attempt, cells=turns, reported=reported))


def _computed(setup: Setup, generator: Generator, kept: Score | None, copies: Path) -> Score:
    """A new score, with the date and the speed of the one that it completes; its worst copies are drawn beside it."""
    from ganzoo.scoring.evidence import score_with_evidence
    from ganzoo.training import runs

    score = score_with_evidence(setup, generator, copies)
    if kept is None:
        return msgspec.structs.replace(score, scored_utc=runs.utc_now())
    return msgspec.structs.replace(score, scored_utc=kept.scored_utc, samples_per_second=kept.samples_per_second)


def score_real(job: Job, setup: Setup, report: Attempts) -> None:
    """Score held-out real samples under a job's protocol, where that is not done."""
    from ganzoo.scoring.scorer import score_heldout
    from ganzoo.training import runs

    folder = runs.RunStore(Path(job.runs)).folder(setup.protocol.dataset, runs.REAL, setup.protocol.hash)
    target = folder.file(runs.SCORE)
    if holds(target, setup.extensions):
        return
    with folder.lock(lambda: report("waiting", {"path": str(folder.path)})):
        if not holds(target, setup.extensions) and (score := score_heldout(setup)) is not None:
            bench = runs.read_turn(target).bench or job.bench  # one that only gained metrics stays the row that it was
            write_json(target, msgspec.structs.replace(score, bench=bench, attempt=1))


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


def served(argument: str, work: Callable[[Job, Any], None]) -> int:
    """Do the work of one job, given as JSON, and report how it went in lines; the exit code is the error's."""
    report = Reporter()
    try:
        work(msgspec.json.decode(argument, type=Job), report)
    except GanzooError as error:
        report("error", {"note": str(error)})
        return error.exit_code
    except Exception as error:  # the process boundary: whatever it is, it becomes a row with its reason
        report("error", {"note": f"{type(error).__name__}: {error}"})
        raise
    return 0


def main(argument: str) -> int:
    """Run one job of a bench."""
    return served(argument, run_job)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
