"""A clock that jumps changes no duration and no order: the wall clock is only ever told."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WALL = re.compile(r"\btime\.time(_ns)?\(|\b(datetime|date)\.(now|utcnow|today)\(|\btime\.(gmtime|localtime)\(")
TOLD = {
    "ganzoo/training/runs.py": "the dates of manifests and rows; rows are ordered by bench and attempt",
    "ganzoo/scaffold/writer.py": "the year of a licence",
    "plugins/ganzoo-observers/src/ganzoo_observers/csv_file.py": "a column of the time of each event",
}
"""The files that read it, each once, and what for."""
PRINTING = re.compile(r"click\.(?:echo|secho|echo_via_pager)\(|sys\.std(?:out|err)\.write\(")


def test_the_wall_clock_is_read_to_be_told_alone() -> None:
    files = [*(ROOT / "ganzoo").rglob("*.py"), *(ROOT / "plugins").glob("*/src/**/*.py")]
    found = {str(path.relative_to(ROOT)): len(WALL.findall(path.read_text("utf-8"))) for path in files}
    assert {name: count for name, count in found.items() if count} == dict.fromkeys(TOLD, 1)


def test_no_command_prints_past_the_escape() -> None:
    for path in (ROOT / "ganzoo" / "cli").glob("*.py"):
        calls = PRINTING.findall(path.read_text("utf-8"))
        assert len(calls) == (path.name == "output.py"), path.name
