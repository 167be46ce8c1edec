from __future__ import annotations

import dataclasses
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import failures

from ganzoo import api, registry
from ganzoo.errors import GanzooError, Interrupted
from ganzoo.leaderboard import bench, board
from ganzoo.leaderboard import worker as work
from ganzoo.leaderboard.aggregate import aggregate
from ganzoo.leaderboard.bench import Outcome
from ganzoo.leaderboard.current import is_scored
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.leaderboard.jobs import Job, setup_of
from ganzoo.leaderboard.worker import Reporter, main
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring.protocol import Protocol, Score
from ganzoo.scoring.setup import Terms
from ganzoo.sealed import write_json
from ganzoo.training.runs import REAL, SCORE, Failure, RunFolder, RunStore, Turn, read_turn
from ganzoo.types import SelfReported


def test_success_after_a_failure_makes_a_newer_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job may fail with its run already trained and scored: its data were not there, say."""
    clock = itertools.count(10)
    monkeypatch.setattr("ganzoo.training.runs.utc_now", lambda: f"2026-01-{next(clock)}")
    store, job = RunStore(tmp_path), Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path))

    def date() -> str:
        assert main(msgspec.json.encode(job).decode()) == 0
        (row,) = [row for row in StoreIndex(store).collect().rows if row["status"] == "ok"]
        return row["date_utc"]

    first = date()
    assert date() == first
    bench.note_failures(store, [Outcome(job, state="failed", note="no data")])
    assert date() == first, "its run was not tried"
    (folder,) = store.all()
    bench.note_failures(store, [Outcome(job, state="failed", note="killed", path=str(folder.path), attempt=2)])
    assert date() > first
    assert [row["attempt"] for row in StoreIndex(store).collect().rows if row["status"] == "ok"] == ["3"]
    assert date() == date(), "once is enough, though the note is there until its bench drops it"


def test_a_bench_that_goes_back_to_old_options_shows_them_again(tmp_path: Path, catalogue: Registry) -> None:
    """The runs are there, and scored; but a bench with other options was the last, and its rows counted."""
    book = (Path(__file__).parents[2] / "registry.toml").read_text("utf-8")
    other = tmp_path / "other.toml"
    recipe = "[variants.gaussian.recipes.digits]\n"
    other.write_text(book.replace(recipe, recipe + "options = { rank = 8 }\n"))
    store, out = RunStore(tmp_path / "runs"), tmp_path / "out"

    def benched(number: int, registry: Path | None = None) -> str:
        job = Job(
            variant="gaussian",
            dataset="digits",
            seed=0,
            runs=str(store.root),
            registry=str(registry) if registry else None,
            bench=number,
        )
        assert main(msgspec.json.encode(job).decode()) == 0
        board.write(store, out, catalogue)
        (row,) = aggregate(board.read_runs(out), "digits").to_dict("records")
        return str(row["options_hash"])

    first, second = benched(1), benched(2, other)
    assert first != second
    assert benched(3) == first
    before = (out / "runs.csv").read_bytes()
    assert benched(4) == first
    assert (out / "runs.csv").read_bytes() == before, "once is enough"


def worker(job: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    """The worker's main in this process: its exit code and events."""
    code = main(job)
    return code, [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]


def test_a_worker_says_why_and_exits_with_the_errors_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    job = Job(variant="gaussian", dataset="digit", seed=0, runs=str(tmp_path), registry=None)
    code, events = worker(msgspec.json.encode(job).decode(), capsys)
    assert code == 2
    assert events[-1]["event"] == "error"
    assert "Unknown dataset 'digit'. Did you mean 'digits'?" in events[-1]["note"]


def test_a_worker_that_meets_a_bug_says_so_and_raises(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: Any) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("ganzoo.leaderboard.worker.run_job", bug)
    with pytest.raises(ZeroDivisionError):
        main(msgspec.json.encode(Job(variant="a", dataset="digits", seed=0)).decode())
    (event,) = map(msgspec.json.decode, capsys.readouterr().out.splitlines())
    assert event == {"event": "error", "note": "ZeroDivisionError: by nought"}


def test_steps_are_reported_a_few_times_a_second(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([10.0, 10.1, 10.2, 10.3, 10.31])
    monkeypatch.setattr("ganzoo.leaderboard.worker.time.monotonic", lambda: next(clock))
    report: Callable[..., None] = Reporter()
    for step in range(4):
        report("step", {"step": step})
    report("scoring", {"path": "p"})
    events = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert [event.get("step", event["event"]) for event in events] == [0, 3, "scoring"]


@pytest.mark.parametrize("content", [None, "", "{", "{}"])
def test_a_score_that_cannot_be_read_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "score.json").write_text(content)
    assert not is_scored(tmp_path / "score.json", "hash", "sha")


def test_interrupts_have_their_own_exit_code() -> None:
    assert issubclass(Interrupted, GanzooError)
    assert Interrupted.exit_code == 130


@pytest.mark.parametrize("trained", [False, True])
def test_two_workers_on_one_job_give_one_row_and_no_failure(trained: bool, tmp_path: Path) -> None:
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path))
    argument = msgspec.json.encode(job).decode()
    command = [sys.executable, "-m", "ganzoo.leaderboard.worker", argument]
    store = RunStore(tmp_path)
    assert main(argument) == 0
    (folder,) = store.all()
    folder.file("score.json").unlink()
    if not trained:
        folder.file("run.json").unlink()
    with folder.lock():
        workers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for worker in workers:
            assert worker.stdout is not None
            before = ["scoring"] if trained else []
            for event in [*before, "waiting"]:
                assert msgspec.json.decode(worker.stdout.readline())["event"] == event
    told = [
        [msgspec.json.decode(line)["event"] for line in worker.communicate(timeout=60)[0].splitlines()]
        for worker in workers
    ]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sum(events.count("finished") for events in told) == (0 if trained else 1), (
        "the second takes what the first one left"
    )
    (row,) = StoreIndex(store).collect().rows
    assert row["status"] == "ok"
    assert failures(store) == []


def test_a_score_that_lacks_an_installed_metric_is_made_again(tmp_path: Path) -> None:
    protocol = Protocol(
        dataset="d",
        dataset_digest="a",
        split="train",
        n_real=10,
        n_fake=20,
        extractor="pixels",
        extractor_sha256="b",
        metrics={"fid": 1},
        seed=0,
    )
    target = tmp_path / "score.json"
    score = Score(protocol=protocol, protocol_hash="h", estimates={}, sampled_sha256="s", extensions={"width": 1})
    target.write_bytes(msgspec.json.encode(score))
    assert is_scored(target, "h", "s")
    assert not is_scored(target, "another protocol", "s"), "a score under other terms is no score"
    assert not is_scored(target, "h", "another generator")
    assert is_scored(target, "h", "s", {"width": 1})
    assert not is_scored(target, "h", "s", {"width": 2})
    assert not is_scored(target, "h", "s", {"width": 1, "height": 1})


def test_the_floor_is_scored_once_and_keeps_its_bench(tmp_path: Path) -> None:
    def floor(number: int) -> Path:
        job = Job(variant=REAL, dataset="digits", seed=0, runs=str(tmp_path), bench=number)
        assert main(msgspec.json.encode(job).decode()) == 0
        (path,) = tmp_path.glob(f"digits/{REAL}/*/{SCORE}")
        return path

    path = floor(3)
    content = path.read_bytes()
    assert read_turn(path) == Turn(bench=3, attempt=1)
    assert floor(4).read_bytes() == content
    score = msgspec.json.decode(content, type=Score)
    assert score.estimates["fid"].value < 1
    noted = msgspec.structs.replace(score, notes=("one", "two"))
    write_json(path, noted)
    (row,) = StoreIndex(RunStore(tmp_path)).collect().rows
    assert (row["variant"], row["seed"], row["bench"], row["attempt"]) == (REAL, "0", "3", "1")
    assert (row["status"], row["role"], row["note"]) == ("ok", "real", "one; two")


FULL = Job(
    variant="gaussian",
    dataset="digits",
    seed=7,
    quick=True,
    runs="some/runs",
    data_dir="some/data",
    device="cuda",
    registry=str(Path(__file__).parents[2] / "registry.toml"),
    bench=5,
    options={"rank": "3"},
)


def test_a_job_is_passed_on_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def train(*args: Any, **more: Any) -> None:
        given.update(more, args=args)
        raise GanzooError("that is enough")

    monkeypatch.setattr(api, "train", train)
    events: list[str] = []
    with pytest.raises(GanzooError, match="that is enough"):
        work.run_job(FULL, lambda event, fields: events.append(event))
    assert given["args"] == ("gaussian", "digits")
    assert (given["seed"], given["device"], given["data_dir"]) == (7, "cuda", "some/data")
    assert (given["runs"], given["quick"], given["wait"]) == ("some/runs", True, True)
    assert given["options"] == {"rank": "3"}
    assert given["zoo"].names() == Zoo.discover(given["registry"]).names()
    given["observer"]("step", {"step": 1})
    assert events == ["step"]


def test_a_job_is_scored_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(api, "setup_of", lambda *args, **more: given.update(more, args=args))
    setup_of("zoo", "registry", FULL)  # type: ignore[arg-type]
    assert given["args"] == ("zoo", "registry", "digits")
    assert (given["data_dir"], given["terms"]) == ("some/data", Terms(device="cuda", total=True))


def test_attempts_are_counted_from_what_is_there(tmp_path: Path) -> None:
    """One more than the last score and the last noted failure of this very run; then it stays."""
    store, job = RunStore(tmp_path), Job(variant="v", dataset="d", seed=0, runs=str(tmp_path))
    folder = RunFolder(tmp_path / "d" / "v" / "key")
    heard: list[tuple[str, dict[str, Any]]] = []

    def attempt(scored: int, failed: int, run: str = "key") -> int:
        write_json(folder.file(SCORE), {"attempt": scored})
        write_json(store.failure_file("d", "v", 0, False), {"attempt": failed, "run": run})
        attempts = work.Attempts(job, lambda event, fields: heard.append((event, fields)))
        attempts("started", {"path": str(folder.path), "more": 1})
        write_json(folder.file(SCORE), {"attempt": 99})
        attempts("finished", {"path": str(folder.path)})
        (_, first), (_, second) = heard[-2:]
        assert first["attempt"] == second["attempt"] == attempts.attempt
        return attempts.attempt

    assert [attempt(0, 0), attempt(2, 1), attempt(1, 4), attempt(1, 4, run="another")] == [1, 3, 5, 2]
    assert heard[0] == ("started", {"path": str(folder.path), "more": 1, "attempt": 1})
    bare = work.Attempts(job, lambda event, fields: heard.append((event, fields)))
    bare("scored", {"no": "path"})
    assert heard[-1] == ("scored", {"no": "path"})
    assert bare.attempt == 0


def test_a_score_that_only_gains_metrics_stays_the_row_that_it_was(tmp_path: Path, gaussian: RunFolder) -> None:
    catalogue = registry.load()
    setup = api.setup_of(Zoo.discover(catalogue), catalogue, "digits", terms=Terms(device="cpu", n=100))
    generator, target = api.load(gaussian.path, device="cpu"), tmp_path / SCORE

    def scored(turn: Turn, afresh: bool) -> Score:
        work._score(setup, generator, target, turn, "", afresh=afresh)
        return msgspec.json.decode(target.read_bytes(), type=Score)

    own = (SelfReported(name="own", direction="up", help="h", value=1.5, se=0.5, n=7),)
    RunFolder(tmp_path).write_manifest(msgspec.structs.replace(gaussian.manifest(), reported=own))
    first = scored(Turn(1, 2), afresh=False)
    assert first.reported == own
    assert (first.bench, first.attempt, first.sampled_sha256) == (1, 2, generator.sha256)
    old = msgspec.structs.replace(first, scored_utc="2001-01-01", samples_per_second=5.0, estimates={})
    write_json(target, old)
    again = scored(Turn(3, 4), afresh=False)
    assert (again.bench, again.attempt, again.scored_utc, again.samples_per_second) == (1, 2, "2001-01-01", 5.0)
    assert again.estimates == first.estimates
    new = scored(Turn(3, 4), afresh=True)
    assert (new.bench, new.attempt) == (3, 4)
    assert new.scored_utc > "2001-01-01"
    write_json(target, msgspec.structs.replace(old, protocol_hash="another"))
    assert scored(Turn(5, 6), afresh=False).bench == 5


def test_a_score_that_gains_a_cell_is_not_computed_again(
    tmp_path: Path, gaussian: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = registry.load()
    setup = api.setup_of(Zoo.discover(catalogue), catalogue, "digits", terms=Terms(device="cpu", n=100))
    generator, target = api.load(gaussian.path, device="cpu"), tmp_path / SCORE

    def scored(cell: str, turn: Turn, afresh: bool) -> Score:
        work._score(setup, generator, target, turn, cell, afresh=afresh)
        return msgspec.json.decode(target.read_bytes(), type=Score)

    first = scored("", Turn(3, 1), afresh=True)
    assert first.cells == {"": (3, 1)}
    old = msgspec.structs.replace(first, scored_utc="2001-01-01", cells={})  # as an older version wrote it
    write_json(target, old)
    with monkeypatch.context() as patch:
        patch.setattr("ganzoo.scoring.evidence.score_with_evidence", None)
        gained = scored("a=1", Turn(4, 2), afresh=True)
        assert gained == msgspec.structs.replace(old, bench=4, attempt=2, cells={"": (3, 1), "a=1": (4, 2)})
        assert scored("b=1", Turn(2, 9), afresh=True).bench == 4, "the highest, of a bench that ended late, too"
    again = scored("a=1", Turn(5, 3), afresh=True)
    assert again.cells == {"": (3, 1), "a=1": (5, 3), "b=1": (2, 9)}
    assert again.scored_utc > "2001-01-01", "its last attempt failed: it is scored anew"
    write_json(target, msgspec.structs.replace(old, extensions={}))
    wider = dataclasses.replace(setup, extensions={"width": 1})
    monkeypatch.setattr("ganzoo.scoring.evidence.score_with_evidence", lambda *_: first)
    work._score(wider, generator, target, Turn(6, 1), "c=1", afresh=True)
    done = msgspec.json.decode(target.read_bytes(), type=Score)
    assert (done.scored_utc, done.cells) == ("2001-01-01", {"": (3, 1), "c=1": (6, 1)})


def test_cells_of_one_run_are_rows_of_their_own(tmp_path: Path) -> None:
    """What the recipe says, set by hand: one training, two rows, each with the turn that it had."""
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path), bench=1)
    cell = msgspec.structs.replace(job, cell="rank=64", options={"rank": "64"}, bench=2)
    other = msgspec.structs.replace(job, cell="rank=3", options={"rank": "3"}, bench=2)
    heard: list[tuple[str, dict[str, Any]]] = []
    for each in (cell, job, other, cell):
        work.run_job(each, lambda event, fields: heard.append((event, fields)))
    rows = StoreIndex(RunStore(tmp_path)).collect().rows
    assert [(row["variant"], row["bench"], row["attempt"]) for row in rows] == [
        ("gaussian", "1", "1"),
        ("gaussian rank=3", "2", "1"),
        ("gaussian rank=64", "2", "1"),
    ]
    assert rows[0]["run"] == rows[2]["run"] != rows[1]["run"]
    assert [event for event, _ in heard].count("started") == 2
    assert rows[0] | {"variant": "", "bench": ""} == rows[2] | {"variant": "", "bench": ""}


def test_attempts_are_those_of_the_cell(tmp_path: Path) -> None:
    store, job = RunStore(tmp_path), Job(variant="v", cell="a=1", dataset="d", seed=0, runs=str(tmp_path))
    folder = RunFolder(tmp_path / "d" / "v" / "key")
    write_json(folder.file(SCORE), {"attempt": 7, "cells": {"": (1, 7), "a=1": (1, 2)}})
    write_json(store.failure_file("d", "v", 0, False), {"attempt": 9, "run": "key"})
    attempts = work.Attempts(job, lambda event, fields: None)
    attempts("started", {"path": str(folder.path)})
    assert attempts.attempt == 3
    write_json(store.failure_file("d", "v", 0, False, "a=1"), {"attempt": 4, "run": "key"})
    attempts = work.Attempts(job, lambda event, fields: None)
    attempts("started", {"path": str(folder.path)})
    assert attempts.attempt == 5


def test_a_failure_is_a_row_of_a_model(tmp_path: Path) -> None:
    failure = Failure(variant="v", dataset="d", seed=4, quick=False, note="killed", date_utc="2026", bench=2, attempt=3)
    write_json(RunStore(tmp_path).failure_file("d", "v", 4, False), failure)
    (row,) = StoreIndex(RunStore(tmp_path)).collect().rows
    assert (row["status"], row["role"], row["note"]) == ("failed", "model", "killed")
    assert (row["variant"], row["dataset"], row["seed"], row["bench"], row["attempt"]) == ("v", "d", "4", "2", "3")


def test_what_a_job_tells(tmp_path: Path) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    job = Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path))
    work.run_job(job, lambda event, fields: heard.append((event, fields)))
    (folder,) = RunStore(tmp_path).all()
    told = dict(heard)
    assert told["scoring"] == {"path": str(folder.path), "dataset": "digits", "attempt": 1}
    assert heard[-1] == ("scored", {"path": str(folder.path), "attempt": 1})


def test_a_failure_noted_while_a_job_trains_is_an_attempt_before_its_own(tmp_path: Path) -> None:
    """Another bench's: the row must be newer than that note."""
    store, job = RunStore(tmp_path), Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path), bench=2)

    def noting(event: str, fields: dict[str, Any]) -> None:
        if event == "scoring":
            outcome = Outcome(job, state="failed", note="killed", path=fields["path"], attempt=5)
            bench.note_failures(store, [outcome])

    work.run_job(job, noting)
    (folder,) = store.all()
    assert read_turn(folder.file(SCORE)).turns == {"": (2, 6)}
