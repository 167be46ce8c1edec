"""The short form of the soak of kills; ``make soak`` runs the whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "kills.py"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")


@pytest.mark.parametrize(
    ("modes", "least"),
    [("train,train at every file event,score at every file event", 2), ("bench parent", 1)],
    ids=["training and scoring", "bench"],
)
def test_what_was_killed_ends_as_if_it_had_not_been(modes: str, least: int) -> None:
    """The script compares bit for bit; here it must have killed something in every mode."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--kills", str(least), "--modes", modes],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:] if line.startswith("|")]
    assert {row[0] for row in rows} == set(modes.split(","))
    assert all(int(kills) > 0 and int(finished) > 0 and wrong == "0" for _, kills, finished, wrong in rows)
