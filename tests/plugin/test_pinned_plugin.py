"""A package written against plugin API 1 and never edited since does all that it did then.

Where a change of ganzoo breaks this test, the change breaks packages of others: it needs a new API version and the
notice that docs/plugins/versions.md promises, not an edit of the package.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import FAKES, write_distribution

from ganzoo.generator.engine import Generator
from ganzoo.types import API_VERSION

PACKAGE = FAKES / "pinned_v1"
DIGEST = "fb3060e344852f6d2f9b18577b8e711d0d5e7aa3572dfa522d801b957ac4faf8"
Ganzoo = Callable[..., str]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run."""
    return tmp_path_factory.mktemp("pinned")


@pytest.fixture(scope="module")
def ganzoo(home: Path) -> Ganzoo:
    """``ganzoo("list")`` runs a command with the package installed, and returns what it printed."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    write_distribution(home / "site", project["name"], project["version"], project["entry-points"])
    paths = os.pathsep.join([str(home / "site"), str(PACKAGE)])
    environment = os.environ | {"PYTHONPATH": paths, "GANZOO_CACHE": str(home / "cache"), "GANZOO_STRICT": "1"}

    def run(*words: object) -> str:
        command = [sys.executable, "-c", "from ganzoo.cli import main; main()", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, check=False)
        assert done.returncode == 0, done.stderr
        assert "ganzoo-pinned" not in done.stderr, "nothing is to be said of it"
        return done.stdout

    run("train", "pinned", "--data", "pinned-bars", "--set", "z_dim=5", "--no-score")
    return run


@pytest.fixture(scope="module")
def folder(ganzoo: Ganzoo, home: Path) -> Path:
    """The folder of the finished run."""
    (found,) = (home / "runs" / "pinned-bars" / "pinned").iterdir()
    return found


def test_the_package_is_as_it_was() -> None:
    files = sorted(path for path in PACKAGE.iterdir() if path.is_file())
    digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()
    assert digest == DIGEST, "the pinned package is never edited; API 2 gets a package of its own"
    assert API_VERSION >= 1


def test_it_is_listed(ganzoo: Ganzoo) -> None:
    listed = [" ".join(line.split()) for line in ganzoo("list").splitlines()]
    assert any(line.startswith("pinned numpy image or points, labelled a conditional linear WGAN") for line in listed)
    states = {line.split()[0]: line.split()[-1] for line in ganzoo("plugins").splitlines()}
    assert [states[name] for name in ("pinned", "pinned-extras", "pinned-hello")] == ["ok"] * 3


def test_it_trains(folder: Path) -> None:
    manifest = json.loads((folder / "run.json").read_text())
    assert (manifest["status"], manifest["steps"]) == ("finished", 120)
    assert manifest["options"]["z_dim"] == 5
    assert manifest["parity"] < 1e-4


def test_its_observer_hears(folder: Path) -> None:
    events = [json.loads(line) for line in (folder / "pinned-events.jsonl").read_text().splitlines()]
    assert [each["event"] for each in events] == ["started", "step", "step", "finished"]
    assert events[2]["step"] == 120
    assert set(events[2]["scalars"]) == {"gap"}


def test_it_is_scored_by_its_own_extractor_and_metric(ganzoo: Ganzoo, folder: Path) -> None:
    words = ("--extractor", "pinned-halves", "--metrics", "fid,pinned_gap", "-n", 100, "--device", "cpu", "--json")
    estimates = json.loads(ganzoo("score", folder, *words))["estimates"]
    assert 0 < estimates["pinned_gap"]["value"] < 1, "it learned where the bars are"
    assert estimates["fid"]["value"] < 2


def test_it_is_exported_and_obeys_labels(ganzoo: Ganzoo, folder: Path, tmp_path: Path) -> None:
    ganzoo("export", folder, "-o", tmp_path / "gan.onnx")
    generator = Generator(tmp_path / "gan.onnx", device="cpu")
    left, right = (generator.sample(20, 0, label=label).mean(axis=(0, 1, 2)) for label in (0, 1))
    assert left[:4].mean() > left[4:].mean()
    assert right[:4].mean() < right[4:].mean()


def test_its_command_runs(ganzoo: Ganzoo) -> None:
    assert ganzoo("pinned-hello", "--name", "you") == "hello you\n"
    assert "pinned-hello  From ganzoo-pinned 1.0.0." in ganzoo("--help")
