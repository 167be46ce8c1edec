"""The short form of the soak of crowds; ``make soak`` runs the whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_eight_at_once_lose_and_double_nothing() -> None:
    script = Path(__file__).parent / "crowds.py"
    done = subprocess.run([sys.executable, str(script), "--rounds", "1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| eight at once | 0 | 1 | 0 |" in done.stdout
    assert "| owner of a lock | 2 | 1 | 0 |" in done.stdout
