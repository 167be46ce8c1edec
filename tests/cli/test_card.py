"""ganzoo card: what it writes, what it says, what it refuses."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from huggingface_hub import ModelCard

from ganzoo.training.runs import RunFolder

Refused = Callable[..., str]


@pytest.fixture
def trained(gaussian: RunFolder, tmp_path: Path) -> RunFolder:
    """A finished run that may be changed."""
    folder = RunFolder(tmp_path / "runs" / gaussian.path.name)
    shutil.copytree(gaussian.path, folder.path)
    return folder


def test_a_card_beside_the_run(run: Any, trained: RunFolder) -> None:
    done = run("card", trained.path, "--license", "MIT")
    assert (done.exit_code, done.stdout) == (0, f"{trained.path}/README.md\n")
    assert done.stderr == "Note: this run has no score; the card says how to come by one.\n"
    assert ModelCard.load(trained.path / "README.md").data.license == "mit"


def test_a_bench_gives_the_card_its_score(run: Any, trained: RunFolder, tmp_path: Path) -> None:
    assert run("bench", "gaussian", "--data", "digits", "--seeds", "0", "--jobs", "1").exit_code == 0
    (scored,) = (tmp_path / "runs" / "digits" / "gaussian").iterdir()
    done = run("card", scored, "-o", "up/")
    assert (done.exit_code, done.stderr) == (0, "")
    names = ["README.md", "generator.onnx", "generator.json", "samples.png"]
    assert done.stdout.splitlines() == [f"up/{name}" for name in names]
    data = ModelCard.load(tmp_path / "up" / "README.md").data
    assert data.eval_results[0].metric_type == "fid"
    assert "real samples (n = 450)" in (tmp_path / "up" / "README.md").read_text()


def test_a_card_away_from_its_picture_says_so(run: Any, trained: RunFolder) -> None:
    done = run("card", trained.path, "-o", "card.md")
    assert done.exit_code == 0
    assert "Note: the card shows samples.png, which does not lie beside it." in done.stderr


def test_what_is_left_out_is_said(run: Any, trained: RunFolder) -> None:
    other = RunFolder(trained.path.with_name("other"))
    shutil.copytree(trained.path, other.path)
    other.file("run.json").write_text("{")
    assert f"Note: {other.file('run.json')} is damaged" in run("card", trained.path).stderr


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("interrupted", "its run is interrupted (stopped by SIGINT). It goes on with: ganzoo train gaussian --data"),
        ("failed", "its run is failed (stopped by SIGINT). It goes on with: ganzoo train gaussian"),
        ("diverged", "its run is diverged (stopped by SIGINT). Train another one."),
    ],
)
def test_a_run_that_did_not_finish(status: str, said: str, refused: Refused, trained: RunFolder) -> None:
    trained.write_manifest(msgspec.structs.replace(trained.manifest(), status=status, note="stopped by SIGINT."))
    assert said in refused(1, "card", trained.path)
    assert not (trained.path / "README.md").exists()


@pytest.mark.parametrize("name", ["run.json", "generator.onnx", "samples.png", "state.safetensors", "log.csv"])
def test_a_damaged_run(name: str, refused: Refused, trained: RunFolder) -> None:
    trained.file(name).write_bytes(b"x")
    assert f"{trained.file(name)} is damaged" in refused(1, "card", trained.path)
    assert not (trained.path / "README.md").exists()


def test_what_is_no_run(refused: Refused, trained: RunFolder, tmp_path: Path) -> None:
    assert "is a file, and a card is of a run. Name the run's folder." in refused(
        2, "card", trained.path / "generator.onnx"
    )
    assert "There is no folder elsewhere." in refused(1, "card", "elsewhere")
    assert "is no run folder: run.json cannot be read." in refused(1, "card", tmp_path)
    assert "'a b' is no licence as hubs name them" in refused(2, "card", trained.path, "--licence", "a b")
    assert "A card is written as .md" in refused(2, "card", trained.path, "-o", "x.html")


def test_what_is_not_ours_is_replaced_by_force_alone(run: Any, refused: Refused, trained: RunFolder) -> None:
    (trained.path / "README.md").write_text("mine")
    assert "or replace it with --force" in refused(2, "card", trained.path)
    assert run("card", trained.path, "--force").exit_code == 0
    assert (trained.path / "README.md").read_text() != "mine"
