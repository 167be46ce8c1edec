"""The bundled plugins have no private door: of ganzoo they import public names only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ganzoo

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FILES = sorted(PLUGINS.glob("*/src/**/*.py"))


def insides(path: Path) -> list[str]:
    """What a file takes from ganzoo beyond its public names; imports for type checkers may reach in."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and getattr(guard.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(guard)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith("ganzoo.")]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ganzoo":
            names = [alias.name for alias in node.names]
            found += names if node.module != "ganzoo" else [name for name in names if name not in ganzoo.__all__]
    return found


def test_there_are_plugins() -> None:
    assert len(FILES) > 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_plugins_import_public_names_only(path: Path) -> None:
    assert insides(path) == []
