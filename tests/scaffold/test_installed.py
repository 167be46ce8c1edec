"""What ``ganzoo new`` writes, installed by pip for real and used as its author would, for each backend."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from scaffolded import Place

from ganzoo.scaffold.writer import BACKENDS

NEEDED = {"torch": ("torch", "ganzoo_torch"), "tensorflow": ("tensorflow", "ganzoo_tensorflow"), "numpy": ()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One environment for all packages: they must live side by side."""
    for module in ("hatchling", "editables", "pip"):
        pytest.importorskip(module, reason="pip needs it to install a package: pip install -e '.[dev]'")
    return Place(tmp_path_factory.mktemp("scaffold"))


@pytest.fixture(scope="module", params=BACKENDS)
def name(request: pytest.FixtureRequest, place: Place) -> Iterator[str]:
    """A package of each backend in turn, written and installed by the commands that ``ganzoo new`` prints."""
    missing = [module for module in NEEDED[request.param] if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not installed")
    name = f"my-{request.param}"
    said = place.run(f"ganzoo new {name} --backend {request.param} --licence mit")
    (install,) = re.findall(r"pip install .*", said)
    place.run(install)
    return name


def test_it_is_listed_under_its_own_package(name: str, place: Place) -> None:
    (line,) = [line for line in place.run("ganzoo plugins").splitlines() if line.startswith(f"{name} ")]
    assert line.split() == [name, "variant", f"ganzoo-{name}", "0.1.0", "ok"]


def test_it_passes_every_check(name: str, place: Place) -> None:
    said = place.run(f"ganzoo check {name}")
    assert " passed" in said
    assert "failed" not in said and "expected" not in said.splitlines()[-1], said


def test_it_trains_and_learns(name: str, place: Place) -> None:
    """A quarter of the default training makes better digits than the Gaussian that is every table's floor."""
    said = place.run(f"ganzoo train {name} --set steps=2000")
    (fid,) = re.findall(r"^score +fid ([\d.]+)", said, re.MULTILINE)
    assert float(fid) < 12, "the Gaussian's is 14"
    (found,) = re.findall(r"^model +(\S+)", said, re.MULTILINE)
    assert (place.folder / found).is_file()


def test_its_own_tests_pass(place: Place) -> None:
    """They are the checks; one backend is enough to show that the three lines work."""
    place.run("ganzoo new tested --backend numpy")
    place.run("pip install -e tested")
    said = place.run("python -m pytest -q", within="tested")
    assert re.search(r"\d\d passed", said), said
    assert "failed" not in said


def test_bench_runs_its_defaults_on_digits(place: Place) -> None:
    place.run("ganzoo new quickly --backend numpy")
    place.run("pip install -e quickly")
    module = place.folder / "quickly" / "src" / "ganzoo_quickly" / "quickly.py"
    module.write_text(module.read_text().replace("= 8000", "= 60"))
    said = place.run("ganzoo bench quickly")
    assert re.search(r"^\d +quickly +numpy +3 ", said, re.MULTILINE), said
    rows = (place.folder / "leaderboards" / "runs.csv").read_text().splitlines()
    assert len([row for row in rows if row.startswith("quickly,") and ",digits," in row]) == 3


def test_uninstalled_it_is_gone_and_the_zoo_goes_on(place: Place) -> None:
    place.run("ganzoo new leaving --backend numpy")
    place.run("pip install -e leaving")
    assert "leaving" in place.run("ganzoo list")
    place.run("pip uninstall -y ganzoo-leaving")
    assert "leaving" not in place.run("ganzoo list")
    assert Path(place.folder / "leaving" / "pyproject.toml").is_file()
