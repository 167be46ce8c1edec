"""A board of generators that are there, for tests of people's judgement."""

from __future__ import annotations

from pathlib import Path

from ganzoo.training.runs import RunFolder
from tests.fakes.boards import seeds, write_runs


def rated_board(folder: Path, *runs: RunFolder, role: str = "model") -> Path:
    """A board of one seed of each run, in a new folder, which is returned."""
    rows = []
    for run in runs:
        manifest = run.manifest()
        cells = {"run": manifest.key, "onnx_sha256": manifest.onnx_sha256, "role": role}
        rows += [each | cells for each in seeds(manifest.variant, [3.0], dataset=manifest.dataset)]
    return write_runs(folder, rows)
