"""What the comparison with other scoring tools shares: features, two threads for everybody, timing, peak memory.

Import this before anything that computes: it sets the environment variables that BLAS and OpenMP read once.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sidebyside import machine, table

THREADS = 2
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = str(THREADS)

__all__ = ["THREADS", "added_memory", "features", "machine", "measure_child", "ratio", "ratios", "seconds", "table"]

Work = Callable[[], object]
Times = dict[str, list[float]]


def features(n: int, d: int = 2048, *, seed: int = 0, shift: float = 0.0, ranks: int = 200) -> Any:
    """Stand-ins for pooled Inception features [n, d], float32: non-negative, heavy-tailed, correlated.

    Their mean (0.43), total variance (about 250) and decaying spectrum are those of 2048 such features, roughly.
    """
    import numpy as np

    basis = np.random.default_rng(99).standard_normal((ranks, d)).astype(np.float32)
    basis *= np.exp(-np.arange(ranks) / 40).astype(np.float32)[:, None]
    draw = np.random.default_rng(seed)
    latent = draw.standard_normal((n, ranks)) * np.exp(0.3 * draw.standard_normal((n, 1)))
    latent[:, :20] += shift
    noise = draw.standard_normal((n, d), dtype=np.float32)
    return np.abs(0.1 * (latent.astype(np.float32) @ basis) + 0.25 * noise)


def seconds(works: Mapping[str, Work], rounds: int) -> Times:
    """Wall seconds of each work, round by round: A, B, …, A, B, …"""
    found: Times = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            begin = time.perf_counter()
            work()
            found[name].append(time.perf_counter() - begin)
    return found


def ratios(times: Times, theirs: str, ours: str) -> list[float]:
    """How many times longer theirs took, round by round."""
    return [a / b for a, b in zip(times[theirs], times[ours], strict=True)]


def ratio(times: Times, theirs: str, ours: str) -> str:
    """Median of ``ratios``, with the smallest and the largest."""
    found = ratios(times, theirs, ours)
    return f"{statistics.median(found):.2f} ({min(found):.2f}–{max(found):.2f})"


def added_memory(script: str, task: str, folder: Path) -> float:
    """MiB by which ``task`` raises the peak of a fresh process of ``script`` that has its features loaded."""
    command = [sys.executable, script, "--child", task, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def measure_child(work: Work) -> None:
    """Print, as the last line, by how many MiB ``work`` raises this process's memory at its peak (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew from what is held now
    before = _memory("VmRSS")
    work()
    print((_memory("VmHWM") - before) / 1024)


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
