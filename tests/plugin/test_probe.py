"""What listings remember: as long as the plugin's files stay the same, and no longer."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from helpers import Install

from ganzoo.plugin import probe
from ganzoo.plugin.blocklist import Switches
from ganzoo.plugin.described import Files, describe
from ganzoo.plugin.manager import Zoo
from ganzoo.plugin.status import survey

SOURCE = """
import ganzoo

class Options(ganzoo.Options):
    z_dim: int = 2

@ganzoo.hookimpl
def describe():
    return ganzoo.Variant(name="v", backend="none", summary="first", paper="p", options=Options,
                          takes=("image", "points"), inputs=ganzoo.Inputs(labels=True),
                          facts=ganzoo.Facts(loss="", optimiser="", update_order=""))

@ganzoo.hookimpl
def train(run): ...

@ganzoo.hookimpl
def sample(model, inputs): ...

@ganzoo.hookimpl
def export(model, path): ...
"""
ABOUT = {"backend": "none", "data": "image or points, labelled", "summary": "first", "paper": "p"}


@pytest.fixture(autouse=True)
def own_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def file_of(point: Any) -> Path:
    found = Files().source(point.value)
    assert found is not None
    return found


def test_a_description_is_asked_for_once(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo = Zoo(install("one", variants={"v": SOURCE}))
    assert describe(zoo)["v"].about == ABOUT
    monkeypatch.setattr(probe, "_in_child", lambda *task: pytest.fail("it was asked again"))
    assert describe(zoo)["v"].about == ABOUT


def test_labels_that_an_option_asks_for_are_named_with_it(install: Install) -> None:
    source = SOURCE.replace("labels=True", 'labels="conditional"').replace(
        "z_dim: int = 2", "z_dim: int = 2\n    conditional: bool = False"
    )
    (seen,) = describe(Zoo(install("one", variants={"v": source}))).values()
    assert seen.about["data"] == "image or points, labelled with conditional=true"


def test_a_changed_file_is_noticed(install: Install) -> None:
    points = install("one", variants={"v": SOURCE})
    assert describe(Zoo(points))["v"].about["summary"] == "first"
    file_of(points[0]).write_text(SOURCE.replace("first", "second one"))
    assert describe(Zoo(points))["v"].about["summary"] == "second one"


def test_a_broken_one_is_looked_at_again_when_anything_is_installed(
    install: Install,
) -> None:
    points = install("one", variants={"v": "import missing_thing\n" + SOURCE})
    zoo = Zoo(points)
    assert "No module named 'missing_thing'" in describe(zoo)["v"].cause
    site = file_of(points[0]).parent
    (site / "missing_thing.py").touch()
    os.utime(site, ns=(0, site.stat().st_mtime_ns + 10_000_000))  # coarse clocks must not hide the change
    assert describe(zoo)["v"].cause == ""


def test_looking_at_all_refreshes_what_is_kept(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    zoo = Zoo(install("one", variants={"v": "import os; os.environ['X_READY']\n" + SOURCE}))
    assert "KeyError: 'X_READY'" in describe(zoo)["v"].cause
    monkeypatch.setenv("X_READY", "1")
    assert "KeyError" in describe(zoo)["v"].cause, "nothing was installed since"
    assert survey(zoo).working("variant") == ["v"]
    assert describe(zoo)["v"].about == ABOUT


def test_a_changed_cache_is_not_believed(install: Install, own_cache_folder: Path) -> None:
    zoo = Zoo(install("one", variants={"v": SOURCE}))
    describe(zoo)
    (file,) = own_cache_folder.glob("described-*.json")
    file.write_text(file.read_text().replace("first", "other"))
    assert describe(zoo)["v"].about == ABOUT


def test_variants_of_one_package_are_each_described_and_each_noticed(install: Install) -> None:
    """They share the state of their folder; another module of it, and the package itself, are part of that."""
    points = install("one", variants={"v": SOURCE, "w": SOURCE.replace('name="v"', 'name="w"')})
    seen = describe(Zoo(points))
    assert [seen[name].about["summary"] for name in "vw"] == ["first", "first"]
    file_of(points[1]).write_text(SOURCE.replace('name="v"', 'name="w"').replace("first", "second one"))
    seen = describe(Zoo(points))
    assert [seen[name].about["summary"] for name in "vw"] == ["first", "second one"]


def test_a_package_is_looked_at_once_and_changes_with_any_of_its_modules(tmp_path: Path) -> None:
    for name in ("__init__.py", "a.py", "b.py"):
        (tmp_path / name).write_text("")
    files = Files()
    first = files.stamp(tmp_path / "a.py")
    assert files.stamp(tmp_path / "b.py") == first
    (tmp_path / "b.py").write_text("more")
    assert files.stamp(tmp_path / "a.py") == first, "one listing sees one state"
    assert Files().stamp(tmp_path / "a.py") != first
    (tmp_path / "__init__.py").unlink()
    alone = Files()
    assert alone.stamp(tmp_path / "a.py") != alone.stamp(tmp_path / "b.py")
    assert alone.stamp(tmp_path / "none.py") == 0


@pytest.mark.parametrize("damage", ["{", "[]", '{"x": 3}'])
def test_a_damaged_cache_is_made_anew(damage: str, install: Install, own_cache_folder: Path) -> None:
    zoo = Zoo(install("one", variants={"v": SOURCE}))
    describe(zoo)
    (file,) = own_cache_folder.glob("described-*.json")
    file.write_text(damage)
    assert describe(zoo)["v"].about == ABOUT


def test_a_cache_that_cannot_be_written_is_no_error(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "file"))
    assert describe(Zoo(install("one", variants={"v": SOURCE})))["v"].about == ABOUT


def test_what_a_plugin_started_ends_with_its_time(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_LOAD_SECONDS", "1.5")
    mark = tmp_path / "pid"
    code = (
        "import subprocess, pathlib, time\n"
        f"pathlib.Path({str(mark)!r}).write_text(str(subprocess.Popen(['sleep', '60']).pid))\ntime.sleep(60)\n"
    )
    began = time.monotonic()
    found = describe(Zoo(install("slow", variants={"v": code})))["v"]
    assert "Plugin v (slow 1.2) failed to load: it was not done after 1.5 s." in found.cause
    assert time.monotonic() - began < 10
    time.sleep(0.2)
    state = subprocess.run(["ps", "-o", "stat=", "-p", mark.read_text()], capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in ("", "Z")


def test_a_survey_tells_the_state_of_each(install: Install) -> None:
    points = [
        *install("one", variants={"v": SOURCE, "w": "1 / 0"}, extensions={"e": "x = 1"}),
        *install("two", variants={"u": "never imported"}),
    ]
    variants = [point for point in points if point.group == "ganzoo.variants"]
    extensions = [point for point in points if point.group == "ganzoo.extensions"]
    seen = survey(Zoo(variants, extensions, switches=Switches(environment=frozenset({"two"}))))
    states = {each.origin.name: each.state for each in seen.standings}
    assert states == {"v": "ok", "w": "broken", "u": "off ($GANZOO_DISABLE)", "e": "broken"}
    assert len(seen.causes) == 2
    assert seen.notes == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("json", "__init__.py"),
        ("json.decoder", "decoder.py"),
        ("no_such", None),
        ("json.none", None),
        ("json.decoder.x", None),
    ],
)
def test_the_file_of_a_module_is_found_without_its_import(module: str, name: str | None) -> None:
    found = Files().source(module)
    assert (found.name if found else None) == name


def test_a_time_limit_that_is_no_number_is_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_LOAD_SECONDS", "soon")
    assert probe.limit_seconds() == probe.LIMIT_SECONDS


@pytest.mark.parametrize(
    ("then", "cause"), [("time.sleep(60)", "it was not done after 2 s"), ("os._exit(4)", "with exit code 4")]
)
def test_the_end_of_its_answers_is_not_the_end_of_its_process(
    then: str, cause: str, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin may close every file and go on."""
    monkeypatch.setenv("GANZOO_LOAD_SECONDS", "2")
    points = install("one", variants={"v": f"import os, time; os.closerange(3, 256); {then}\n{SOURCE}"})
    assert cause in describe(Zoo(points))["v"].cause


def test_what_python_prints_before_the_answer_is_no_answer(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a sitecustomize that greets."""
    (tmp_path / "greeting").mkdir()
    (tmp_path / "greeting" / "sitecustomize.py").write_text("print('hello', flush=True)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "greeting"))
    found = describe(Zoo(install("one", variants={"v": SOURCE})))["v"]
    assert "it ended its process with exit code 0: it printed nothing" in found.cause
