"""add: somebody's generator on the board"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphs import foreign as graph

from ganzoo.training.runs import RunFolder


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "leaderboards" / "runs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("without_natural_images")
def test_a_row_on_the_board_beside_the_others(run: Any, tmp_path: Path, gaussian: RunFolder) -> None:
    for seed, last in enumerate(("Tanh", "Sigmoid")):
        file = graph(tmp_path / f"{last}.onnx", last=last)
        result = run("add", file, "--name", "theirs", "--latent", "normal", "--seed", seed)
        assert result.exit_code == 0, result.output
        assert f"theirs 1, seed {seed}, is in runs/digits/theirs/" in result.stdout
    assert run("bench", "gaussian", "--data", "digits", "--seeds", "0").exit_code == 0
    found = [row for row in rows(tmp_path) if row["variant"] == "theirs"]
    assert [(row["seed"], row["status"], row["backend"]) for row in found] == [("0", "ok", "onnx"), ("1", "ok", "onnx")]
    assert all(float(row["fid"]) > 0 for row in found)
    assert {row[name] for row in found for name in ("parity", "steps", "train_seconds", "train_cpu_seconds")} == {""}
    assert all("no framework to prove parity with" in row["note"] for row in found)
    assert len({row["protocol"] for row in rows(tmp_path)}) == 1
    board = run("board", "digits").stdout
    (line,) = [line for line in board.splitlines() if "theirs" in line]
    assert line.split()[1:5] == ["theirs", "(imported)", "onnx", "2"]
    assert "(real" in board
    assert run("verify", "--all").exit_code == 0


@pytest.mark.usefixtures("without_natural_images")
def test_the_same_again_changes_no_byte_of_the_table(run: Any, tmp_path: Path) -> None:
    file = graph(tmp_path / "a.onnx")
    words = ("add", file, "--name", "theirs", "--latent", "normal")
    assert run(*words).exit_code == 0
    assert {row["variant"] for row in rows(tmp_path)} == {"theirs", "real"}
    before = (tmp_path / "leaderboards" / "runs.csv").read_bytes()
    again = run(*words)
    assert again.exit_code == 0, again.output
    assert (tmp_path / "leaderboards" / "runs.csv").read_bytes() == before


@pytest.mark.usefixtures("without_natural_images")
def test_every_command_takes_it(run: Any, tmp_path: Path) -> None:
    file = graph(tmp_path / "a.onnx")
    added = run("add", file, "--name", "theirs", "--latent", "normal", "--paper", "A paper")
    path = added.stdout.splitlines()[0].split(" is in ")[1]
    for words in (("sample", path), ("card", path), ("diagnose", path), ("report",), ("export", path, "-o", "x.onnx")):
        result = run(*words)
        assert result.exit_code == 0, (words, result.output)
    result = run("verify", path, "--parity")
    assert (result.exit_code, "was trained elsewhere: there is no framework" in result.stderr) == (0, True)
    assert "no frames.npz: it was trained elsewhere" in run("sample", path, "--gif").stderr
    card = (tmp_path / path / "README.md").read_text()
    assert "Not trained with ganzoo, but scored by it on digits" in card
    assert "| added from | a.onnx |" in card
    assert "ganzoo train" not in card
    assert "A paper" in card
    page = (tmp_path / "report" / "digits" / "theirs.html").read_text()
    assert "ganzoo add a.onnx --name theirs" in page


def test_into_the_store_alone(run: Any, tmp_path: Path) -> None:
    result = run("add", graph(tmp_path / "a.onnx"), "--name", "theirs", "--latent", "normal", "--no-score")
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "leaderboards").exists()


def test_what_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    file = graph(tmp_path / "a.onnx")
    assert "'gaussian' is an installed variant" in refused(2, "add", file, "--name", "gaussian", "--latent", "normal")
    assert "makes 1×8×8, but patches is 3×32×32" in refused(
        2, "add", file, "--name", "a", "--data", "patches", "--latent", "normal"
    )
    assert "--latent" in refused(2, "add", file, "--name", "a")
    assert "Unknown dataset" in refused(2, "add", file, "--name", "a", "--data", "digit")
    assert not (tmp_path / "runs").exists()
