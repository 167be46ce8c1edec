"""A training and a bench on a file system that is full at every size: one sentence, and afterwards the same bits.

``python tests/reliability/full_disk.py`` needs to be root, for a small tmpfs of its own; exit code 1 where anything was
wrong. It grows the file system from nothing, two pages at a time, until the work fits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from harness import command, ended, fork

STEP = 8
"""KiB: between two sizes; a tmpfs counts in 4."""
ENOUGH = 64 << 10
"""KiB."""
FULL = "No space left on device"


def sized(place: Path, kib: int, *, again: bool = False) -> None:
    """Mount a tmpfs of a size, or give the one that is there another."""
    options = f"{'remount,' if again else ''}size={kib}k,nr_inodes=1000"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)


def work(root: Path, place: Path, log: Path) -> tuple[int, str]:
    """Train and write the tables; the exit code, and what was said."""
    log.write_text("")
    words = ("bench", "stepper", "--data", "digits", "--seeds", "0", "--jobs", "1")
    folders = ("--runs", place / "runs", "--out", place / "out", "--registry", root / "registry.toml")
    code = ended(fork(command(*words, *folders), log))
    return code, log.read_text(errors="replace")


def trial(root: Path, kib: int, lone: dict[str, object]) -> tuple[bool, list[str]]:
    """Whether the work fitted into so much, and what was wrong."""
    place, log = root / "disk", root / f"{kib}.log"
    place.mkdir(exist_ok=True)
    sized(place, kib)
    try:
        code, said = work(root, place, log)
        wrong = [] if code == 0 or FULL in said else [f"{kib} KiB: ended with {code} and {said[-300:]}"]
        wrong += [f"{kib} KiB: a traceback: {said[-500:]}"] if "Traceback" in said else []
        sized(place, ENOUGH, again=True)
        second, then = work(root, place, log)
        wrong += [f"{kib} KiB: with room it ended with {second}: {then[-300:]}"] if second else []
        if not second:
            wrong += harness.differences(harness.outcomes(place / "runs"), lone, f"{kib} KiB")
            wrong += harness.broken_rows(place / "out" / "runs.csv", {("real", "0"), ("stepper", "0")})
            wrong += [f"{kib} KiB: left over {path}" for path in harness.strays(place / "runs", place / "out")]
        return code == 0, wrong
    finally:
        subprocess.run(["umount", str(place)], check=True)


def main() -> int:
    """Grow the disk until the work fits."""
    began, wrong = time.monotonic(), []
    root = Path(tempfile.mkdtemp(prefix="ganzoo-full-"))
    harness.prepare(root)
    code, said = work(root, root / "lone", root / "lone.log")
    assert code == 0, said
    lone = harness.outcomes(root / "lone" / "runs")
    sizes, fits, kib = 0, 0, STEP
    while fits < 3:
        good, found = trial(root, kib, lone)
        sizes, fits, wrong = sizes + 1, fits + good, wrong + found
        kib += STEP
    print(f"- {sizes} sizes of a disk, up to {kib - STEP} KiB; {len(wrong)} wrong; {time.monotonic() - began:.0f} s")
    for line in wrong:
        print(f"WRONG {line}")
    return int(bool(wrong))


if __name__ == "__main__":
    if os.geteuid():
        print("- the full disk was left out: only root can mount one")
        sys.exit(0)
    sys.exit(main())
