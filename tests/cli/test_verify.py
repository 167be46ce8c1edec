from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ganzoo.training.runs import RunFolder, RunStore

Refused = Callable[..., str]


@pytest.fixture
def trained(run: Any, tmp_path: Path) -> RunFolder:
    """A run in the store of the working directory."""
    assert run("train", "gaussian", "--no-score").exit_code == 0
    (folder,) = RunStore(tmp_path / "runs").all()
    return folder


@pytest.mark.parametrize("words", [("--all",), ("--all", "--parity"), ("RUN",), ("RUN", "--parity")])
def test_a_sound_run(words: tuple[str, ...], run: Any, trained: RunFolder) -> None:
    done = run("verify", *(str(trained.path) if word == "RUN" else word for word in words))
    assert (done.exit_code, done.stdout, done.stderr) == (0, "1 sound, 0 damaged\n", "")


def test_a_damaged_run_is_named_with_the_way_to_mend_it(run: Any, trained: RunFolder) -> None:
    trained.file("samples.png").write_bytes(b"")
    done = run("verify", "--all", "--parity")
    assert done.exit_code == 1
    line, last = done.stdout.splitlines()
    assert line.startswith("damaged  runs/digits/gaussian/")
    assert "Remove run.json and run again: ganzoo train gaussian --data digits --seed 0 --set " in line
    assert last == "0 sound, 1 damaged"


def test_a_plugin_that_is_gone_is_no_damage(run: Any, trained: RunFolder, with_fakes: None) -> None:
    done = run("verify", "--all", "--parity")
    assert done.exit_code == 0
    assert "the parity of runs/digits/gaussian/" in done.stderr
    assert "Unknown variant 'gaussian'" in done.stderr


@pytest.mark.parametrize("words", [(), ("x", "--all")])
def test_runs_or_all(words: tuple[str, ...], refused: Refused) -> None:
    assert "either run folders or --all" in refused(2, "verify", *words)


def test_what_is_no_run(refused: Refused) -> None:
    assert "it has no run.json" in refused(1, "verify", "elsewhere")
