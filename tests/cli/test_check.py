"""ganzoo check"""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

from ganzoo.checks import CHECKS

Run = Callable[..., Result]


def test_a_table_ends_with_the_sum(run: Run) -> None:
    result = run("check", "gaussian")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["check", "status", "why", "seconds"]
    assert [line.split()[0] for line in lines[1:-1]] == [check.id for check in CHECKS]
    assert lines[-1].startswith("gaussian (ganzoo-baselines 0.1.0): ")
    assert len(result.stderr.splitlines()) == len(CHECKS), "one line of progress each"


def test_the_catalogue_needs_no_name(run: Run) -> None:
    result = run("check", "--list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == [check.id for check in CHECKS]


def test_without_a_name_it_is_asked_for(run: Run) -> None:
    result = run("check")
    assert result.exit_code == 2
    assert "Name the variant to check" in result.stderr


def test_json_alone_is_on_stdout(run: Run) -> None:
    result = run("check", "gaussian", "--only", "loads", "--json")
    assert json.loads(result.stdout)["passed"] is True


def test_markdown(run: Run) -> None:
    result = run("check", "gaussian", "--only", "loads", "--markdown")
    assert "| `loads` | passed |" in result.stdout


def test_a_failure_is_exit_code_1(run: Run) -> None:
    result = run("check", "gaussian", "--only", "loads", "--expect", "loads=it never does")
    assert result.exit_code == 1
    assert "unexpectedly passed: it was expected to fail, since it never does" in result.stdout


def test_wrong_requests_are_one_sentence(refused: Callable[..., str]) -> None:
    assert "Did you mean 'gaussian'" in refused(2, "check", "gausian")
    assert "Unknown check 'load'" in refused(2, "check", "gaussian", "--only", "load")
    assert "--expect takes ID=REASON" in refused(2, "check", "gaussian", "--expect", "loads")
    assert "Option rank=x" in refused(2, "check", "gaussian", "--only", "trains", "--set", "rank=x")
