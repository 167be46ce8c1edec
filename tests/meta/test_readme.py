"""What the README shows is what there is: its numbers are the leaderboard's."""

from __future__ import annotations

from pathlib import Path

from ganzoo import registry
from ganzoo.leaderboard import board, page
from ganzoo.leaderboard.aggregate import aggregate

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SHOWN = ("rank", "variant", "FID ↓ †", "precision ↑ †", "recall ↑ †", "modes ↑", "memorised", "P(best)", "train CPU s")


def test_the_table_is_the_leaderboard() -> None:
    aggregated = aggregate(board.read_runs(ROOT / "leaderboards"), "digits", registry.load().rank_by("digits"))
    header, rows = page.shown_table(aggregated)
    places = [header.index(name) for name in SHOWN]
    wanted = [[row[place] for place in places] for row in rows]
    lines = [line for line in README.splitlines() if line.startswith("| ")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    first = table.index(list(SHOWN))
    assert table[first + 2 : first + 2 + len(wanted)] == wanted
