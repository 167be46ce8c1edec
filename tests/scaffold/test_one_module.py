"""The whole GAN in one module at the end of docs/plugins/tutorial.md: it trains, resumes and exports."""

from __future__ import annotations

import importlib.util
import re
import types
from pathlib import Path

import pytest

from ganzoo.testing import interrupt_and_resume, memory_run, onnx_difference, toy_images

PAGE = Path(__file__).resolve().parents[2] / "docs" / "plugins" / "tutorial.md"


@pytest.fixture
def plugin() -> types.ModuleType:
    if importlib.util.find_spec("torch") is None:
        pytest.skip("the plugin is written in torch, which is not installed")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    module = types.ModuleType("tiny_plugin")
    exec(next(block for block in blocks if block.startswith("# my_module.py\n")), module.__dict__)
    return module


def test_the_plugin_trains_resumes_and_exports(plugin: types.ModuleType, tmp_path: Path) -> None:
    variant, data = plugin.describe(), toy_images()
    run = memory_run(variant, data, {"steps": 3})
    assert onnx_difference(plugin, plugin.train(run), run, tmp_path / "tiny.onnx") < 1e-4
    straight, resumed = interrupt_and_resume(plugin, variant, data, {"steps": 6}, stop_after=3)
    assert straight.keys() == resumed.keys()
    assert all((straight[name] == resumed[name]).all() for name in straight)
