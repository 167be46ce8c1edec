"""How long tables and benches of many runs take, and how much memory: docs/reports/reliability.md.

``python tests/benchmarks/store.py [RUNS] [JOBS]`` makes a store of so many finished runs, copies of one with other
seeds, and times whole processes over it. Nothing is asserted: machines differ.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from ganzoo.leaderboard.jobs import Job
from ganzoo.leaderboard.worker import run_job
from ganzoo.scoring.protocol import Score
from ganzoo.sealed import read_json, write_json
from ganzoo.training import runs
from ganzoo.training.runs import RunFolder, RunStore

PEAK = """
import re, sys
from pathlib import Path

def peak():  # not that of getrusage, which is at least what the parent had when it forked
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
"""
UPDATE = f"""
{PEAK}
from ganzoo import registry
from ganzoo.leaderboard.update import update
from ganzoo.training.runs import RunStore
update(RunStore(Path(sys.argv[1])), Path(sys.argv[2]), registry.load(None), False, print)
print(peak())
"""
COMMAND = f"""
{PEAK}
from ganzoo.cli import main
try:
    main()
finally:
    print(peak())
"""


def fill(root: Path, count: int) -> None:
    """A store of ``count`` runs of the gaussian on digits, one of them real."""
    first = Job(variant="gaussian", dataset="digits", seed=0, runs=str(root), bench=1)
    for job in (first, msgspec.structs.replace(first, variant=runs.REAL)):
        run_job(job, lambda event, fields: None)
    (folder,) = RunStore(root).all()
    score = read_json(folder.file(runs.SCORE), Score)
    for seed in range(1, count):
        copy(folder, score, seed)


def copy(folder: RunFolder, score: Score, seed: int) -> None:
    """The same run with another seed, and a score a little worse."""
    manifest = msgspec.structs.replace(folder.manifest(), seed=seed, content_hash=str(seed))
    other = RunFolder(folder.path.parent / manifest.work_key)
    other.path.mkdir()
    os.link(folder.file(runs.ONNX), other.file(runs.ONNX))
    other.write_manifest(msgspec.structs.replace(manifest, key=manifest.work_key))
    worse = {n: msgspec.structs.replace(e, value=e.value * (1 + seed * 1e-5)) for n, e in score.estimates.items()}
    write_json(other.file(runs.SCORE), msgspec.structs.replace(score, estimates=worse))


def timed(what: str, code: str, *arguments: object) -> None:
    """Print how long a process took, from its start to its end, and its largest memory."""
    began = time.monotonic()
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(f"| {what} | {time.monotonic() - began:.2f} s | {done.stdout.split()[-1]} MiB |", flush=True)


def main(count: int, jobs: int) -> None:
    """Make the stores and time what is done over them."""
    os.fsync = lambda handle: None  # making them is not what is timed
    with tempfile.TemporaryDirectory(prefix="ganzoo-store-") as place:
        os.environ["GANZOO_CACHE"] = f"{place}/cache"
        root, out = Path(place) / "many", Path(place) / "boards"
        fill(root, count)
        print(f"| {count} runs | time | memory |\n| --- | ---: | ---: |")
        timed("tables, from nothing", UPDATE, root, out)
        timed("tables, nothing changed", UPDATE, root, out)
        folder = RunStore(root).all()[0]
        copy(folder, read_json(folder.file(runs.SCORE), Score), count + 1)
        timed("tables, one run more", UPDATE, root, out)
        timed("`ganzoo board`, the first time", COMMAND, "board", "digits", "--out", out)
        timed("`ganzoo board`, again", COMMAND, "board", "digits", "--out", out)
        shutil.rmtree(root)
        fill(Path(place) / "few", jobs)
        seeds = ",".join(map(str, range(jobs)))
        bench = ("bench", "gaussian", "--data", "digits", "--seeds", seeds, "--runs", Path(place) / "few")
        timed(f"a bench of {jobs} jobs that are done", COMMAND, *bench, "--out", Path(place) / "few-boards")
        timed("the same again", COMMAND, *bench, "--out", Path(place) / "few-boards")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["20000", "1000"][len(sys.argv) - 1 :])))
