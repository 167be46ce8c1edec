"""board: parts and forms of one, two compared, a badge."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.boards import seeds, write_runs


@pytest.fixture(autouse=True)
def boards(run: Any, tmp_path: Path) -> Path:
    """A folder of leaderboards where commands look for it."""
    return write_runs(
        tmp_path / "leaderboards",
        seeds("a", [1.0, 1.1, 1.2], dataset="digits", recall="0.5"),
        seeds("b", [3.0, 3.2, 3.4], dataset="digits", recall="0.9", backend="jax"),
        seeds("memoriser", [0.1], dataset="digits", role="ceiling", recall="0.4", backend="numpy"),
    )


def test_the_first_command_needs_no_name(run: Any) -> None:
    whole = run("board")
    assert whole.exit_code == 0
    for words in (("digits",), ("show",), ("show", "digits"), ("--out", "leaderboards"), ("digits", "--total")):
        assert run("board", *words).stdout.splitlines()[0] == whole.stdout.splitlines()[0]
    assert "FID ↓ †" in whole.stdout and "recall ↑" in whole.stdout
    for words in (("-h",), ("--help",)):
        assert {"show", "diff", "badge"} <= set(run("board", *words).stdout.split())
    assert "--where" in run("board", "show", "-h").stdout


def test_a_part_of_a_board(run: Any) -> None:
    result = run("board", "--columns", "recall, steps", "--sort", "recall", "--where", "role=model")
    header, *rows = [line.split() for line in result.stdout.splitlines()[1:4]]
    assert header == ["rank", "variant", "recall", "↑", "steps"]
    assert [row[1:] for row in rows] == [["b", "0.9"], ["a", "0.5"]]
    assert result.stdout.splitlines()[-1] == "1 of 3 rows are not shown; ranks are those among all."


def test_every_form(run: Any) -> None:
    table = {row["variant"]: row for row in csv.DictReader(io.StringIO(run("board", "--format", "csv").stdout))}
    assert table["b"]["fid"] == "3.2" and table["a"]["rank"] == "1"
    found = json.loads(run("board", "--format", "json", "--columns", "fid").stdout)
    assert found["rows"][0] == {"rank": 1, "variant": "a", "fid": 1.1}
    assert run("board", "--format", "md", "--columns", "fid").stdout.startswith("| rank | variant | FID ↓ † |\n")
    assert run("board", "--format", "html").stdout.startswith("<table>\n<caption>digits</caption>\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--sort", "fad"), "Unknown column 'fad'. Did you mean 'fid'?"),
        (("--where", "fid"), "'fid' is no condition."),
        (("--columns", "fid,x"), "Unknown column 'x'."),
        (("rnig",), "Unknown leaderboard in leaderboards 'rnig'."),
    ],
)
def test_what_is_not_there_is_a_sentence(words: tuple[str, ...], sentence: str, refused: Callable[..., str]) -> None:
    assert sentence in refused(2, "board", *words)


def test_a_gate_is_closed_by_what_is_worse_in_its_column(run: Any, tmp_path: Path) -> None:
    worse = seeds("a", [2.0, 2.1, 2.2], dataset="digits", recall="0.5"), seeds("b", [3.1, 3.2, 3.4], dataset="digits")
    write_runs(tmp_path / "new", *worse)
    told = run("board", "diff", "leaderboards", "new")
    assert told.exit_code == 0, "without a gate it only tells"
    rows = {line.split()[1]: line for line in told.stdout.splitlines()}
    assert rows["a"].endswith("worse") and "1.1" in rows["a"] and "2.1" in rows["a"]
    assert rows["b"].endswith("may be chance") and rows["memoriser"].endswith("gone")
    gated = run("board", "diff", "leaderboards", "new", "digits", "--gate", "fid")
    assert gated.exit_code == 1
    assert gated.stderr == "Worse than before: a on digits (fid: worse).\n"
    assert gated.stdout == told.stdout
    assert run("board", "diff", "new", "leaderboards", "--gate", "fid").exit_code == 0, "it is better now"
    assert run("board", "diff", "leaderboards", "new", "--gate", "recall").exit_code == 0
    found = json.loads(run("board", "diff", "leaderboards", "new", "--json").stdout)
    assert found[0]["variant"] == "a" and found[0]["verdict"] == "worse" and found[0]["p"] < 0.05


def test_a_seed_that_fails_closes_the_gate(run: Any, tmp_path: Path) -> None:
    write_runs(tmp_path / "new", seeds("a", [1.0, 1.1, None], dataset="digits"))
    gated = run("board", "diff", "leaderboards", "new", "--gate", "fid")
    assert (gated.exit_code, gated.stderr) == (1, "Worse than before: a on digits (fid: fails).\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("leaderboards", "nowhere"), "nowhere is no folder of leaderboards: it has no runs.csv."),
        (("leaderboards", "leaderboards", "--gate", "fod"), "Unknown metric 'fod'."),
        (("leaderboards", "leaderboards", "ring"), "Unknown dataset of both leaderboards and leaderboards 'ring'."),
    ],
)
def test_what_cannot_be_compared(words: tuple[str, ...], sentence: str, refused: Callable[..., str]) -> None:
    assert sentence in refused(2, "board", "diff", *words)


def test_a_badge_is_a_file(run: Any, refused: Callable[..., str], tmp_path: Path) -> None:
    assert run("board", "badge", "a", "-o", "x.svg").stdout == "written: x.svg\n"
    first = (tmp_path / "x.svg").read_bytes()
    assert b"FID 1.10" in first
    assert run("board", "badge", "a", "digits").exit_code == 0
    assert (tmp_path / "badge.svg").read_bytes() == first
    assert "A badge is written as .svg, not as 'x.png'." in refused(2, "board", "badge", "a", "-o", "x.png")
    assert "Unknown row of the digits board 'c'" in refused(2, "board", "badge", "c", "-o", "y.svg")
    assert not (tmp_path / "y.svg").exists()
