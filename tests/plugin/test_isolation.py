"""Plugins that hurt: all of these installed at once, and every command still does its work and names the culprits.

The distributions lie in a folder on PYTHONPATH, each with the metadata that pip leaves behind; the commands are real
processes. Each fault comes as a variant and, where that makes a difference, as an extension.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from helpers import Install, write_distribution

from ganzoo.errors import PluginError
from ganzoo.plugin import isolation
from ganzoo.plugin.entry_points import COMMANDS, EXTENSIONS, VARIANTS, Origin
from ganzoo.plugin.manager import Zoo
from ganzoo.training.runs import RunFolder

VARIANT = """
import ganzoo

class Options(ganzoo.Options):
    z_dim: int = 2

@ganzoo.hookimpl
def describe():
    {describe}
    return ganzoo.Variant(name="{name}", backend="none", summary="a culprit", paper="p", options=Options,
                          facts=ganzoo.Facts(loss="", optimiser="", update_order=""){more})

@ganzoo.hookimpl
def train(run):
    return None

@ganzoo.hookimpl
def sample(model, inputs):
    return None

@ganzoo.hookimpl
def export(model, path):
    return True
"""
EXTENSION = """
import ganzoo

@ganzoo.hookimpl
def register_datasets():
    return [ganzoo.Source(name="{name}-data", summary="", kind="image", load=lambda argument, folder: 1 / 0)]
"""

# What the module does on import, and what is said of it.
FATAL = {
    "raises": ("raise ValueError('what a day')", "failed to load: ValueError: what a day"),
    "misspells": ("def f(:", "failed to load: SyntaxError"),
    "lacks": ("import no_such_framework", "Install what provides no_such_framework"),
    "quits": ("import sys; sys.exit('bye')", "failed to load: SystemExit: bye"),
}
HARMFUL = {
    "prints": ("print('hello from a plugin')", "standard output, by printing"),
    "wanders": ("import os; os.chdir('/')", "the working directory"),
    "meddles": ("import os; os.environ['OMP_NUM_THREADS'] = '77'", "os.environ (OMP_NUM_THREADS)"),
    "seeds": ("import random; random.seed(1)", "random's global state"),
    "npseeds": (
        "import numpy; numpy.random.seed(1); numpy.seterr(all='raise')",
        "numpy.random's global state; numpy's error settings",
    ),
    "patches": (
        "import numpy; numpy.mean = numpy.linalg.svd = None",
        "patched functions (numpy.linalg.svd, numpy.mean)",
    ),
}
# Only as a variant: how it describes itself, and faults that end or hold up a process.
DESCRIBES = {
    "liar": ({"name": "somebody"}, "calls itself 'somebody'"),
    "mistyped": ({"more": ", takes='image'"}, "takes='image' (Expected `array`, got `str`)"),
    "misranged": ({"more": ", sizes=(64, 8)"}, "sizes=(64, 8) is no range"),
    "undescribed": ({"describe": "1 / 0"}, "failed in describe: ZeroDivisionError"),
    "departs": ({"describe": "raise SystemExit(3)"}, "failed in describe: SystemExit: 3"),
    "futuristic": ({"more": ", api=99"}, "plugin API 99, but this ganzoo has 1. Update ganzoo"),
    "newfield": ({"more": ", aura=1"}, "Was it written for a newer ganzoo?"),
}
DEADLY = {
    "sleeps": ("import time; time.sleep(20)", "it was not done after 3 s"),
    "dies": ("import os; os._exit(7)", "it ended its process with exit code 7"),
    "crashes": ("import os; os.kill(os.getpid(), 11)", "it ended its process by signal 11"),
}
STALE = "no_such_module_of_mine"
LISTED = {"gaussian", "memoriser", "stepper", "threaded", *HARMFUL}
WARNED = {f"{name}-x" for name in (*FATAL, *HARMFUL)} | {"hooked-x", "tells-x", "stale-x"}

Command = Callable[..., CompletedProcess[str]]


def variant(name: str, code: str = "", /, **parts: str) -> str:
    return f"{code}\n" + VARIANT.format(**{"name": name, "describe": "pass", "more": "", **parts})


def culprits() -> dict[str, str]:
    """The module of every faulty variant by name."""
    found = {name: variant(name, code) for name, (code, _) in (FATAL | HARMFUL | DEADLY).items()}
    found |= {name: variant(name, **parts) for name, (parts, _) in DESCRIBES.items()}
    found["missigned"] = variant("missigned").replace("def train(run)", "def train(run, more)")
    found["threaded"] = variant(
        "threaded", "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    )
    return found


def extensions() -> dict[str, str]:
    """The module of every faulty extension by name."""
    found = {f"{n}-x": f"{code}\n{EXTENSION.format(name=n)}" for n, (code, _) in (FATAL | HARMFUL).items()}
    found["hooked-x"] = EXTENSION.format(name="hooked").replace("register_datasets()", "register_datasets(zoo)")
    found["tells-x"] = EXTENSION.format(name="tells").replace("return [", "return 7 #")
    found["first-x"] = found["second-x"] = EXTENSION.format(name="wanted")
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one distribution per fault, and two that fight over names."""
    folder = tmp_path_factory.mktemp("site")

    def add(name: str, group: str, source: str | None, value: str = "") -> None:
        module = f"faulty_{name.replace('-', '_')}"
        if source is not None:
            (folder / f"{module}.py").write_text(source)
        write_distribution(folder, f"dist-{name}", "0.7", {group: {name: value or module}})

    for name, source in culprits().items():
        add(name, VARIANTS, source)
    for name, source in extensions().items():
        add(name, EXTENSIONS, source)
    add("stale", VARIANTS, None, STALE)
    add("stale-x", EXTENSIONS, None, f"{STALE}:here")
    add("halfstale", VARIANTS, "x = 1", "faulty_halfstale:plugin")
    add("raises-c", COMMANDS, "raise ValueError('no command')")
    add("nothing-c", COMMANDS, "command = 3", "faulty_nothing_c:command")
    add(
        "greet",
        COMMANDS,
        "import click\ncommand = click.command()(lambda: click.echo('hello'))",
        "faulty_greet:command",
    )
    add("list", COMMANDS, "raise ValueError('never imported')")
    for owner in ("one", "two"):
        info = {VARIANTS: {"claimed": "faulty_raises"}, COMMANDS: {"fight": "faulty_greet:command"}}
        write_distribution(folder, f"claims-{owner}", "0.7", info)
    write_distribution(folder, "fakes", "3.1", {VARIANTS: {"stepper": "stepper"}})
    return folder


@pytest.fixture(scope="module")
def command(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """``command("list")`` runs ganzoo in a process with all of them installed; an answer is computed once."""
    folder = tmp_path_factory.mktemp("work")
    known: dict[tuple[str, ...], CompletedProcess[str]] = {}

    def run(*words: str, **more: str) -> CompletedProcess[str]:
        key = (*words, repr(more))
        if key not in known:
            paths = os.pathsep.join([str(site), str(Path(__file__).parents[1] / "fakes")])
            environment = os.environ | {
                "PYTHONPATH": paths,
                "GANZOO_CACHE": str(folder / "cache"),
                "GANZOO_CONFIG": str(folder / "config"),
                "GANZOO_LOAD_SECONDS": "3",
            }
            known[key] = subprocess.run(
                [sys.executable, "-c", "from ganzoo.cli import main; main()", *words],
                capture_output=True,
                text=True,
                timeout=60,
                env=environment | more,
                cwd=folder,
                check=False,
            )
            assert "Traceback" not in known[key].stderr
        return known[key]

    return run


def test_help_lists_commands_and_loads_none(command: Command) -> None:
    done = command("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "greet      From dist-greet 0.7." in done.stdout
    assert "From claims-one 0.7 and claims-two 0.7." in done.stdout
    assert "Show the variants" in done.stdout


def test_a_plugins_command_runs(command: Command) -> None:
    assert command("greet").stdout == "hello\n"
    assert "Did you mean 'greet'?" in command("greeet").stderr


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("raises-c", "Plugin raises-c (dist-raises-c 0.7) failed to load: ValueError: no command."),
        ("nothing-c", "Plugin nothing-c (dist-nothing-c 0.7) is int, not a click.Command."),
        ("fight", "The command 'fight' is claimed by claims-one 0.7 and claims-two 0.7."),
    ],
)
def test_a_command_that_cannot_be_had(name: str, sentence: str, command: Command) -> None:
    done = command(name)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {sentence}")
    assert sentence in command("plugins").stderr


def test_ganzoos_own_command_is_nobodys_to_take(command: Command) -> None:
    assert "The command 'list' is claimed by ganzoo itself and dist-list 0.7." in command("plugins").stderr


def test_list_shows_all_that_work(command: Command) -> None:
    done = command("list")
    assert done.returncode == 0
    assert {line.split()[0] for line in done.stdout.splitlines()} >= LISTED
    assert "hello from a plugin" not in done.stdout
    assert command("list", twice="yes").stdout == done.stdout, "and so it does from its cache"


CAUSES = {name: cause for cases in (FATAL, DEADLY, DESCRIBES) for name, (_, cause) in cases.items()} | {
    "missigned": "was refused",
    "stale": f"Its entry point names {STALE}, which is not there: reinstall dist-stale",
    "halfstale": "Its entry point names faulty_halfstale:plugin, which is not there",
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_broken_one_is_named_with_its_cause(name: str, command: Command) -> None:
    for words in (("list",), ("plugins",), ("doctor",)):
        lines = [line for line in command(*words).stderr.splitlines() if f"Plugin {name} (dist-{name} 0.7)" in line]
        assert len(lines) == 1, f"{words} has one line on {name}"
        assert CAUSES[name] in lines[0]
    assert state_of(name, command("plugins")) == "broken"


@pytest.mark.parametrize("name", [f"{name}{end}" for name in HARMFUL for end in ("", "-x")])
def test_the_harmful_one_is_named_by_what_it_did(name: str, command: Command) -> None:
    (line,) = [line for line in command("plugins").stderr.splitlines() if f"Plugin {name} (dist-{name} 0.7)" in line]
    assert HARMFUL[name.removesuffix("-x")][1] in line
    assert state_of(name, command("plugins")) == "ok"


@pytest.mark.parametrize("name", sorted(WARNED))
def test_a_command_that_needs_extensions_names_those_that_fail(name: str, command: Command) -> None:
    for words in (("plugins",), ("data",)):
        assert f"Plugin {name} (dist-{name} 0.7) " in command(*words).stderr


def state_of(name: str, done: CompletedProcess[str]) -> str:
    (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [name]]
    return line.split()[-1]


def test_plugins_and_doctor_finish(command: Command) -> None:
    assert command("plugins").returncode == 0
    assert state_of("stepper", command("plugins")) == "ok"
    doctor = command("doctor")
    assert doctor.returncode == 1
    assert "problem: The name 'claimed' is claimed by claims-one 0.7 and claims-two 0.7." in doctor.stderr
    assert "stepper" in doctor.stdout


def test_a_dataset_that_two_extensions_want(command: Command) -> None:
    sentence = (
        "The dataset 'wanted-data' is registered by dist-first-x 0.7 and dist-second-x 0.7; none of them is used."
    )
    data = command("data")
    assert data.returncode == 0
    for done in (data, command("plugins"), command("doctor")):
        assert sentence in done.stderr
    assert {state_of(name, command("plugins")) for name in ("first-x", "second-x")} == {"broken"}
    names = {line.split()[0] for line in data.stdout.splitlines() if line.strip()}
    assert {"digits", "ring", *(f"{name}-data" for name in HARMFUL)} <= names
    assert "wanted-data" not in names


def test_score_prints_json_and_nothing_else(command: Command, gaussian: RunFolder) -> None:
    done = command("score", str(gaussian.path), "-n", "60", "--metrics", "fid", "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["estimates"]["fid"]["n"] == 60
    assert "Plugin raises-x (dist-raises-x 0.7) failed to load" in done.stderr


def test_another_variant_trains(command: Command) -> None:
    done = command("train", "stepper", "--set", "steps=2", "--no-score")
    assert done.returncode == 0, done.stderr
    assert "trained  2 steps" in done.stdout


def test_asking_for_a_broken_one_is_one_sentence(command: Command) -> None:
    done = command("info", "raises")
    assert done.returncode == 1
    assert done.stderr == "Error: Plugin raises (dist-raises 0.7) failed to load: ValueError: what a day.\n"


@pytest.mark.parametrize("words", [("list",), ("plugins",), ("info", "raises"), ("train", "raises")], ids=" ".join)
def test_strict_raises(words: tuple[str, ...], command: Command) -> None:
    off = ",".join([*(set(culprits()) - {"raises"}), "stale", "halfstale", "claims-one", "claims-two"])
    done = command(*words, GANZOO_STRICT="1", GANZOO_DISABLE=off)
    assert done.returncode == 1
    assert "what a day (ValueError" in done.stderr


@pytest.mark.parametrize("name", HARMFUL)
def test_strict_raises_on_harm(name: str, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_STRICT", "1")
    with pytest.raises(PluginError, match=rf"Plugin {name} \(harm 1\.2\) changed on import: "):
        Zoo(install("harm", variants={name: variant(name, HARMFUL[name][0])})).load(name)


def shared_state() -> tuple[object, ...]:
    numpys = np.random.get_state(legacy=False)["state"]["key"].tobytes()
    return Path.cwd(), dict(os.environ), random.getstate(), numpys, np.mean, np.linalg.svd, np.geterr()


def test_what_was_changed_is_put_back(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    random.seed(4)
    np.random.seed(4)
    before = shared_state()
    zoo = Zoo(install("harm", variants={name: variant(name, code) for name, (code, _) in HARMFUL.items()}))
    for name in HARMFUL:
        assert zoo.load(name).variant.name == name
    assert shared_state() == before
    assert len(zoo.notes) == len(HARMFUL)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "hello from a plugin" in printed.err


def test_a_slow_import_is_named(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "SLOW_SECONDS", 0.05)
    zoo = Zoo(install("slow", variants={"s": variant("s", "import time; time.sleep(0.1)"), "q": variant("q")}))
    zoo.load("q")
    zoo.load("s")
    (note,) = zoo.notes
    assert note.startswith("Plugin s (slow 1.2) took 0 s to import")


def test_a_module_that_is_no_package_is_stale() -> None:
    with pytest.raises(PluginError, match="reinstall gone"):
        Zoo([Origin("x", "json.nothing", "gone", "1")]).load("x")
