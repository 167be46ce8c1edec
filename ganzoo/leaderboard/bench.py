"""The bench: variant × dataset × seed, each run its own process, as many at a time as there are cores."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.files import locked
from ganzoo.leaderboard.current import other_recipe_since
from ganzoo.leaderboard.jobs import Done, Job
from ganzoo.processes import ONE_THREAD, Child, python
from ganzoo.sealed import write_json
from ganzoo.training.runs import Failure, RunFolder, Turn, read_turn, utc_now

if TYPE_CHECKING:
    from ganzoo.training.runs import RunStore

GRACE_SECONDS = 20.0


@dataclass
class Outcome:
    """How a job stands; ``note`` is the reason of one that failed."""

    job: Job
    state: str = "waiting"  # waiting, running, scoring, done, failed, stopped
    step: int = 0
    total: int = 0
    seconds: float = 0.0
    note: str = ""
    path: str = ""
    dataset: str = ""
    """The dataset's own name, once it is known: that of ``npz:FILE`` is not its reference."""
    attempt: int = 0
    """At the run in ``path``, as its worker counted; 0 before it is known."""
    started: float = field(default=0.0, repr=False)


Notify = Callable[[Outcome], None]


def _never(job: Job) -> None:
    """No job is known to be finished."""


class LocalExecutor:
    """Child processes on this machine, one compute thread each; one failing job hurts no other."""

    def __init__(self, workers: int, command: Sequence[str] | None = None) -> None:
        self._workers = max(1, workers)
        self._command = command or python("ganzoo.leaderboard.worker")
        self._children: set[Child] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self._broken: Exception | None = None

    def run(
        self, jobs: Sequence[Job], notify: Notify, finished: Callable[[Job], Done | None] = _never
    ) -> list[Outcome]:
        """Run all jobs, as many at a time as there are workers, telling ``notify`` of every change.

        No process is started for a job that ``finished`` knows to be done. Outcomes come in the order of the jobs. On
        KeyboardInterrupt every child is stopped first.
        """
        outcomes = [Outcome(job) for job in jobs]
        waiting: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        for outcome in outcomes:
            done = finished(outcome.job)
            if done is None:
                waiting.put(outcome)
            else:
                outcome.state, outcome.path, outcome.dataset = "done", done.path, done.dataset
                notify(outcome)
        threads = [
            threading.Thread(target=self._drain, args=(waiting, notify), daemon=True)
            for _ in range(min(self._workers, waiting.qsize()))
        ]
        try:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads) and self._broken is None:
                time.sleep(0.05)
            if self._broken is not None:
                raise self._broken
        except BaseException:  # above all KeyboardInterrupt
            self._stop()
            for thread in threads:
                thread.join()
            raise
        return outcomes

    def _drain(self, waiting: queue.SimpleQueue[Outcome], notify: Notify) -> None:
        while not self._stopping:
            try:
                outcome = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                self._run_one(outcome, notify)
            except Exception as error:  # noqa: BLE001 - a fault of the caller's ``notify``; ``run`` raises it
                self._broken = error
                return

    def _run_one(self, outcome: Outcome, notify: Notify) -> None:
        outcome.started = time.monotonic()
        outcome.state = "running"
        notify(outcome)
        try:
            child = self._start(outcome.job)
        except OSError as error:
            _finish(outcome, notify, "failed", f"the worker could not be started: {error.strerror}")
            return
        if child is None:
            _finish(outcome, notify, "stopped", "stopped by Ctrl-C")
            return
        try:
            for event in _events(child):
                _update(outcome, event)
                notify(outcome)
            code = child.wait()
            cause = "" if code == 0 else outcome.note or _cause(code, child.last_words())
        finally:
            with self._lock:
                self._children.discard(child)
            child.end()
        if self._stopping:
            _finish(outcome, notify, "stopped", outcome.note or "stopped by Ctrl-C")
        else:
            _finish(outcome, notify, "failed" if cause else "done", cause)

    def _start(self, job: Job) -> Child | None:
        """Start a job's worker; None once the bench is being stopped, or it would outlive us."""
        with self._lock:
            if self._stopping:
                return None
            command = [*self._command, msgspec.json.encode(job).decode()]
            child = Child(command, env={**os.environ, **ONE_THREAD})
            self._children.add(child)
            return child

    def _stop(self) -> None:
        """Ask every child to save and stop, then make sure of it."""
        with self._lock:
            self._stopping = True
            children = list(self._children)
        for child in children:
            child.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in children:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                child.kill()


def _events(child: Child) -> Iterator[dict[str, Any]]:
    """The worker's JSON lines; anything else is passed over."""
    for line in child.lines():
        try:
            event = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if isinstance(event, dict) and "event" in event:
            yield event


def _update(outcome: Outcome, event: dict[str, Any]) -> None:
    kind = event["event"]
    outcome.path = event.get("path", outcome.path)
    outcome.note = event.get("note") or outcome.note
    outcome.dataset = event.get("dataset", outcome.dataset)
    outcome.attempt = event.get("attempt", outcome.attempt)
    if kind in ("step", "resumed"):
        outcome.step, outcome.total = event["step"], event["total"]
    if kind in ("waiting", "scoring"):
        outcome.state = kind
    elif kind == "started":
        outcome.state = "running"


def _finish(outcome: Outcome, notify: Notify, state: str, note: str) -> None:
    outcome.state = state
    outcome.note = note
    outcome.seconds = time.monotonic() - outcome.started
    notify(outcome)


def _cause(code: int, last_words: str) -> str:
    """Why a worker that gave no reason ended: the signal that killed it, or its last line of stderr."""
    if code < 0:
        return f"killed by signal {-code}" + (" (out of memory?)" if code == -9 else "")
    return last_words or f"ended with exit code {code}"


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def note_failures(store: RunStore, outcomes: Iterable[Outcome]) -> None:
    """Keep a note of every failed job beside its runs, and drop the notes of those that now succeeded.

    Another bench may do the same: of two failures of one run, that of the later attempt stays. A divergence that is
    noted stays as it is: it is not tried again.
    """
    with locked(store.root, "run store"):
        for outcome in outcomes:
            job = outcome.job
            file = store.failure_file(job.dataset, job.variant, job.seed, job.quick, job.cell)
            if outcome.state == "done":
                file.unlink(missing_ok=True)
            elif outcome.state == "failed":
                failure, noted = _failure(outcome), read_turn(file)
                if noted.run != failure.run or (noted.attempt <= failure.attempt and not _known(outcome, noted)):
                    write_json(file, failure)


def _known(outcome: Outcome, noted: Turn) -> bool:
    """Whether a divergence is noted, and still of what was tried last."""
    folder = RunFolder(Path(outcome.path))
    return noted.status == "diverged" and not other_recipe_since(folder, noted.bench, outcome.job.cell)


def _failure(outcome: Outcome) -> Failure:
    job, folder = outcome.job, RunFolder(Path(outcome.path))
    failure = Failure(
        variant=job.variant,
        cell=job.cell,
        dataset=outcome.dataset or job.dataset,
        seed=job.seed,
        quick=job.quick,
        note=outcome.note,
        date_utc=utc_now(),
        bench=job.bench,
    )
    manifest = folder.manifest_or_none() if outcome.attempt else None
    if manifest is None:  # its run was never known
        return failure
    if manifest.status == "diverged":
        failure = msgspec.structs.replace(failure, status="diverged", note=manifest.note)
    return msgspec.structs.replace(
        failure,
        run=manifest.key,
        role=manifest.role,
        version=manifest.version,
        options_hash=manifest.options_hash,
        attempt=outcome.attempt,
    )
