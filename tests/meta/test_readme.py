"""What the README shows is what there is: its plugin trains, its numbers are the leaderboard's."""

from __future__ import annotations

import importlib.util
import re
import types
from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.leaderboard import board
from ganzoo.testing import interrupt_and_resume, memory_run, onnx_difference, toy_images

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
SHOWN = ("rank", "variant", "FID ↓", "precision ↑", "recall ↑", "modes ↑", "memorised", "train CPU s")


@pytest.fixture
def plugin() -> types.ModuleType:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("the plugin of the README is written in torch, which is not installed")
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    module = types.ModuleType("readme_plugin")
    exec(next(block for block in blocks if "hookimpl" in block), module.__dict__)
    return module


def test_the_plugin_trains_resumes_and_exports(plugin: types.ModuleType, tmp_path: Path) -> None:
    variant, data = plugin.describe(), toy_images()
    run = memory_run(variant, data, {"steps": 3})
    assert onnx_difference(plugin, plugin.train(run), run, tmp_path / "tiny.onnx") < 1e-4
    straight, resumed = interrupt_and_resume(plugin, variant, data, {"steps": 6}, stop_after=3)
    assert straight.keys() == resumed.keys()
    assert all((straight[name] == resumed[name]).all() for name in straight)


def test_the_table_is_the_leaderboard() -> None:
    aggregated = board.aggregate(board.read_runs(ROOT / "leaderboards"), "digits", registry.load().rank_by("digits"))
    header, rows = board.shown_table(aggregated)
    places = [header.index(name) for name in SHOWN]
    wanted = [[row[place] for place in places] for row in rows]
    lines = [line for line in README.splitlines() if line.startswith("| ")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    first = table.index(list(SHOWN))
    assert table[first + 2 : first + 2 + len(wanted)] == wanted
