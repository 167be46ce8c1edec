"""A few damaged files of every kind; ``make soak`` tries hundreds of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).with_name("mutated.py")


def test_damaged_files_are_refused_or_read_right() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--inputs", "12", "--seed", "ci"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split("|")[2:5] for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 30
    assert all(int(tried) >= 10 for tried, _, _ in rows)
    assert sum(int(refused) for _, refused, _ in rows) > 100
