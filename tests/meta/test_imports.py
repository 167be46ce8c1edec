"""The module map of the design, held: imports point down only, and heavy packages stay where they belong."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2] / "ganzoo"
MOST_LINES = 310  # "about 300", as the design says

# From the bottom up. A module may import those of its own folder and of the lines before it.
LAYERS = (
    ("_version", "__init__", "columns", "errors", "escaping", "naming", "ordering"),
    ("catalogues", "files", "labels", "lettering", "limits", "options", "processes", "registry", "sealed"),
    ("types", "tensors"),
    ("latents", "plugin"),
    ("data", "generator", "metrics"),
    ("extractors", "pictures"),
    ("training", "scoring", "scaffold"),
    ("builtin", "api"),
    ("adding", "likeness", "verify", "views"),
    ("diagnosis",),
    ("leaderboard",),
    ("published",),
    ("rating",),
    ("cards",),
    ("report",),
    ("checks",),
    ("cli", "testing"),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "tf2onnx", "onnxscript"}
FILES = sorted(ROOT.rglob("*.py"))


def module_of(path: Path) -> str:
    """The part of ganzoo that a file belongs to: its top-level module or package."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


class Imports(ast.NodeVisitor):
    """Every import of a file, wherever it stands, except those for type checkers only."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def visit_If(self, node: ast.If) -> None:
        guard = node.test
        if "TYPE_CHECKING" in (getattr(guard, "id", ""), getattr(guard, "attr", "")):
            for other in node.orelse:
                self.visit(other)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names += [alias.name for alias in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, "imports are absolute"
        self.names += [f"{node.module}.{alias.name}" for alias in node.names]


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Dotted names that a file imports."""
    visitor = Imports()
    visitor.visit(ast.parse(path.read_text()))
    return tuple(visitor.names)


def tops(path: Path) -> set[str]:
    """The packages outside ganzoo that a file imports."""
    return {name.partition(".")[0] for name in imports(path)} - {"ganzoo"}


def inner(path: Path) -> Iterator[str]:
    """The parts of ganzoo that a file imports."""
    for name in imports(path):
        package, _, rest = name.partition(".")
        if package == "ganzoo":
            part = rest.partition(".")[0]
            yield part if part in LEVEL else "__init__"


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_has_its_layer() -> None:
    assert {module_of(path) for path in FILES} == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_imports_point_down(path: Path) -> None:
    own = module_of(path)
    upward = {part for part in inner(path) if LEVEL[part] > LEVEL[own]}
    if own == "__init__":
        upward = set()  # names are resolved on use, through importlib
    assert not upward, f"{shown(path)} imports {sorted(upward)} from above"


def test_the_reader_sees_imports_in_functions_and_passes_over_those_for_types() -> None:
    visitor = Imports()
    visitor.visit(
        ast.parse("if TYPE_CHECKING:\n import a\nelse:\n import b\ndef f():\n  from c import d\nif x:\n  import e.f\n")
    )
    assert visitor.names == ["b", "c.d", "e.f"]


def users_of(*packages: str) -> set[str]:
    """Files that import any of these packages."""
    return {shown(path) for path in FILES if tops(path) & set(packages)}


def test_frameworks_are_nowhere() -> None:
    assert users_of(*FRAMEWORKS) == set()


def test_pandas_is_the_boards_alone() -> None:
    assert users_of("pandas") == {"leaderboard/aggregate.py", "leaderboard/board.py"}


def test_onnxruntime_is_the_engines_alone() -> None:
    assert users_of("onnxruntime") == {"generator/engine.py"}


def test_click_and_rich_are_the_command_lines_alone() -> None:
    assert {name.partition("/")[0] for name in users_of("click", "rich")} == {"cli"}


def test_metrics_are_pure() -> None:
    outside = set().union(*(tops(path) for path in FILES if module_of(path) == "metrics"))
    unwanted = {"onnx", "onnxruntime", "pandas", "click", "pathlib", "os", "PIL", "matplotlib"}
    assert not outside & unwanted
    assert {"numpy", "scipy"} <= outside


def test_no_module_unpickles_or_prints() -> None:
    assert users_of("pickle", "dill", "joblib", "cloudpickle", "shelve") <= {"data/plain_pickle.py"}
    for path in FILES:
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert "print" not in [getattr(call, "id", "") for call in calls], shown(path)


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_files_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


def types_of(path: Path) -> Iterator[str]:
    """The public classes and aliases of types that a module defines."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id


def test_every_type_has_one_home() -> None:
    """One word for one thing: two modules that call different things the same mislead a reader."""
    homes: dict[str, list[str]] = {}
    for path in FILES:
        for name in set(types_of(path)):
            if name[0].isupper() and not name.isupper():
                homes.setdefault(name, []).append(shown(path))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}
