"""Commands that only look import nothing heavy. Held in a fresh process each, by what it has imported at its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import write_distribution

HEAVY = (
    *("torch", "tensorflow", "keras", "jax", "onnx", "onnxruntime", "pandas", "scipy", "sklearn", "matplotlib"),
    *("PIL", "numpy", "pooch", "safetensors"),
)
CODE = """
import atexit, sys
sys.argv = ["ganzoo", *sys.argv[1:]]
heavy = {heavy!r}
atexit.register(lambda: print("LOADED", *sorted(set(heavy) & set(sys.modules)), file=sys.stderr))
from ganzoo.cli import main
main()
"""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"], ["train", "--help"]], ids=" ".join)
def test_looking_imports_nothing_heavy(words: list[str]) -> None:
    code = CODE.format(heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr.splitlines()[-1] == "LOADED"


def test_what_is_remembered_is_listed_without_what_looks_at_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the time of such a listing would go into imports that it makes no use of."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    code = CODE.format(heavy=("msgspec", "pluggy", "subprocess", "concurrent.futures", "tempfile", "logging"))
    listed = [
        subprocess.run([sys.executable, "-c", code, "list"], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert listed[0].stdout == listed[1].stdout
    assert listed[1].stderr.splitlines()[-1] == "LOADED"


def test_one_thread_is_asked_for_before_numpy_loads() -> None:
    """Afterwards it would be too late: the linear algebra library reads the variable once."""
    code = (
        "import sys; from ganzoo.cli.common import use_one_thread; use_one_thread(); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MOST_TIMES = 2.0
PLUGINS = 30


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """A folder with 30 distributions, each with a variant, an extension and a command."""
    for i in range(PLUGINS):
        name = f"crowd{i:02}"
        (tmp_path / f"{name}.py").write_text(f"import ganzoo\nopen({str(tmp_path / name)!r}, 'w').close()\n{DESCRIBED}")
        groups = {f"ganzoo.{group}": {name: name} for group in ("variants", "extensions", "commands")}
        write_distribution(tmp_path, name, "1.0", groups)
    return tmp_path


DESCRIBED = """
class Options(ganzoo.Options):
    z_dim: int = 2

@ganzoo.hookimpl
def describe():
    return ganzoo.Variant(name=__name__, backend="none", summary="one of many", paper="none", options=Options,
                          facts=ganzoo.Facts(loss="", optimiser="", update_order=""))

@ganzoo.hookimpl
def train(run): ...

@ganzoo.hookimpl
def sample(model, inputs): ...

@ganzoo.hookimpl
def export(model, path): ...
"""


def seconds(word: str, folder: str) -> float:
    """One process, from start to end."""
    command = [sys.executable, "-c", "from ganzoo.cli import main; main()", word]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": folder})
    return time.perf_counter() - began


@pytest.mark.parametrize("word", ["--help", "list"])
def test_thirty_plugins_more_do_not_slow_the_start(
    word: str, crowd: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The best of several turns each: a busy machine makes single starts slower, not faster."""
    empty = str(tmp_path_factory.mktemp("empty"))
    seconds(word, empty)
    seconds(word, str(crowd))
    for path in crowd.glob("crowd??"):
        path.unlink()
    alone, crowded = zip(*((seconds(word, empty), seconds(word, str(crowd))) for _ in range(7)), strict=True)
    assert min(crowded) < MOST_TIMES * min(alone)
    assert list(crowd.glob("crowd??")) == [], "none of them was imported"
