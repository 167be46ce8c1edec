"""Files and folders whose names are not UTF-8, in every command that reads or writes them."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ganzoo.data.reference import find
from ganzoo.files import named_by, readable
from ganzoo.training.runs import RunFolder

CPU = ("--device", "cpu")
BAD, SHOWN = os.fsdecode(b"bad\xff"), "bad\\udcff"
X = np.random.default_rng(0).integers(0, 256, (60, 1, 8, 8), dtype=np.uint8)


@pytest.fixture
def named(run: Any, tmp_path: Path) -> Path:
    """The same images in a folder, in a class of a folder and in an npz, none of which has a name in UTF-8."""
    try:
        (tmp_path / BAD).mkdir()
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    (tmp_path / "classes" / BAD).mkdir(parents=True)
    for i, image in enumerate(X):
        for folder in (tmp_path / BAD, tmp_path / "classes" / BAD):
            with (folder / f"{i:02}{BAD}.png").open("wb") as file:
                Image.fromarray(image[0]).save(file, "PNG")
    with (tmp_path / f"{BAD}.npz").open("wb") as file:
        np.savez(file, x=X, mu=np.zeros(64), sigma=np.eye(64))
    return tmp_path


@pytest.mark.parametrize("text", [BAD, f"folder:{BAD}", f"{BAD}.npz", f"npz:{BAD}.npz", "classes", f"folder:{SHOWN}"])
def test_data_are_read_whatever_their_name(text: str, run: Any, named: Path) -> None:
    for words in (
        ("score", text, f"{BAD}.npz", "--metrics", "fid"),
        ("score", f"{BAD}.npz", text, "--metrics", "fid", "--json"),
        ("compare", text, BAD, text, "--metrics", "fid", "--json"),
        ("stats", text, "-o", f"s{BAD}.npz"),
        ("score", f"s{BAD}.npz", f"s{BAD}.npz"),
        ("stats", f"s{BAD}.npz", f"s{BAD}.npz", "-o", f"s{BAD}.npz"),
        ("score", BAD, "--data", text, "--metrics", "fid"),
    ):
        result = run(*words, *CPU)
        assert result.exit_code == 0, result.output
        (result.stdout + result.stderr).encode()


def test_a_run_on_such_data_is_scored_on_them_again(run: Any, named: Path) -> None:
    assert run("train", "gaussian", "--data", BAD, "--runs", f"runs{BAD}").exit_code == 0
    (manifest,) = (named / f"runs{BAD}").rglob("run.json")
    assert msgspec.json.decode(manifest.read_bytes())["data_reference"] == f"folder:{SHOWN}"
    result = run("score", manifest.parent, "--metrics", "fid", "-n", 60, *CPU)
    assert result.exit_code == 0, result.output
    assert "of folder-bad_-d1e421ce (train)" in result.stdout


def test_the_table_for_programs_is_utf_8(run: Any, named: Path) -> None:
    result = run("score", BAD, f"{BAD}.npz", "--metrics", "fid", "--format", "csv", *CPU)
    (row, *_) = csv.DictReader(io.StringIO(result.stdout_bytes.decode()))
    assert (row["source"], row["reference"]) == (SHOWN, f"{SHOWN}.npz")


def test_outputs_are_written_whatever_their_name(run: Any, named: Path, gaussian: RunFolder) -> None:
    for words in (
        ("sample", gaussian.path, *CPU, "-o", f"o{BAD}.png"),
        ("sample", gaussian.path, *CPU, "-o", f"o{BAD}.npz"),
        ("sample", gaussian.path, "--interpolate", 3, *CPU, "-o", f"w{BAD}.png"),
        ("export", gaussian.path, "-o", f"o{BAD}.onnx"),
        ("sample", f"o{BAD}.onnx", *CPU, "-o", f"p{BAD}.npz"),
        ("score", f"o{BAD}.onnx", f"o{BAD}.npz", *CPU, "--copies", f"c{BAD}.png"),
    ):
        result = run(*words)
        assert result.exit_code == 0, result.output


def test_a_terminal_of_strict_utf_8(named: Path, gaussian: RunFolder) -> None:
    words = ["sample", str(gaussian.path), *CPU, "-o", f"o{BAD}.png"]
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(
        [sys.executable, "-c", "from ganzoo.cli import main; main()", *words],
        capture_output=True,
        cwd=named,
        env=strict,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b"in obad\xff.png\n")


def test_what_cannot_be_written_down_is_one_sentence(refused: Any, run: Any, named: Path) -> None:
    sentence = refused(1, "bench", "gaussian", "--quick", "--data", "digits", "--runs", BAD, "--out", "o")
    assert "is not UTF-8 and cannot be written down. Give it another name." in sentence
    assert SHOWN in sentence


def test_the_readable_form_of_a_name_finds_it(named: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert readable("plain ü 名") == "plain ü 名"
    assert readable(BAD) == SHOWN
    assert named_by(SHOWN) == BAD
    assert find(SHOWN) == Path(BAD)
    assert find("classes") == Path("classes")
    (named / SHOWN).mkdir()
    assert find(SHOWN) == Path(SHOWN), "a name that is there comes first"
