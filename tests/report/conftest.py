from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import ganzoo
from ganzoo.leaderboard.jobs import Job
from ganzoo.leaderboard.worker import run_job
from ganzoo.training.runs import RunFolder, RunStore
from tests.fakes.boards import seeds, write_runs

HOSTILE = '"><img src=x onerror=alert(1)>'
"""In notes and in the cell of a grid's name."""


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """Two seeds of one variant on digits, trained; the first is scored, too."""
    root = tmp_path_factory.mktemp("report") / "runs"
    run_job(Job(variant="gaussian", dataset="digits", seed=0, runs=str(root)), lambda event, fields: None)
    ganzoo.train("gaussian", data="digits", seed=1, runs=root)
    return RunStore(root)


@pytest.fixture
def boards(store: RunStore, tmp_path: Path) -> Path:
    """Leaderboards of digits and of points: trained runs, runs that are gone, failures, names of any kind."""
    folders = sorted(store.root.glob("digits/gaussian/*"))
    manifests = sorted((RunFolder(folder).manifest() for folder in folders), key=lambda each: each.seed)
    made = [
        row | {"run": manifest.key, "onnx_sha256": manifest.onnx_sha256, "content_hash": str(manifest.seed)}
        for row, manifest in zip(seeds("gaussian", [5.0, 5.5], backend="numpy"), manifests, strict=True)
    ]
    more = {"recall": "0.4", "precision": "0.6", "train_cpu_seconds": "12", "dataset": "digits"}
    return write_runs(
        tmp_path / "leaderboards",
        [row | more for row in made],
        [row | more for row in seeds("dcgan", [1.0, 1.1])],
        [
            row | more | {"precision": "0.9"}
            for row in seeds("vae", [2.0, 2.2], role="comparator", backend="tensorflow")
        ],
        seeds("broken", [None], dataset="digits", note=HOSTILE),
        seeds(f"gan loss={HOSTILE}", [3.0, 3.3], dataset="digits"),
        seeds("real", [0.3], dataset="digits", role="real", backend=""),
        seeds("wgan", [0.5, 0.6], dataset="ring", coverage="0.5"),
    )


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """All files of a folder, by their path in it."""
    return lambda folder: {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
