"""bench and board; the workers themselves are tested in tests/leaderboard/test_bench.py."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganzoo.leaderboard.bench import LocalExecutor, Notify, Outcome
from ganzoo.leaderboard.jobs import Job
from ganzoo.leaderboard.worker import run_job

REGISTRY = """
api = 1
[datasets.digits]
extractor = "digits"
n_fake = 200
[datasets.mnist]
extractor = "mnist"
bench = false
[variants.gaussian]
package = "ganzoo-baselines"
[variants.gaussian.recipes.digits]
options = { rank = 16 }
quick = { rank = 4 }
[variants.memoriser]
package = "ganzoo-baselines"
[variants.memoriser.recipes.digits]
[variants.dcgan]
package = "ganzoo-not-there"
[variants.dcgan.recipes.digits]
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Job]:
    """Workers run in this process; memoriser with seed 1 fails. Returns what was run."""
    done: list[Job] = []
    (tmp_path / "registry.toml").write_text(REGISTRY)

    def run(self: LocalExecutor, jobs: Sequence[Job], notify: Notify, finished: Any) -> list[Outcome]:
        outcomes = [Outcome(job) for job in jobs]
        for outcome in outcomes:
            done.append(outcome.job)
            outcome.state = "done"
            if (outcome.job.variant, outcome.job.seed) == ("memoriser", 1):
                outcome.state, outcome.note = "failed", "killed by signal 9"
            elif outcome.job.variant != "dcgan":
                run_job(outcome.job, lambda event, fields, o=outcome: setattr(o, "path", fields.get("path", o.path)))
            notify(outcome)
        return outcomes

    monkeypatch.setattr(LocalExecutor, "run", run)
    return done


def test_bench_writes_boards_and_shows_them(run: Any, here: list[Job], tmp_path: Path) -> None:
    result = run("bench", "gaussian", "memoriser", "--seeds", "0,1")
    assert result.exit_code == 1, "one run failed"
    assert [job.label for job in here] == [
        *("real digits seed 0", "gaussian digits seed 0", "memoriser digits seed 0"),
        *("gaussian digits seed 1", "memoriser digits seed 1"),
    ]
    assert "[2/5] gaussian digits seed 0: done" in result.stderr
    assert "failed: memoriser digits seed 1: killed by signal 9" in result.stderr
    written = {path.name for path in (tmp_path / "leaderboards").iterdir()}
    assert written == {".lock", "runs.csv", "digits.csv", "digits.md", "digits.png", "datapackage.json"}
    assert "(gaussian)" in result.stdout
    assert "Traceback" not in result.output
    board = run("board", "digits")
    assert board.exit_code == 0
    assert board.stdout.strip() in result.stdout


def test_a_variant_that_the_registry_does_not_list_runs_with_its_defaults(
    run: Any, here: list[Job], tmp_path: Path
) -> None:
    (tmp_path / "registry.toml").write_text(REGISTRY.replace("variants.gaussian", "variants.another"))
    result = run("bench", "gaussian", "gaussian", "--seeds", "0")
    assert result.exit_code == 0, result.output
    assert [job.label for job in here] == ["real digits seed 0", "gaussian digits seed 0"]
    (trained,) = (tmp_path / "runs" / "digits" / "gaussian").glob("*/run.json")
    assert '"rank": 64' in trained.read_text(), "the default, and not the recipe's 16"
    assert "gaussian" in (tmp_path / "leaderboards" / "digits.md").read_text()


def test_quick_has_one_seed_short_recipes_and_a_folder_of_its_own(run: Any, here: list[Job], tmp_path: Path) -> None:
    assert run("bench", "gaussian", "--quick").exit_code == 0
    assert [(job.variant, job.seed, job.quick) for job in here] == [("real", 0, True), ("gaussian", 0, True)]
    assert (tmp_path / "leaderboards" / "quick" / "digits.md").is_file()
    assert run("bench", "gaussian", "--seeds", "0").exit_code == 0
    full = (tmp_path / "leaderboards" / "runs.csv").read_text()
    assert len([line for line in full.splitlines() if line.startswith("gaussian")]) == 1


def test_data_by_their_path(run: Any, here: list[Job], tmp_path: Path) -> None:
    np.savez(tmp_path / "X.NPZ.npz", x=np.random.default_rng(0).normal(size=(600, 2)))
    (tmp_path / "X.NPZ.npz").rename(tmp_path / "X.NPZ")
    result = run("bench", "gaussian", "--data", "X.NPZ", "--seeds", "0")
    assert result.exit_code == 0, result.output
    assert [job.label for job in here] == ["real npz:X.NPZ seed 0", "gaussian npz:X.NPZ seed 0"]
    assert "gaussian" in (tmp_path / "leaderboards" / "npz-X.md").read_text()


def test_two_sizings_of_a_folder_are_two_boards(run: Any, here: list[Job], tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    for i, pixels in enumerate(np.random.default_rng(0).integers(256, size=(80, 10, 12), dtype=np.uint8)):
        Image.fromarray(pixels[:, : 10 + i % 3]).save(tmp_path / "faces" / f"{i}.png")
    words = ("--data", "faces?size=8", "--data", "folder:faces?size=8&fit=pad", "--seeds", "0")
    result = run("bench", "gaussian", *words)
    assert result.exit_code == 0, result.output
    named = ["folder:faces?size=8&fit=crop", "folder:faces?size=8&fit=pad"]
    assert sorted({job.dataset for job in here}) == named
    boards = {path.name for path in (tmp_path / "leaderboards").glob("*.md")}
    assert {"folder-faces-8-crop.md", "folder-faces-8-pad.md"} <= boards


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "bench takes either variants, --all or --everything."),
        (["gaussian", "--all"], "bench takes either variants, --all or --everything."),
        (["gaussian", "--everything"], "bench takes either variants, --all or --everything."),
        (["--all", "--everything"], "bench takes either variants, --all or --everything."),
        (["--everything", "--grid", "rank=1,2"], "--set and --grid are for variants that are named."),
        (["gausian"], "Unknown variant 'gausian'. Did you mean 'gaussian'?"),
        (["gaussian", "--data", "digit"], "Unknown dataset 'digit'. Did you mean 'digits'?"),
        (["gaussian", "--seeds", "0,one"], "--seeds takes whole numbers"),
        (["gaussian", "--seeds", "-1"], "--seeds takes whole numbers"),
        (["gaussian", "--jobs", "0"], "0 is not in the range"),
        (["gaussian", "--set", "rank"], "--set takes name=value, but 'rank' was given."),
        (["gaussian", "--set", "rnk=3"], "Unknown option of gaussian 'rnk'. Did you mean 'rank'?"),
        (["gaussian", "--set", "rank=0"], "Option rank=0 of gaussian is not valid"),
        (["gaussian", "--grid", "rank"], "--grid takes name=value,value, but 'rank' was given."),
        (["gaussian", "--grid", "rnk=3,4"], "Unknown option of gaussian 'rnk'."),
        (["gaussian", "memoriser", "--grid", "rank=3,4"], "Unknown option of memoriser 'rank'."),
        (["gaussian", "--grid", "rank=3,0"], "Option rank=0 of gaussian is not valid"),
        (["gaussian", "--grid", "rank=3"], "--grid rank= has one value alone."),
        (["gaussian", "--grid", "rank=3,4,3"], "--grid has the cell 'rank=3' twice."),
        (["gaussian", "--set", "rank=1", "--grid", "rank=3,4"], "Option rank was given to both --grid and --set."),
        (["--all", "--set", "rank=1"], "--set and --grid are for variants that are named."),
        (["--all", "--grid", "rank=1,2"], "--set and --grid are for variants that are named."),
        (["--all", "--data", "cifar10"], "There is nothing to run: no recipe matches."),
    ],
)
def test_a_wrong_request_runs_nothing(
    words: list[str], sentence: str, refused: Callable[..., str], here: list[Job]
) -> None:
    assert sentence in refused(2, "bench", *words)
    assert here == []


WIDER = REGISTRY.replace("variants.dcgan", "variants.not-here").replace(
    "[variants.memoriser.recipes.digits]", "[variants.memoriser.recipes.digits]\ncore = false"
)
RING = """
[datasets.ring]
extractor = "points"
core = false
[variants.gaussian.recipes.ring]
[variants.gaussian.recipes.mnist]
"""


@pytest.mark.parametrize(
    ("words", "cells"),
    [
        (["--all"], ["gaussian digits"]),
        (["--everything"], ["gaussian digits", "gaussian ring", "memoriser digits"]),
        (["--all", "--data", "ring"], ["gaussian ring"]),
        (["--everything", "--data", "digits"], ["gaussian digits", "memoriser digits"]),
        (["memoriser"], ["memoriser digits"]),
        (["gaussian"], ["gaussian digits", "gaussian ring"]),
    ],
)
def test_the_core_and_everything(
    words: list[str], cells: list[str], run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is named is run whether or not it is of the core; what is no part of the bench is in neither."""
    (tmp_path / "registry.toml").write_text(WIDER + RING)
    planned: list[Job] = []
    monkeypatch.setattr("ganzoo.cli.bench_._run", lambda jobs, *rest: planned.extend(jobs))
    result = run("bench", *words, "--seeds", "0")
    assert result.exit_code == 0, result.output
    assert sorted(f"{job.name} {job.dataset}" for job in planned if job.variant != "real") == cells


def test_nothing_of_the_core(refused: Callable[..., str], here: list[Job], tmp_path: Path) -> None:
    (tmp_path / "registry.toml").write_text(
        REGISTRY.replace('extractor = "digits"', 'extractor = "digits"\ncore = false')
    )
    assert "--everything takes recipes beyond the core" in refused(2, "bench", "--all")
    assert "--everything" not in refused(2, "bench", "--everything", "--data", "cifar10")


def test_a_cell_that_a_plugin_refuses_trains_none(
    refused: Callable[..., str], with_fakes: None, here: list[Job]
) -> None:
    words = ("choosy", "--data", "digits", "--set", "pace=bold", "--grid", "lr=0.4,0.9")
    sentence = refused(2, "bench", *words)
    assert "1 cell of 2 cannot be trained: choosy lr=0.9 pace=bold on digits: pace=bold needs lr of at most" in sentence
    assert here == []


def test_a_grid_from_end_to_end(run: Any, here: list[Job], tmp_path: Path) -> None:
    """Each cell is a row; the recipe's row, of the same work as one of them, is beside them and stays."""
    out = tmp_path / "leaderboards"
    assert run("bench", "gaussian", "--seeds", "0,1").exit_code == 0
    result = run("bench", "gaussian", "--seeds", "0,1", "--grid", "rank=4,16,32")
    assert result.exit_code == 0, result.output
    assert "[3/7] gaussian rank=16 digits seed 0: done" in result.stderr
    assert "gaussian rank=32" in result.stdout
    assert len(list((tmp_path / "runs" / "digits" / "gaussian").glob("*/run.json"))) == 6, "rank=16 is the recipe's"
    names = ["gaussian", "gaussian rank=4", "gaussian rank=16", "gaussian rank=32"]
    rows = [row for row in csv.DictReader((out / "runs.csv").open()) if row["role"] == "floor"]
    assert sorted((row["variant"], row["seed"]) for row in rows) == sorted((n, s) for n in names for s in "01")
    shown = [row["variant"] for row in csv.DictReader((out / "digits.csv").open()) if row["role"] == "floor"]
    assert sorted(shown) == sorted(names)
    page = (out / "digits.md").read_text()
    assert all(f"| ({name}) |" in page for name in names)

    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert run("bench", "gaussian", "--seeds", "0,1", "--grid", "rank=4,16,32").exit_code == 0
    assert run("bench", "gaussian", "--seeds", "0,1").exit_code == 0
    assert run("bench", "gaussian", "--seeds", "0,1", "--set", "rank=4").exit_code == 0, "a cell of that grid"
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before, "all was there"
    (out / "runs.csv").unlink()
    assert run("bench", "gaussian", "--seeds", "0").exit_code == 0
    assert {path.name: path.read_bytes() for path in out.glob("digits.*")} == {
        name: content for name, content in before.items() if name.startswith("digits.")
    }, "from the store alone"
    assert run("verify", "--all").exit_code == 0


def test_what_was_set_names_the_row(run: Any, here: list[Job], tmp_path: Path) -> None:
    words = ("bench", "gaussian", "--quick", "--set", "rank=8")
    assert run(*words).exit_code == 0
    assert [(job.name, job.options) for job in here] == [("real", {}), ("gaussian rank=8", {"rank": "8"})]
    (trained,) = (tmp_path / "runs" / "digits" / "gaussian").glob("*/run.json")
    assert '"rank": 8' in trained.read_text(), "it wins over the quick recipe's 4"


def test_a_board_that_is_not_there(refused: Callable[..., str]) -> None:
    assert "Run 'ganzoo bench --all --data digits' first." in refused(2, "board")


def test_a_board_that_is_damaged(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "leaderboards").mkdir()
    (tmp_path / "leaderboards" / "runs.csv").write_bytes(b"")
    assert "runs.csv is no leaderboard" in refused(1, "board")


@pytest.mark.parametrize("content", ["variant;dataset\ngood;digits\n", "<<<<<<< HEAD\n", "variant,dataset\n", ""])
def test_a_board_that_cannot_be_read_is_left_alone_and_nothing_runs(
    content: str, refused: Callable[..., str], here: list[Job], tmp_path: Path
) -> None:
    file = tmp_path / "leaderboards" / "runs.csv"
    file.parent.mkdir()
    file.write_text(content)
    for words in (("bench", "gaussian", "--seeds", "0"), ("board",)):
        assert "runs.csv is no leaderboard: line 1 " in refused(1, *words)
    assert here == []
    assert [path.name for path in file.parent.iterdir()] == ["runs.csv"]
    assert file.read_text() == content


def test_a_column_of_ones_own_survives_a_bench(run: Any, here: list[Job], tmp_path: Path) -> None:
    file = tmp_path / "leaderboards" / "runs.csv"
    assert run("bench", "gaussian", "--seeds", "0").exit_code == 0
    header, *lines = file.read_text().splitlines()
    marked = "".join(f"{line}\n" for line in [f"{header},mine", *(f"{line},seen" for line in lines)])
    file.write_text(marked)
    assert run("bench", "gaussian", "--seeds", "0,1").exit_code == 0
    assert file.read_text().startswith(marked)
    (new,) = file.read_text().removeprefix(marked).splitlines()
    assert new.startswith("gaussian,")
    assert new.endswith(",")
    assert file.with_name("runs.csv.bak").read_text() == marked
