"""Switching plugins off: nothing of them is imported, and whoever asks for them is told how to get them back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers import write_distribution

from ganzoo.cli import main
from ganzoo.errors import Disabled, UnknownName, UsageError
from ganzoo.plugin import blocklist
from ganzoo.plugin.blocklist import Switches
from ganzoo.plugin.entry_points import COMMANDS, EXTENSIONS, VARIANTS, Origin
from ganzoo.plugin.manager import Zoo
from ganzoo.processes import ONE_THREAD

Run = Callable[..., Result]
BAD = Origin("bad", "bad_module", "Bad_Dist", "0.1")
GOOD = Origin("good", "good_module", "good", "1.0")
OWN = Origin("builtin", "ganzoo.builtin", "ganzoo", "0.1.0")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings folder of the test's own."""
    monkeypatch.setenv("GANZOO_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("GANZOO_DISABLE", raising=False)
    return tmp_path / "config"


@pytest.mark.parametrize("name", ["bad", "Bad_Dist", "bad-dist", "BAD.dist"])
def test_a_plugin_is_off_by_its_name_or_its_distributions(name: str, config: Path) -> None:
    blocklist.disable(name, [BAD, GOOD])
    now = Switches.current()
    assert now.off(BAD) == str(config / "plugins.json")
    assert now.off(GOOD) == ""
    blocklist.enable(name, [BAD, GOOD])
    assert Switches.current().off(BAD) == ""


def test_the_environment_is_for_once(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    monkeypatch.setenv("GANZOO_DISABLE", " bad , ,other")
    assert Switches.current().off(BAD) == "$GANZOO_DISABLE"
    assert Switches.current().unknown([BAD, GOOD]) == ["other"]
    assert not config.exists()


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"Unknown plugin 'bat'\. Did you mean 'bad'\?"):
        blocklist.disable("bat", [BAD, GOOD, OWN])
    with pytest.raises(UnknownName, match="Unknown switched-off plugin 'bat'"):
        blocklist.enable("bat", [BAD, GOOD])


def test_what_is_no_longer_installed_can_be_switched_on(config: Path) -> None:
    blocklist.disable("bad", [BAD])
    blocklist.enable("bad", [])
    assert json.loads((config / "plugins.json").read_text()) == {"disabled": []}


@pytest.mark.parametrize("name", ["ganzoo", "builtin"])
def test_ganzoo_itself_stays_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="is ganzoo's own and cannot be switched off"):
        blocklist.disable(name, [BAD, OWN])
    monkeypatch.setenv("GANZOO_DISABLE", name)
    assert "digits" in Zoo.discover().datasets()


@pytest.mark.parametrize("text", ["{", "[]", '{"disabled": "bad"}', '{"disabled": [3]}'])
def test_a_damaged_file_stops_nothing(text: str, config: Path, caplog: pytest.LogCaptureFixture) -> None:
    config.mkdir()
    (config / "plugins.json").write_text(text)
    assert Switches.current().off(BAD) == ""
    assert "plugins.json is damaged and was passed over" in caplog.text
    blocklist.disable("bad", [BAD])
    assert Switches.current().off(BAD)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (Switches(stored=frozenset({"bad"})), "Run 'ganzoo plugins --enable bad'."),
        (Switches(stored=frozenset({"bad-dist"})), "Run 'ganzoo plugins --enable Bad_Dist'."),
        (Switches(environment=frozenset({"bad"})), "Take 'bad' out of $GANZOO_DISABLE."),
    ],
)
def test_asking_for_one_says_how_to_get_it_back(given: Switches, hint: str) -> None:
    zoo = Zoo([BAD, GOOD], switches=given)
    assert zoo.names() == ["good"]
    with pytest.raises(Disabled, match=re.escape("The variant 'bad' (Bad_Dist 0.1) is switched off by ")) as caught:
        zoo.load("bad")
    assert caught.value.hint == hint
    assert caught.value.exit_code == 2


def test_switching_one_off_ends_a_clash() -> None:
    twin = Origin("bad", "other_module", "twin", "1")
    assert Zoo([BAD, twin], switches=Switches(stored=frozenset({"twin"}))).the_one("bad") == BAD


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run("list")`` in an empty folder: the result of the command."""
    monkeypatch.chdir(tmp_path)
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(main, words, prog_name="ganzoo")


@pytest.fixture
def marking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution with all three kinds of plugin; the file returned appears when its module is imported."""
    site, mark = tmp_path / "site", tmp_path / "imported"
    site.mkdir()
    (site / "marking.py").write_text(f"open({str(mark)!r}, 'w').close()\nraise ValueError('imported')\n")
    groups = {VARIANTS: {"mark": "marking"}, EXTENSIONS: {"mark-x": "marking"}, COMMANDS: {"mark-c": "marking"}}
    write_distribution(site, "marks", "2.0", groups)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return mark


def test_the_whole_story_at_the_command_line(run: Run, marking: Path) -> None:
    assert "mark-c  From marks 2.0." in run("--help").stdout
    off = run("plugins", "--disable", "marks")
    assert off.exit_code == 0, off.output
    assert "marks is switched off in " in off.stdout
    assert not marking.exists(), "switching off imports nothing"
    assert "mark-c" not in run("--help").stdout
    assert "There is no command 'mark-c'" in run("mark-c").stderr
    listed, shown, doctor = run("list"), run("plugins"), run("doctor")
    assert "off: mark (marks 2.0), by " in listed.stderr
    lines = {line.split()[0]: line for line in shown.stdout.splitlines()}
    assert all("off (" in lines[name] for name in ("mark", "mark-x", "mark-c"))
    assert "variant mark (marks 2.0): off (" in doctor.stdout
    asked = run("train", "mark")
    assert asked.exit_code == 2
    assert "The variant 'mark' (marks 2.0) is switched off by" in asked.stderr
    assert run("data").stderr == ""
    assert not marking.exists(), "nor does anything afterwards"
    assert run("plugins", "--enable", "marks").output == "marks is switched on\n"
    assert "mark (marks 2.0) failed to load: ValueError: imported" in run("plugins").stderr
    assert marking.exists()


def test_switching_on_what_the_environment_keeps_off(run: Run, marking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DISABLE", "marks,ghost")
    assert "but mark (marks 2.0) is still off, by $GANZOO_DISABLE" in run("plugins", "--enable", "marks").stderr
    assert "note: 'ghost' is switched off, but nothing installed goes by that name." in run("plugins").stderr


def test_a_wrong_name_at_the_command_line(run: Run) -> None:
    done = run("plugins", "--disable", "gausian")
    assert done.exit_code == 2
    assert "Unknown plugin 'gausian'. Did you mean 'gaussian'?" in done.stderr
