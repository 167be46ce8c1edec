"""Each hook has its exact documented signature, a built-in user and a test of its own; this fails where one lacks."""

from __future__ import annotations

import ast
import importlib
import tomllib
from pathlib import Path

import hookpage
import pytest

from ganzoo.cli import COMMANDS, find
from ganzoo.plugin.entry_points import GROUPS
from ganzoo.plugin.hookspecs import PROJECT, ExtensionSpec, VariantSpec
from ganzoo.plugin.manager import REQUIRED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins" / "hooks.md").read_text("utf-8")

# API 1 in full. What stands here is public: changing a line needs a new API version (docs/plugins/versions.md).
SIGNATURES = {
    "describe": "describe() -> Variant",
    "train": "train(run: TrainRun) -> Any",
    "sample": "sample(model: Any, inputs: dict[str, Array]) -> Array",
    "export": "export(model: Any, path: Path) -> bool",
    "validate": "validate(options: Options, data: DataSpec) -> str | None",
    "measure": "measure(model: Any, run: MeasureRun) -> dict[str, Any]",
    "register_datasets": "register_datasets() -> list[Source]",
    "register_extractors": "register_extractors() -> list[ExtractorSource]",
    "register_metrics": "register_metrics() -> list[Metric]",
    "register_profiles": "register_profiles() -> list[Profile]",
    "register_observers": "register_observers() -> list[ObserverSource]",
    "run_event": "run_event(event: str, run: dict[str, Any]) -> None",
}
NEWER = {"register_profiles", "register_observers", "validate", "measure"}
"""Hooks that came after the package in tests/fakes/pinned_v1."""
VARIANT_HOOKS, EXTENSION_HOOKS = hookpage.hooks(VariantSpec), hookpage.hooks(ExtensionSpec)
OPTIONAL = {"validate", "measure"}
"""Hooks that a variant may do without."""
HOOKS = VARIANT_HOOKS | EXTENSION_HOOKS


def test_the_page_is_made_from_the_hookspecs() -> None:
    assert hookpage.page() == PAGE, "run: python tests/meta/hookpage.py docs/plugins/hooks.md"


def test_the_signatures_are_those_of_the_api() -> None:
    assert {name: hookpage.signature(function) for name, function in HOOKS.items()} == SIGNATURES


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_is_documented_with_its_signature(name: str) -> None:
    assert f"### `{SIGNATURES[name]}`\n\n" in PAGE
    assert len((HOOKS[name].__doc__ or "").split()) > 5


def marked(module: str) -> set[str]:
    """The hooks that a module implements, marked as such."""
    found = vars(importlib.import_module(module)).items()
    return {name for name, value in found if getattr(value, f"{PROJECT}_impl", None) is not None}


def test_every_hook_of_a_variant_has_a_bundled_user() -> None:
    for path in (ROOT / "plugins").glob("*/pyproject.toml"):
        points = tomllib.loads(path.read_text())["project"]["entry-points"]
        assert set(points) <= set(GROUPS)
    assert marked("ganzoo_baselines.gaussian") == set(VARIANT_HOOKS) - OPTIONAL
    assert marked("ganzoo_torch.gan") == set(VARIANT_HOOKS) - {"measure"}
    assert marked("ganzoo_torch.ssgan") == set(VARIANT_HOOKS) - {"validate"}
    assert set(REQUIRED) == set(VARIANT_HOOKS) - OPTIONAL


def test_every_hook_of_an_extension_has_a_built_in_user() -> None:
    """``run_event`` is for those who want to hear of every run: none of ganzoo's own does."""
    assert marked("ganzoo.builtin") | marked("ganzoo_observers") == set(EXTENSION_HOOKS) - {"run_event"}


@pytest.mark.parametrize("name", COMMANDS)
def test_built_in_commands_are_found_like_those_of_plugins(name: str) -> None:
    origin = find(name)
    assert origin is not None
    assert origin.load().name == name


def test_every_hook_has_a_test_of_its_own() -> None:
    tree = ast.parse((ROOT / "tests" / "plugin" / "test_hookspecs.py").read_text())
    tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {name for name in HOOKS if f"test_hook_{name}" not in tests} == set()


def test_the_pinned_package_has_every_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "fakes" / "pinned_v1"))
    assert marked("pinned_gan") | marked("pinned_extras") == set(HOOKS) - NEWER
    points = tomllib.loads((ROOT / "tests/fakes/pinned_v1/pyproject.toml").read_text())["project"]["entry-points"]
    assert set(points) == set(GROUPS)
