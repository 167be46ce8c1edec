from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ganzoo import api, registry
from ganzoo.leaderboard import bench, current
from ganzoo.leaderboard.bench import LocalExecutor, Outcome
from ganzoo.leaderboard.current import Finished
from ganzoo.leaderboard.jobs import Done, Job
from ganzoo.leaderboard.worker import run_job
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json, write_json
from ganzoo.training.runs import REAL, SCORE, RunFolder, RunStore


@pytest.fixture(scope="module")
def benched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a gaussian and the real samples of digits are scored; read only."""
    root = tmp_path_factory.mktemp("benched")
    for variant in ("gaussian", REAL):
        run_job(Job(variant=variant, dataset="digits", seed=0, runs=str(root), bench=1), lambda event, fields: None)
    return root


@pytest.fixture
def job(benched: Path, tmp_path: Path) -> Job:
    """The job of a store of one's own in which it is done."""
    shutil.copytree(benched, tmp_path / "runs")
    return Job(variant="gaussian", dataset="digits", seed=0, runs=str(tmp_path / "runs"), bench=2)


def the_run(job: Job) -> RunFolder:
    (folder,) = RunStore(Path(job.runs)).all()
    return folder


def change_score(job: Job, **changes: Any) -> None:
    path = the_run(job).file(SCORE)
    write_json(path, msgspec.structs.replace(read_json(path, Score), **changes))


def fail(job: Job, attempt: int = 2) -> None:
    outcome = Outcome(job, state="failed", note="killed", path=str(the_run(job).path), attempt=attempt)
    bench.note_failures(RunStore(Path(job.runs)), [outcome])


def other_options_since(job: Job) -> None:
    manifest = msgspec.structs.replace(the_run(job).manifest(), key="other", options={"rank": 3})
    folder = RunStore(Path(job.runs)).folder("digits", "gaussian", "other")
    folder.write_manifest(manifest)
    write_json(folder.file(SCORE), {"bench": 5, "attempt": 1})


def damage(name: str) -> Callable[[Job], None]:
    return lambda job: the_run(job).file(name).write_bytes(b"{") and None


UNDONE: dict[str, Callable[[Job], Any]] = {
    "no score": lambda job: the_run(job).file(SCORE).unlink(),
    "another protocol": lambda job: change_score(job, protocol_hash="other"),
    "another generator": lambda job: change_score(job, sampled_sha256="other"),
    "failed since": fail,
    "other options since": other_options_since,
    "damaged score": damage(SCORE),
    "damaged manifest": damage("run.json"),
    "damaged generator": damage("generator.onnx"),
    "interrupted": lambda job: the_run(job).write_manifest(
        msgspec.structs.replace(the_run(job).manifest(), status="interrupted")
    ),
}


def test_what_is_done_is_known_without_a_worker(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    finished = Finished(zoo, catalogue)
    assert finished(job) == Done(str(the_run(job).path), "digits")
    assert finished(msgspec.structs.replace(job, variant=REAL)) == Done("", "digits")
    before = {path: path.stat().st_ino for path in the_run(job).path.iterdir()}
    run_job(job, lambda event, fields: None)
    assert {path: path.stat().st_ino for path in the_run(job).path.iterdir()} == before, (
        "nor had a worker done anything"
    )


def test_a_metric_installed_since_is_something_to_do(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    folder, finished = the_run(job), Finished(zoo, catalogue)
    setup = finished._setup(job)
    assert setup is not None
    sha256, noted = folder.manifest().onnx_sha256, folder.file("nothing noted")
    assert current.is_current(folder, setup, sha256, noted, "")
    wider = dataclasses.replace(setup, extensions={**setup.extensions, "since": 1})
    assert not current.is_current(folder, wider, sha256, noted, "")


def test_recipes_that_are_known_are_not_looked_for(
    job: Job, zoo: Zoo, catalogue: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[RunFolder] = []
    real = current.recipes_beside
    monkeypatch.setattr(current, "recipes_beside", lambda folder: asked.append(folder) or real(folder))
    finished = Finished(zoo, catalogue)
    assert [finished(job) is None, finished(job) is None] == [False, False]
    assert len(asked) == 1
    folder, setup = the_run(job), finished._setup(job)
    assert setup is not None
    sha256, noted = folder.manifest().onnx_sha256, folder.file("nothing noted")
    assert not current.is_current(folder, setup, sha256, noted, "", {("", False, "another", "recipe"): 2})
    assert current.is_current(folder, setup, sha256, noted, "", {("", False, "another", "recipe"): 1}), "as old"
    assert len(asked) == 1


def test_a_failure_of_the_same_attempt_leaves_the_score(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    """Of two benches at once, one made the run and the other's worker was killed."""
    fail(job, attempt=1)
    assert Finished(zoo, catalogue)(job) is not None


def test_a_score_of_no_bench_is_older_than_that_of_any(job: Job) -> None:
    change_score(job, bench=0, cells={})
    assert list(current.recipes_beside(the_run(job)).values()) == [0]


def test_a_recipe_changed_since_is_other_work(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    book = (Path(__file__).parents[2] / "registry.toml").read_text("utf-8")
    recipe = "[variants.gaussian.recipes.digits]\n"
    changed = registry.parse(book.replace(recipe, recipe + "options = { rank = 8 }\n"), "here")
    assert Finished(zoo, catalogue)(job) is not None
    assert Finished(zoo, changed)(job) is None


@pytest.mark.parametrize("state", UNDONE)
def test_what_is_not_done_is_left_to_a_worker(state: str, job: Job, zoo: Zoo, catalogue: Registry) -> None:
    UNDONE[state](job)
    assert Finished(zoo, catalogue)(job) is None


def labelled(job: Job, options: dict[str, str], bench: int = 2) -> Job:
    """A cell of the same variant."""
    label = " ".join(f"{name}={value}" for name, value in options.items())
    return msgspec.structs.replace(job, cell=label, options=options, bench=bench)


def test_a_cell_is_done_when_its_own_row_is_there(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    """Although its run is the recipe's: both are rows, and neither is another recipe of the other."""
    cell = labelled(job, {"rank": "64"})
    assert Finished(zoo, catalogue)(cell) is None
    run_job(cell, lambda event, fields: None)
    assert Finished(zoo, catalogue)(cell) == Finished(zoo, catalogue)(job) == Done(str(the_run(job).path), "digits")
    version, options = the_run(job).manifest().version, the_run(job).manifest().options_hash
    assert current.recipes_beside(the_run(job)) == {
        ("", False, version, options): 1,
        ("rank=64", False, version, options): 2,
    }


def test_other_options_of_another_cell_change_nothing(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    """Other work, and later; but only a cell of the same label takes the place of a row."""
    cells = [labelled(job, {"rank": "3"}, bench=5), labelled(job, {"rank": "4"}, bench=6)]
    for cell in cells:
        run_job(cell, lambda event, fields: None)
    finished = Finished(zoo, catalogue)
    assert [finished(each) is not None for each in (job, *cells)] == [True, True, True]
    since = msgspec.structs.replace(cells[0], options={"rank": "5"}, bench=7)
    run_job(since, lambda event, fields: None)
    found = [Finished(zoo, catalogue)(each) is not None for each in (job, *cells, since)]
    assert found == [True, False, True, True]


def test_a_failure_of_another_cell_changes_nothing(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    cell = labelled(job, {"rank": "64"})
    run_job(cell, lambda event, fields: None)
    outcome = Outcome(cell, state="failed", note="killed", path=str(the_run(job).path), attempt=2)
    bench.note_failures(RunStore(Path(job.runs)), [outcome])
    assert Finished(zoo, catalogue)(job) is not None
    assert Finished(zoo, catalogue)(cell) is None


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"cell": "rank=3", "options": {"rank": "3"}},
        {"quick": True},
        {"variant": "memoriser"},
        {"dataset": "ring"},
        {"variant": "unheard-of"},
    ],
)
def test_other_work_is_not_done(change: dict[str, Any], job: Job, zoo: Zoo, catalogue: Registry) -> None:
    assert Finished(zoo, catalogue)(msgspec.structs.replace(job, **change)) is None


def test_real_samples_that_lack_a_metric_are_not_done(job: Job, zoo: Zoo, catalogue: Registry) -> None:
    (path,) = Path(job.runs).glob(f"digits/{REAL}/*/{SCORE}")
    finished = Finished(zoo, catalogue)
    path.write_bytes(b"{")
    assert finished(msgspec.structs.replace(job, variant=REAL)) is None


def test_a_dataset_that_cannot_be_had_is_looked_for_once(
    job: Job, zoo: Zoo, catalogue: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = api.setup_of

    def setup_of(zoo: Zoo, registry: Registry, data: str, **more: Any) -> Any:
        asked.append(data)
        assert more["terms"].device == "cpu", "nothing is computed"
        return real(zoo, registry, data, **more)

    monkeypatch.setattr(api, "setup_of", setup_of)
    job = msgspec.structs.replace(job, device="auto")
    finished = Finished(zoo, catalogue)
    gone = msgspec.structs.replace(job, dataset="npz:gone.npz")
    assert [finished(each) is None for each in (gone, gone, job, job)] == [True, True, False, False]
    assert asked == ["npz:gone.npz", "digits"]


def test_no_process_is_started_for_what_is_done(job: Job, zoo: Zoo, catalogue: Registry, tmp_path: Path) -> None:
    real = msgspec.structs.replace(job, variant=REAL)
    executor = LocalExecutor(2, ["/nonexistent"])
    told: list[str] = []
    other = msgspec.structs.replace(job, seed=1)
    outcomes = executor.run([real, job, other], lambda outcome: told.append(outcome.state), Finished(zoo, catalogue))
    assert [(each.state, each.dataset) for each in outcomes] == [("done", "digits"), ("done", "digits"), ("failed", "")]
    assert [each.path for each in outcomes] == ["", str(the_run(job).path), ""]
    assert told == ["done", "done", "running", "failed"]
    assert current.recipes_beside(the_run(job)) == {
        ("", False, the_run(job).manifest().version, the_run(job).manifest().options_hash): 1
    }
