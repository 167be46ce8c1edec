"""new"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ganzoo.cli import main, new_

HEAVY = ("numpy", "onnx", "onnxruntime", "pandas", "scipy", "tensorflow", "torch")
NEXT = """\
written  my-gan/ with the package ganzoo-my-gan
next     pip install -e my-gan
         ganzoo check my-gan
         ganzoo train my-gan
         ganzoo bench my-gan
"""


def licence(folder: Path) -> str:
    text = (folder / "my-gan" / "pyproject.toml").read_text()
    found: str = tomllib.loads(text)["project"].get("license", "none")
    return found


def test_new_says_what_comes_next_and_asks_nothing_of_a_script(run: Any, tmp_path: Path) -> None:
    result = run("new", "my-gan")
    assert (result.exit_code, result.stdout, result.stderr) == (0, NEXT, "")
    assert licence(tmp_path) == "Apache-2.0"
    assert "import torch" in (tmp_path / "my-gan/src/ganzoo_my_gan/training.py").read_text()


@pytest.mark.parametrize("backend", ["torch", "tensorflow", "numpy"])
def test_the_backend_chosen(backend: str, run: Any, tmp_path: Path) -> None:
    assert run("new", "my-gan", "--backend", backend, "--licence", "none").exit_code == 0
    assert f'backend="{backend}"' in (tmp_path / "my-gan/src/ganzoo_my_gan/my_gan.py").read_text()
    assert licence(tmp_path) == "none"


@pytest.mark.parametrize(("answer", "chosen"), [("mit\n", "MIT"), ("\n", "Apache-2.0"), ("gpl\nmit\n", "MIT")])
def test_on_a_terminal_the_licence_is_asked_for(
    answer: str, chosen: str, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_, "_terminal", lambda: True)
    result = CliRunner().invoke(main, ["new", "my-gan"], input=answer)
    assert result.exit_code == 0
    assert "Licence (apache-2.0, mit, none) [apache-2.0]:" in result.stderr
    assert result.stdout == NEXT, "the question is no part of the output"
    assert licence(tmp_path) == chosen


def test_an_answer_that_was_given_is_not_asked_for(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_, "_terminal", lambda: True)
    assert run("new", "my-gan", "--licence", "mit").stderr == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["My GAN"], "Error: 'My GAN' cannot be a plugin's name."),
        (["class"], "Error: 'class' is a keyword of Python"),
        (["gaussian"], "Error: The name 'gaussian' is taken: ganzoo-baselines"),
        (["dcgan"], "Error: The name 'dcgan' is taken"),
        (["torch"], "Error: The name 'torch' is taken: there is a package ganzoo-torch already."),
        (["my-gan", "--backend", "jax"], "'jax' is not one of 'torch', 'tensorflow', 'numpy'"),
        (["my-gan", "--licence", "gpl"], "'gpl' is not one of"),
    ],
)
def test_refusals_are_one_sentence_and_write_nothing(
    words: list[str], sentence: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    assert sentence in refused(2, "new", *words)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_in_use_and_the_question_comes_after_the_refusal(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my-gan").mkdir()
    (tmp_path / "my-gan" / "thesis.tex").write_text("mine")
    monkeypatch.setattr(new_, "_terminal", lambda: True)
    assert "The folder 'my-gan' is there already and is not empty." in refused(2, "new", "my-gan")
    assert [path.name for path in (tmp_path / "my-gan").iterdir()] == ["thesis.tex"]


def test_new_imports_neither_plugins_nor_anything_heavy(tmp_path: Path) -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        "sys.argv = ['ganzoo', 'new', 'my-gan']; from ganzoo.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == NEXT
    tops = {name.partition(".")[0] for name in done.stderr.split()}
    assert "jinja2" in tops
    assert not {name for name in tops if name.startswith("ganzoo_") or name in HEAVY}
