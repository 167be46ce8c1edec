"""Finding entry points: the cache says what a scan says, and notices every change."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ganzoo.plugin import entry_points
from ganzoo.plugin.entry_points import Origin, installed

GROUP = "ganzoo.test-group"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on ``sys.path`` and a cache of its own."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    return site


def add(site: Path, name: str, value: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n")
    os.utime(site, ns=(0, site.stat().st_mtime_ns + 10_000_000))  # coarse clocks must not hide the change


def test_what_is_installed_is_found_and_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder, "one", "os:path.join")
    wanted = [[Origin("one", "os:path.join", "one", "1.0")]]
    assert installed(GROUP) == wanted
    monkeypatch.setattr(entry_points, "_scan", lambda group: pytest.fail("it was scanned again"))
    assert installed(GROUP) == wanted
    assert wanted[0][0].load() is os.path.join


def test_a_new_distribution_is_noticed(folder: Path) -> None:
    add(folder, "one", "os")
    assert [origin.name for origin in installed(GROUP)[0]] == ["one"]
    add(folder, "two", "os")
    assert sorted(origin.name for origin in installed(GROUP)[0]) == ["one", "two"]


def test_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path) -> None:
    add(folder, "one", "os")
    first = installed(GROUP)
    (file,) = (tmp_path / "cache").glob("entry-points-*.json")
    file.write_text("{")
    assert installed(GROUP) == first
    assert file.read_text() != "{"


def test_a_cache_that_cannot_be_written_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("GANZOO_CACHE", str(folder / "file"))
    add(folder, "one", "os")
    assert [origin.name for origin in installed(GROUP)[0]] == ["one"]
