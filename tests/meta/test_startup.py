"""Commands that only look import nothing heavy. Held in a fresh process each, by what it has imported at its end."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


def test_one_thread_is_asked_for_before_numpy_loads() -> None:
    """Afterwards it would be too late: the linear algebra library reads the variable once."""
    code = (
        "import sys; from ganzoo.cli.common import use_one_thread; use_one_thread(); sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
