"""What core tests share: installed fakes, a registry, and two finished runs that nobody changes."""

from __future__ import annotations

import importlib.metadata
import itertools
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from helpers import Install, fake_points, write_distribution

from ganzoo import api, registry
from ganzoo.extractors import natural
from ganzoo.plugin.hookspecs import EXTENSIONS, VARIANTS
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.training.runs import RunFolder

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees what the user has imported, kept or switched off, nor leaves anything there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GANZOO_CONFIG", str(tmp_path_factory.mktemp("config")))
        yield


AVAILABLE = natural.available


@pytest.fixture(scope="session", autouse=True)
def without_natural_images() -> Iterator[None]:
    """Images of one's own are scored by pixels, which takes no time, as where the extra is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(natural, "available", lambda name: False)
        yield


@pytest.fixture
def natural_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is installed, as it is where tests run."""
    monkeypatch.setattr(natural, "available", AVAILABLE)


@pytest.fixture(scope="session")
def catalogue() -> Registry:
    """The registry of this checkout."""
    return registry.load(REPOSITORY / "registry.toml")


@pytest.fixture(scope="session")
def zoo(catalogue: Registry) -> Zoo:
    """The installed plugins; tests load gaussian and memoriser only."""
    return Zoo.discover(catalogue)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """``install("dist", variants={name: source}, extensions={...})`` gives the entry points of a new distribution."""
    counter = itertools.count()
    before = set(sys.modules)

    def make(
        name: str,
        *,
        version: str = "1.2",
        variants: Mapping[str, str] | None = None,
        extensions: Mapping[str, str] | None = None,
    ) -> list[EntryPoint]:
        folder = tmp_path / f"site{next(counter)}"
        groups: dict[str, dict[str, str]] = {}
        for group, sources in ((VARIANTS, variants or {}), (EXTENSIONS, extensions or {})):
            for point, source in sources.items():
                module = f"{folder.name}_{name}_{point}".replace("-", "_")
                folder.mkdir(exist_ok=True)
                (folder / f"{module}.py").write_text(source)
                groups.setdefault(group, {})[point] = module
        write_distribution(folder, name, version, groups)
        monkeypatch.syspath_prepend(str(folder))
        found = importlib.metadata.distributions(path=[str(folder)])
        return [point for dist in found for point in dist.entry_points]

    yield make
    for module in set(sys.modules) - before:
        if module.startswith("site"):
            del sys.modules[module]


@pytest.fixture(scope="session")
def fakes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that makes the fakes look installed; the modules themselves lie in tests/fakes."""
    folder = tmp_path_factory.mktemp("fakes-site")
    fake_points(folder, ["labelled", "stepper", "choosy"])
    return folder


@pytest.fixture(scope="session")
def fake_zoo(fakes_folder: Path, zoo: Zoo, catalogue: Registry) -> Zoo:
    """The fakes beside the built-in extension."""
    dists = importlib.metadata.distributions(path=[str(fakes_folder)])
    points = [point for dist in dists for point in dist.entry_points]
    return Zoo(points, importlib.metadata.entry_points(group=EXTENSIONS), catalogue)


@pytest.fixture(scope="session")
def store_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run store of the finished runs below."""
    return tmp_path_factory.mktemp("store") / "runs"


@pytest.fixture(scope="session")
def gaussian(store_root: Path, zoo: Zoo, catalogue: Registry) -> RunFolder:
    """A finished run of the gaussian on digits; read only."""
    return api.train("gaussian", "digits", runs=store_root, registry=catalogue, zoo=zoo)


@pytest.fixture(scope="session")
def memoriser(store_root: Path, zoo: Zoo, catalogue: Registry) -> RunFolder:
    """A finished run of the memoriser on digits; read only."""
    return api.train("memoriser", "digits", runs=store_root, registry=catalogue, zoo=zoo)


@pytest.fixture(scope="session")
def labelled(store_root: Path, fake_zoo: Zoo, catalogue: Registry) -> RunFolder:
    """A finished run of the conditional fake on digits; read only."""
    return api.train("labelled", "digits", runs=store_root, registry=catalogue, zoo=fake_zoo)


@pytest.fixture(scope="session")
def stepped(tmp_path_factory: pytest.TempPathFactory, fake_zoo: Zoo, catalogue: Registry) -> RunFolder:
    """A finished run of the fake that trains by steps, 40 of them, on digits; read only."""
    root = tmp_path_factory.mktemp("stepped") / "runs"
    return api.train("stepper", "digits", runs=root, registry=catalogue, zoo=fake_zoo)
