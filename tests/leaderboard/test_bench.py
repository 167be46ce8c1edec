from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import FAKES, failures

from ganzoo.leaderboard import bench, board, planning
from ganzoo.leaderboard.aggregate import aggregate
from ganzoo.leaderboard.bench import LocalExecutor, Outcome
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.leaderboard.jobs import Job
from ganzoo.registry import Registry
from ganzoo.sealed import write_json
from ganzoo.training.runs import REAL, SCORE, RunFolder, RunStore, Turn, read_turn

# A worker in a few lines: what it does is the name of the variant. It gets the job as its last argument.
WORKER = """
import json, os, signal, sys, time
job = json.loads(sys.argv[1])
what = job["variant"]
def say(**event):
    print(json.dumps(event), flush=True)
if what == "fine":
    say(event="step", step=3, total=10); say(event="scoring", path="/run/1"); say(event="scored", path="/run/1")
elif what == "says":
    say(event="error", note="one sentence"); sys.exit(2)
elif what == "crashes":
    print("Traceback of it all", file=sys.stderr); print("ValueError: last line\\n\\n", file=sys.stderr); sys.exit(1)
elif what == "silent":
    sys.exit(7)
elif what == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif what == "garbage":
    print("TensorFlow says hello"); print("[1, 2]"); print('{"no": "event"}'); print("{"); say(event="odd")
elif what == "chatters":
    print("hello"); say(event="scoring", path="/run/9")
elif what == "threads":
    say(event="error", note=os.environ["OMP_NUM_THREADS"] + os.environ["OPENBLAS_NUM_THREADS"]); sys.exit(1)
elif what == "segfaults":
    os.kill(os.getpid(), signal.SIGSEGV)
elif what == "saves":
    def save(*ignored):
        time.sleep(0.4)
        open(job["runs"], "w").write("saved"); sys.exit(1)
    signal.signal(signal.SIGTERM, save)
    say(event="started", path=str(os.getpid()))
    signal.pause()
elif what in ("waits", "deaf"):
    if what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(event="started", path=str(os.getpid()))
    signal.pause() if what == "waits" else [signal.pause() for _ in range(9)]
"""
COMMAND = (sys.executable, "-c", WORKER)


def jobs(*variants: str) -> list[Job]:
    return [Job(variant=variant, dataset="digits", seed=i) for i, variant in enumerate(variants)]


def run(*variants: str, workers: int = 2, notify: Any = lambda outcome: None) -> list[Outcome]:
    return LocalExecutor(workers, COMMAND).run(jobs(*variants), notify)


def test_outcomes_of_every_kind_and_none_hurts_another() -> None:
    found = run("killed", "fine", "says", "crashes", "silent", "garbage", "threads", "fine")
    assert [(outcome.job.variant, outcome.state, outcome.note) for outcome in found] == [
        ("killed", "failed", "killed by signal 9 (out of memory?)"),
        ("fine", "done", ""),
        ("says", "failed", "one sentence"),
        ("crashes", "failed", "ValueError: last line"),
        ("silent", "failed", "ended with exit code 7"),
        ("garbage", "done", ""),
        ("threads", "failed", "11"),
        ("fine", "done", ""),
    ]
    assert (found[1].step, found[1].total, found[1].path) == (3, 10, "/run/1")


def test_every_change_is_told() -> None:
    states: list[str] = []
    run("fine", notify=lambda outcome: states.append(outcome.state))
    assert states == ["running", "running", "scoring", "scoring", "done"]


def test_a_worker_that_cannot_be_started() -> None:
    (outcome,) = LocalExecutor(1, ("/nowhere/python",)).run(jobs("fine"), lambda outcome: None)
    assert outcome.state == "failed"
    assert outcome.note == "the worker could not be started: No such file or directory"


def test_no_more_at_a_time_than_asked_for() -> None:
    running, most = set(), []
    lock = threading.Lock()

    def count(outcome: Outcome) -> None:
        with lock:
            (running.discard if outcome.state in ("done", "failed") else running.add)(outcome.job.seed)
            most.append(len(running))

    run(*["fine"] * 5, workers=2, notify=count)
    assert max(most) <= 2


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def interrupted(executor: LocalExecutor, work: list[Job], after: int) -> tuple[list[int], dict[int, str]]:
    """Press Ctrl-C once ``after`` workers say that they run; the pids, and the last state of each job."""
    pids: list[int] = []
    states: dict[int, str] = {}
    lock = threading.Lock()

    def notify(outcome: Outcome) -> None:
        with lock:
            states[outcome.job.seed] = outcome.state
            if outcome.path and outcome.state == "running":
                pids.append(int(outcome.path))
                if len(pids) == after:
                    os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        executor.run(work, notify)
    return pids, states


def test_ctrl_c_stops_all_children_and_starts_no_more() -> None:
    pids, states = interrupted(LocalExecutor(2, COMMAND), jobs("waits", "waits", "waits", "fine"), after=2)
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    assert states == {0: "stopped", 1: "stopped"}


def test_a_worker_has_time_to_save(tmp_path: Path) -> None:
    work = [Job(variant="saves", dataset="digits", seed=0, runs=str(tmp_path / "state"))]
    pids, states = interrupted(LocalExecutor(1, COMMAND), work, after=1)
    assert not any(alive(pid) for pid in pids)
    assert states == {0: "stopped"}
    assert (tmp_path / "state").read_text() == "saved"


def test_memory_is_suspected_of_one_signal_alone() -> None:
    (outcome,) = run("segfaults")
    assert outcome.note == "killed by signal 11"


def test_a_worker_that_will_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "GRACE_SECONDS", 0.1)
    pids, states = interrupted(LocalExecutor(1, COMMAND), jobs("deaf"), after=1)
    assert not any(alive(pid) for pid in pids)
    assert states == {0: "stopped"}


def test_no_worker_starts_once_the_bench_is_stopping() -> None:
    """A job taken from the queue just before Ctrl-C must not outlive it."""
    executor = LocalExecutor(1, COMMAND)
    states: list[str] = []

    def notify(outcome: Outcome) -> None:
        states.append(outcome.state)
        if outcome.state == "running":
            executor._stop()

    executor.run(jobs("waits", "waits"), notify)
    assert states == ["running", "stopped"]


def test_a_view_that_fails_leaves_no_worker_behind() -> None:
    pids: list[int] = []

    def notify(outcome: Outcome) -> None:
        if outcome.path:
            pids.append(int(outcome.path))
            raise BrokenPipeError("the reader went away")

    with pytest.raises(BrokenPipeError):
        run("waits", "waits", workers=1, notify=notify)
    assert len(pids) == 1
    assert not alive(pids[0])


def test_failures_of_cells_are_notes_of_their_own(tmp_path: Path) -> None:
    """The plain variant's, and of each cell; one that succeeds takes its own note alone."""
    store = RunStore(tmp_path)
    cells = ["", "lr=1", "lr=2", 'name="../x"']
    outcomes = [
        Outcome(Job(variant="a", cell=cell, dataset="digits", seed=0), state="failed", note=f"of {cell}")
        for cell in cells
    ]
    bench.note_failures(store, outcomes)
    assert sorted((failure.cell, failure.note) for failure in failures(store)) == [(c, f"of {c}") for c in cells]
    assert {path.parent for path in store.failure_files()} == {tmp_path / "digits" / "a"}
    rows = StoreIndex(store).collect().rows
    assert [row["variant"] for row in rows] == ["a", *(f"a {cell}" for cell in cells[1:])]
    outcomes[1].state = "done"
    bench.note_failures(store, outcomes[1:2])
    assert sorted(failure.cell for failure in failures(store)) == ["", "lr=2", 'name="../x"']


def test_failures_are_noted_until_they_succeed(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    failed, done, stopped = (Outcome(job) for job in jobs("a", "b", "c"))
    failed.state, failed.note, done.state, stopped.state = "failed", "crashed", "done", "stopped"
    bench.note_failures(store, [failed, done, stopped])
    assert [(failure.variant, failure.seed, failure.note) for failure in failures(store)] == [("a", 0, "crashed")]
    failed.state = "done"
    bench.note_failures(store, [failed])
    assert failures(store) == []


def test_a_failure_of_another_run_takes_the_place_of_the_one_noted(tmp_path: Path) -> None:
    """Whatever its attempt: other options have a run of their own, which counts from one."""
    store = RunStore(tmp_path)
    (job,) = jobs("a")
    file = store.failure_file(job.dataset, job.variant, job.seed, False)
    write_json(file, {"variant": "a", "dataset": "digits", "seed": 0, "note": "old", "run": "other", "attempt": 9})
    bench.note_failures(store, [Outcome(job, state="failed", note="new")])
    assert [failure.note for failure in failures(store)] == ["new"]


def test_a_path_without_a_run_is_no_run_that_was_known(tmp_path: Path) -> None:
    (job,) = jobs("a")
    for attempt in (0, 3):
        failure = bench._failure(Outcome(job, note="n", path=str(tmp_path / "nothing"), attempt=attempt))
        assert (failure.run, failure.attempt) == ("", 0)


def test_a_job_whose_run_was_never_known_takes_none_that_lies_about(
    gaussian: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is "", which is the folder that the user stands in."""
    monkeypatch.chdir(gaussian.path)
    (job,) = jobs("a")
    assert bench._failure(Outcome(job, note="n")).run == ""


def test_a_job_took_the_seconds_since_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = Outcome(jobs("a")[0], started=40.0)
    told: list[float] = []
    monkeypatch.setattr(bench.time, "monotonic", lambda: 42.5)
    bench._finish(outcome, lambda each: told.append(each.seconds), "done", "")
    assert told == [2.5]


def test_cores_are_those_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 7}, raising=False)
    assert bench.cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    assert bench.cores() == 64
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert bench.cores() == 1


def test_what_a_worker_prints_besides_hides_no_event() -> None:
    (outcome,) = run("chatters")
    assert (outcome.state, outcome.path) == ("done", "/run/9")


def outcome_of(folder: RunFolder, note: str, attempt: int, bench_number: int) -> Outcome:
    """A failed job whose run is ``folder``."""
    manifest = folder.manifest()
    job = Job(variant=manifest.variant, dataset=manifest.dataset, seed=manifest.seed, bench=bench_number)
    return Outcome(job, state="failed", note=note, path=str(folder.path), attempt=attempt)


def test_of_two_benches_that_fail_on_one_run_the_later_attempt_is_noted(tmp_path: Path) -> None:
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path), bench=1)
    assert LocalExecutor(1).run([job], lambda outcome: None)[0].state == "done"
    store = RunStore(tmp_path)
    (folder,) = store.all()
    bench.note_failures(store, [outcome_of(folder, "second", 2, 7)])
    bench.note_failures(store, [outcome_of(folder, "first, noted late", 1, 8)])
    (failure,) = failures(store)
    assert (failure.note, failure.attempt, failure.run) == ("second", 2, folder.manifest().key)
    assert failure.options_hash == folder.manifest().options_hash
    assert failure.role == "floor"
    assert store.last_bench() == 7
    bench.note_failures(store, [outcome_of(folder, "third", 3, 8)])
    assert failures(store)[0].note == "third"


def test_a_divergence_is_noted_with_step_and_cause_and_once(tmp_path: Path) -> None:
    """It is not tried again, so that a second bench has nothing to say; unless other options were tried since."""
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path), bench=1)
    assert LocalExecutor(1).run([job], lambda outcome: None)[0].state == "done"
    store = RunStore(tmp_path)
    (folder,) = store.all()
    manifest = folder.manifest()
    cause = "loss became nan at step 5 of 9."
    folder.write_manifest(msgspec.structs.replace(manifest, status="diverged", note=cause))
    folder.file(SCORE).unlink()
    bench.note_failures(store, [outcome_of(folder, "killed", 1, 2)])
    bench.note_failures(store, [outcome_of(folder, f"{cause} Try this.", 2, 3)])
    bench.note_failures(store, [outcome_of(folder, f"It diverged before: {cause}", 3, 4)])
    (failure,) = failures(store)
    assert (failure.status, failure.note, failure.bench, failure.attempt) == ("diverged", cause, 2, 1)
    other = store.folder("digits", "gaussian", "other")
    other.write_manifest(msgspec.structs.replace(manifest, key="other", options={"rank": 3}))
    write_json(other.file(SCORE), {"bench": 5, "attempt": 1})
    bench.note_failures(store, [outcome_of(folder, f"It diverged before: {cause}", 4, 6)])
    (failure,) = failures(store)
    assert (failure.status, failure.note, failure.bench, failure.attempt) == ("diverged", cause, 6, 4)


def test_a_divergence_stays_noted_whatever_other_cells_did_since(tmp_path: Path) -> None:
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path), bench=1)
    assert LocalExecutor(1).run([job], lambda outcome: None)[0].state == "done"
    store = RunStore(tmp_path)
    (folder,) = store.all()
    manifest = folder.manifest()
    folder.write_manifest(msgspec.structs.replace(manifest, status="diverged", note="It exploded."))
    folder.file(SCORE).unlink()
    bench.note_failures(store, [outcome_of(folder, "x", 1, 2)])
    other = store.folder("digits", "gaussian", "other")
    other.write_manifest(msgspec.structs.replace(manifest, key="other", options={"rank": 3}))
    write_json(other.file(SCORE), {"bench": 5, "attempt": 1, "cells": {"rank=3": (5, 1)}})
    bench.note_failures(store, [outcome_of(folder, "x", 2, 6)])
    assert [(failure.bench, failure.attempt) for failure in failures(store)] == [(2, 1)]


def test_a_run_that_failed_before_and_then_diverges_is_noted_anew(tmp_path: Path) -> None:
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path), bench=1)
    assert LocalExecutor(1).run([job], lambda outcome: None)[0].state == "done"
    store = RunStore(tmp_path)
    (folder,) = store.all()
    bench.note_failures(store, [outcome_of(folder, "killed", 1, 2)])
    assert failures(store)[0].status == "failed"
    folder.write_manifest(msgspec.structs.replace(folder.manifest(), status="diverged", note="It exploded."))
    bench.note_failures(store, [outcome_of(folder, "x", 2, 3)])
    assert [(failure.status, failure.note) for failure in failures(store)] == [("diverged", "It exploded.")]


def test_a_bench_of_what_diverges(
    tmp_path: Path, fakes_folder: Path, catalogue: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seeds, one of which diverges: a row with its reason, counted as collapsed, and not trained again."""
    for path in (FAKES, fakes_folder):
        monkeypatch.syspath_prepend(str(path))  # where this process finds modules its workers do
    store, out = RunStore(tmp_path / "runs"), tmp_path / "out"

    def benched(number: int, seed: int) -> tuple[str, str]:
        job = Job(variant="stepper", dataset="digits", seed=seed, runs=str(store.root), bench=number)
        (outcome,) = LocalExecutor(1).run([job], lambda outcome: None)
        bench.note_failures(store, [outcome])
        board.write(store, out, catalogue)
        return outcome.state, outcome.note

    assert benched(1, 0) == ("done", "")
    with monkeypatch.context() as patch:
        patch.setenv("STEPPER_NAN", "9")
        state, note = benched(1, 1)
    assert state == "failed"
    assert note.startswith("loss became nan at step 10 of 40. Try a smaller learning rate")
    row = board.read_runs(out).set_index("seed").loc["1"]
    assert (row["status"], row["note"], row["attempt"]) == ("diverged", "loss became nan at step 10 of 40.", "1")
    assert row["run"]
    (entry,) = aggregate(board.read_runs(out), "digits").to_dict("records")
    assert (entry["seeds"], entry["failed"], entry["collapse_rate"]) == (1, 1, 0.5)
    before = (out / "runs.csv").read_bytes()
    state, note = benched(2, 1)
    assert (state, note.partition(":")[0]) == ("failed", "This run diverged before, and would again")
    assert (out / "runs.csv").read_bytes() == before


def test_a_bench_that_ends_later_hides_no_run_that_another_made(tmp_path: Path, catalogue: Registry) -> None:
    """Both began when the run was not there; one made it, the other's worker was killed and is noted last."""
    store, out = RunStore(tmp_path / "runs"), tmp_path / "out"
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(store.root), bench=1)
    assert LocalExecutor(1).run([job], lambda outcome: None)[0].state == "done"
    board.write(store, out, catalogue)
    (folder,) = store.all()
    bench.note_failures(store, [outcome_of(folder, "killed by signal 9", 1, 2)])
    board.write(store, out, catalogue)
    (row,) = aggregate(board.read_runs(out), "digits").to_dict("records")
    assert (row["variant"], row["seeds"], row["failed"]) == ("gaussian", 1, 0)
    assert "failed" in set(board.read_runs(out)["status"]), "it is a row all the same"


def test_two_benches_at_once_score_the_floor_once(tmp_path: Path) -> None:
    floor = Job(variant=REAL, dataset="digits", seed=0, runs=str(tmp_path), bench=3)
    outcomes = LocalExecutor(2).run([floor, floor], lambda outcome: None)
    assert [outcome.state for outcome in outcomes] == ["done", "done"]
    (path,) = tmp_path.glob(f"digits/{REAL}/*/{SCORE}")
    assert read_turn(path) == Turn(bench=3, attempt=1)


def test_the_real_worker_end_to_end_and_nothing_is_done_twice(tmp_path: Path, catalogue: Registry) -> None:
    """One gaussian on digits, its floor, and a variant that does not exist, each in its own process."""
    store = RunStore(tmp_path / "runs")
    template = Job(variant="", dataset="", seed=0, runs=str(store.root))
    unknown = msgspec.structs.replace(template, variant="no-gan", dataset="digits")
    work = [*planning.plan([("gaussian", "digits")], [0], template), unknown]
    outcomes = LocalExecutor(2).run(work, lambda outcome: None)
    assert [outcome.state for outcome in outcomes] == ["done", "done", "failed"], outcomes
    assert "Unknown variant 'no-gan'" in outcomes[2].note
    bench.note_failures(store, outcomes)
    (folder,) = store.all()
    assert outcomes[1].path == str(folder.path)
    files = {path: path.stat().st_mtime_ns for path in store.root.rglob("*") if path.is_file() and path.name != ".lock"}
    assert folder.file(SCORE) in files

    again = LocalExecutor(1).run(work[1:2], lambda outcome: None)
    assert again[0].state == "done"
    now = {path: path.stat().st_mtime_ns for path in store.root.rglob("*") if path.is_file() and path.name != ".lock"}
    assert now == files

    written = board.write(store, tmp_path / "boards", catalogue)
    assert [path.name for path in written] == [
        *("runs.csv", "digits.png", "digits.csv", "digits.md", "datapackage.json")
    ]
    table = board.read_runs(tmp_path / "boards")
    assert sorted(zip(table["variant"], table["status"], strict=True)) == [
        ("gaussian", "ok"),
        ("no-gan", "failed"),
        ("real", "ok"),
    ]


def test_what_events_say_of_a_job() -> None:
    (job,) = jobs("a")
    outcome = Outcome(job)

    def after(**event: Any) -> Outcome:
        bench._update(outcome, event)
        return outcome

    assert after(event="started", path="/run/1", attempt=2).state == "running"
    assert (outcome.path, outcome.attempt) == ("/run/1", 2)
    assert [after(event="waiting").state, after(event="scoring", dataset="npz-x").state] == ["waiting", "scoring"]
    assert (outcome.dataset, outcome.path, outcome.attempt) == ("npz-x", "/run/1", 2), "they stay until told otherwise"
    after(event="resumed", step=5, total=9)
    assert (outcome.step, outcome.total) == (5, 9)
    after(event="step", step=6, total=9)
    assert outcome.step == 6
    after(event="error", note="why")
    after(event="other", note="")
    assert outcome.note == "why"
