"""report"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.boards import seeds, write_runs


@pytest.fixture
def boards(tmp_path: Path) -> Path:
    return write_runs(tmp_path / "leaderboards", seeds("a", [1.0, 1.1], dataset="digits"))


def test_a_report_without_a_run_store(boards: Path, run: Any, tmp_path: Path) -> None:
    result = run("report", "--title", "Ours")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("written: report/index.html (0.0 MB)")
    assert "<h1>Ours</h1>" in (tmp_path / "report" / "index.html").read_text()
    again = run("report", "-o", "other/place", "--single-file", "--data", "digits")
    assert again.exit_code == 0 and [path.name for path in (tmp_path / "other" / "place").iterdir()] == ["index.html"]


def test_what_is_refused(boards: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    assert "leaderboards is there already and is no report" in refused(2, "report", "-o", "leaderboards")
    assert "Unknown leaderboard in leaderboards 'ring'" in refused(2, "report", "--data", "ring")
    assert "nowhere has no leaderboards" in refused(2, "report", "--out", "nowhere")
    (tmp_path / "leaderboards" / "runs.csv").write_text("a;b;c;d;e\n1;2;3;4;5\n")
    assert "runs.csv is no leaderboard" in refused(1, "report")
    assert not (tmp_path / "report").exists()
