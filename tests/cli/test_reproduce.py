"""reproduce: what is asked for is trained, measured and put beside print; what is silly is one sentence."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ganzoo.leaderboard.bench import LocalExecutor, Notify, Outcome
from ganzoo.leaderboard.jobs import Job
from ganzoo.published.worker import train
from tests.cli.conftest import Run

PUBLISHED = """
api = 1
[tables.gaps]
paper = "A paper 2020"
place = "Table 3"
data = "digits"
protocol = "Digits."
measure = "reported"
steps = 400
trials = 5
small = { budget = 0.01, seeds = 2 }
[tables.gaps.quantities]
gap = { label = "gap", number = "gap" }
[[tables.gaps.rows]]
name = "slow"
variant = "reporter"
options = { lr = 0.01 }
numbers = { gap = "0.1 ± 0.05" }
[[tables.gaps.rows]]
name = "fast"
variant = "reporter"
options = { lr = 1.0 }
numbers = { gap = "0.2" }
[tables.rings]
paper = "Another"
place = "Figure 1"
data = "ring"
protocol = "Points."
measure = "mixture"
n = 100
steps = 10
not_small = "there is none."
[tables.rings.quantities]
modes = { label = "modes", number = "modes" }
[[tables.rings.rows]]
name = "only"
variant = "reporter"
"""
REGISTRY = """
api = 1
[datasets.digits]
extractor = "digits"
[variants.reporter]
package = "fakes"
[variants.reporter.recipes.digits]
options = { z_dim = 9 }
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, with_reporter: None) -> list[Job]:
    """Workers run in this process; those of seed 9 fail. Returns what was run."""
    done: list[Job] = []
    (tmp_path / "published.toml").write_text(PUBLISHED)
    (tmp_path / "registry.toml").write_text(REGISTRY)

    def run(self: LocalExecutor, jobs: Sequence[Job], notify: Notify, finished: Any) -> list[Outcome]:
        outcomes = [Outcome(job) for job in jobs]
        for outcome in outcomes:
            outcome.state = "done"
            if (known := finished(outcome.job)) is not None:
                outcome.path = known.path
            elif outcome.job.seed == 9:
                outcome.state, outcome.note = "failed", "killed by signal 9"
            else:
                done.append(outcome.job)
                train(outcome.job, lambda event, fields, o=outcome: setattr(o, "path", fields.get("path", o.path)))
            notify(outcome)
        return outcomes

    monkeypatch.setattr(LocalExecutor, "run", run)
    return done


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "leaderboards" / "published.csv").open() as file:
        return list(csv.DictReader(file))


def test_without_a_table_all_are_listed(run: Run, here: list[Job]) -> None:
    result = run("reproduce")
    assert result.exit_code == 0, result.output
    assert "gaps" in result.output
    assert "1 %, 2 seeds" in result.output
    assert here == []


def test_the_small_budget_is_trained_measured_and_written(run: Run, here: list[Job], tmp_path: Path) -> None:
    result = run("reproduce", "--all", "--budget", "small")
    assert result.exit_code == 0, result.output
    assert [(job.options["lr"], job.seed) for job in here] == [("0.01", 0), ("1.0", 0), ("0.01", 1), ("1.0", 1)]
    found = rows(tmp_path)
    assert [(each["row"], each["budget"], each["steps"], each["trained_seeds"]) for each in found] == [
        ("slow", "0.01", "4", "0 1"),
        ("fast", "0.01", "4", "0 1"),
    ]
    assert {each["verdict"] for each in found} == {"not comparable at this budget"}
    page = (tmp_path / "leaderboards" / "published.md").read_text()
    assert "| fast | gap |" in page
    assert page.count("| 1 % | 4 | 2 |") == 2
    assert "Nothing of this table was trained (no small budget: there is none)." in page


def test_numbers_are_those_that_the_runs_have_and_no_recipe_takes_part(
    run: Run, here: list[Job], tmp_path: Path
) -> None:
    from ganzoo.training.runs import RunStore

    assert run("reproduce", "gaps", "--row", "fast", "--budget", "0.05", "--seeds", "3").exit_code == 0
    (row,) = rows(tmp_path)
    (folder,) = RunStore(tmp_path / "runs").all()
    manifest = folder.manifest()
    assert (manifest.options["steps"], manifest.options["z_dim"], manifest.seed) == (20, 4, 3)
    gap = next(each for each in manifest.reported if each.name == "gap")
    assert (float(row["value"]), row["runs"]) == (pytest.approx(gap.value, rel=1e-5), manifest.key)


def test_runs_that_are_there_are_not_trained_again(run: Run, here: list[Job], tmp_path: Path) -> None:
    run("reproduce", "gaps", "--budget", "0.05", "--seeds", "0")
    assert run("reproduce", "gaps", "--budget", "0.05", "--seeds", "0,1").exit_code == 0
    assert [job.seed for job in here] == [0, 0, 1, 1]
    assert [each["trained_seeds"] for each in rows(tmp_path)] == ["0 1", "0 1"]


def test_the_whole_is_judged(run: Run, here: list[Job], tmp_path: Path) -> None:
    result = run("reproduce", "gaps", "--seeds", "0,1,2")
    assert result.exit_code == 0, result.output
    assert {each["verdict"] for each in rows(tmp_path)} <= {"agrees", "differs"}
    assert all(0 <= float(each["p_value"]) <= 1 for each in rows(tmp_path))


def test_a_seed_that_fails_costs_the_verdict_alone(run: Run, here: list[Job], tmp_path: Path) -> None:
    result = run("reproduce", "gaps", "--row", "slow", "--seeds", "0,9")
    assert result.exit_code == 1
    assert "killed by signal 9" in result.stderr
    (row,) = rows(tmp_path)
    assert (row["trained_seeds"], row["failed"], row["verdict"]) == ("0", "1", "not comparable: a seed failed")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gapz"], "Unknown published table 'gapz'"),
        (["gaps", "--row", "slo"], "Unknown row 'slo'"),
        (["gaps", "--budget", "0"], "--budget takes a part of the paper's updates above 0"),
        (["gaps", "--budget", "2"], "--budget takes a part"),
        (["gaps", "--seeds", "-1"], "--seeds takes whole numbers"),
        (["gaps", "--all"], "either tables or --all"),
        (["rings", "--budget", "small"], "'rings' has no small budget: there is none"),
        (["--all", "--row", "slow"], "--row needs the one table"),
        (["gaps", "--published", "none.toml"], "Cannot read the list of published tables none.toml"),
    ],
)
def test_what_is_silly_is_one_sentence_and_nothing_is_trained(
    words: list[str], sentence: str, refused: Callable[..., str], here: list[Job], tmp_path: Path
) -> None:
    assert sentence in refused(2, "reproduce", *words)
    assert here == []
    assert not (tmp_path / "leaderboards").exists()


@pytest.mark.parametrize(
    ("old", "new", "code", "sentence"),
    [
        ('variant = "reporter"\noptions = { lr = 1.0 }', 'variant = "reporta"', 2, "reporta"),
        ("options = { lr = 1.0 }", "options = { rate = 1.0 }", 2, "rate"),
        ('number = "gap"', 'number = "gone"', 1, "reporter reports no number 'gone' of itself"),
        ('data = "digits"', 'data = "digitz"', 2, "digitz"),
    ],
)
def test_a_row_that_cannot_be_is_refused_before_any_is_trained(
    old: str, new: str, code: int, sentence: str, refused: Callable[..., str], here: list[Job], tmp_path: Path
) -> None:
    assert PUBLISHED.count(old) == 1
    (tmp_path / "published.toml").write_text(PUBLISHED.replace(old, new))
    assert sentence in refused(code, "reproduce", "gaps")
    assert here == []


def test_a_damaged_table_is_known_before_any_is_trained(
    refused: Callable[..., str], here: list[Job], tmp_path: Path
) -> None:
    (tmp_path / "leaderboards").mkdir()
    (tmp_path / "leaderboards" / "published.csv").write_text("what,is,this\n")
    assert "published.csv cannot be read" in refused(1, "reproduce", "gaps")
    assert here == []


def test_the_worker_reports_and_its_errors_are_exit_codes(
    here: list[Job], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    import msgspec

    from ganzoo.published.worker import main

    job = Job(variant="reporter", dataset="digits", seed=0, options={"steps": "2"}, runs="there")
    assert main(msgspec.json.encode(job).decode()) == 0
    events = [msgspec.json.decode(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events[-1] == "trained"
    wrong = msgspec.structs.replace(job, options={"stepz": "2"})
    assert main(msgspec.json.encode(wrong).decode()) == 2
    assert "stepz" in msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])["note"]
