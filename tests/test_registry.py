from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo import registry
from ganzoo.errors import PluginError, RegistryError, UnknownName
from ganzoo.leaderboard.planning import bench_datasets
from ganzoo.options import resolve
from ganzoo.plugin.compatibility import require_compatible
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Recipe, Registry
from ganzoo.types import DataSpec

GOOD = """
api = 1
[datasets.digits]
extractor = "digits"
[variants.toy]
package = "ganzoo-toy"
[variants.toy.recipes.digits]
options = { steps = 30, loss = "hinge" }
quick = { steps = 3 }
"""
FORMS = {
    "digits": DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10),
    "mnist": DataSpec(name="mnist", kind="image", shape=(1, 28, 28), classes=10),
    "fashion-mnist": DataSpec(name="fashion-mnist", kind="image", shape=(1, 28, 28), classes=10),
    "cifar10": DataSpec(name="cifar10", kind="image", shape=(3, 32, 32), classes=10),
    "patches": DataSpec(name="patches", kind="image", shape=(3, 32, 32), classes=2),
    "ring": DataSpec(name="ring", kind="points", shape=(2,), classes=8),
    "grid": DataSpec(name="grid", kind="points", shape=(2,), classes=25),
    "ring-7": DataSpec(name="ring-7", kind="points", shape=(2,), classes=7),
    "8gaussians": DataSpec(name="8gaussians", kind="points", shape=(2,), classes=8),
    "25gaussians": DataSpec(name="25gaussians", kind="points", shape=(2,), classes=25),
    "swissroll": DataSpec(name="swissroll", kind="points", shape=(2,)),
    "stacked-mnist": DataSpec(name="stacked-mnist", kind="image", shape=(3, 28, 28), classes=1000),
}


def test_recipes_and_their_quick_form() -> None:
    book = registry.parse(GOOD, "here")
    assert book.recipe_options("toy", "digits") == {"steps": 30, "loss": "hinge"}
    assert book.recipe_options("toy", "digits", quick=True) == {"steps": 3, "loss": "hinge"}
    assert book.recipe("toy", "ring") == Recipe()
    assert book.recipe("other", "digits") == Recipe()
    assert book.install_hint("toy") == "'pip install ganzoo-toy' provides it."
    assert book.install_hint("other") == ""
    assert (book.rank_by("digits"), book.rank_by("unlisted")) == ("fid", "fid")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('extractor = "digits"', "extractor = 3", "datasets[...].extractor"),
        ('extractor = "digits"', "", "datasets[...]"),
        ("quick = { steps = 3 }", "quick = { steps = [3] }", "variants[...].recipes[...].quick[...]"),
        ("quick =", "quik =", "variants[...].recipes[...]"),
        ('package = "ganzoo-toy"', "", "variants[...]"),
        ("api = 1", "api = 2", "api"),
        ("api = 1", "apis = 1", "the top level"),
    ],
)
def test_a_wrong_key_is_named_with_its_path(old: str, new: str, key: str) -> None:
    with pytest.raises(RegistryError) as caught:
        registry.parse(GOOD.replace(old, new), "mine.toml")
    assert "mine.toml" in str(caught.value)
    assert f"'{key}'" in str(caught.value)
    assert caught.value.exit_code == 2


def test_bad_toml_says_where() -> None:
    with pytest.raises(RegistryError, match=r"mine\.toml is not valid TOML: .*line 2"):
        registry.parse("api = 1\n[data sets]", "mine.toml")


def test_a_recipe_needs_its_dataset() -> None:
    with pytest.raises(RegistryError, match=r"variants\.toy\.recipes\.digits"):
        registry.parse(GOOD.replace("[datasets.digits]", "[datasets.ring]"), "here")


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    packaged = registry.load()
    assert "digits" in packaged.datasets
    Path("registry.toml").write_text("api = 1\n")
    assert registry.load() == Registry(api=1)
    Path("mine.toml").write_text(GOOD)
    assert set(registry.load(Path("mine.toml")).variants) == {"toy"}


def test_a_registry_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="Cannot read the registry"):
        registry.load(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"api = 1 # \xe9")
    with pytest.raises(RegistryError, match="Cannot read the registry"):
        registry.load(tmp_path / "latin.toml")


def test_the_packaged_extractors_are_there(catalogue: Registry, zoo: Zoo) -> None:
    assert {entry.extractor for entry in catalogue.datasets.values()} <= set(zoo.extractors())
    assert set(catalogue.datasets) <= set(zoo.datasets())


def test_what_papers_compare_with_is_in_no_bench(catalogue: Registry) -> None:
    """Whoever asks for a board of one of them gets it; `bench --all` and `--everything` have what they had."""
    for core in (True, False):
        assert bench_datasets(catalogue, core=core) == ["digits", "ring", "grid"]
    assert set(FORMS) == set(catalogue.datasets)


@pytest.mark.parametrize("name", sorted(registry.load(Path(__file__).parents[1] / "registry.toml").variants))
def test_packaged_recipes_fit_the_installed_variants(name: str, catalogue: Registry, zoo: Zoo) -> None:
    """Every option of every recipe exists, is in range, and the variant takes the data."""
    try:
        plugin = zoo.load(name)
    except UnknownName:
        pytest.skip(f"{catalogue.variants[name].package} is not installed")
    except PluginError as error:
        pytest.skip(f"its package is installed but does not load: {error}")
    assert plugin.origin.distribution == catalogue.variants[name].package
    for dataset, recipe in catalogue.variants[name].recipes.items():
        resolved = resolve(plugin.variant.options, recipe.options, owner=name)
        resolve(plugin.variant.options, recipe.options, recipe.quick, owner=name)
        require_compatible(plugin.variant, resolved, FORMS[dataset])


def test_lists_without_end_are_no_registry() -> None:
    with pytest.raises(RegistryError, match="here is not valid TOML"):
        registry.parse(f"api = {'[' * 5000}", "here")
