from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest
from helpers import Install

from ganzoo import types
from ganzoo.errors import GanzooError, OptionError, PluginError, ScoreError, UnknownName
from ganzoo.plugin.entry_points import Origin
from ganzoo.plugin.hookspecs import EXTENSIONS
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry

GOOD = """
import ganzoo

class Options(ganzoo.Options):
    steps: int = 3
    z_dim: int = 4

@ganzoo.hookimpl
def describe():
    return ganzoo.Variant(name="{name}", backend="none", summary="s", paper="p", options=Options,
                          facts=ganzoo.Facts(loss="", optimiser="", update_order=""))

@ganzoo.hookimpl
def train(run):
    return "model of {name}"

@ganzoo.hookimpl
def sample(model, inputs):
    return (model, sorted(inputs))

@ganzoo.hookimpl
def export(model, path):
    path.write_bytes(b"onnx")
    return True
"""
A = GOOD.format(name="a")
REPORT = "ganzoo.Report(name='x', direction='up', help='h')"


def reporting(*reports: str) -> str:
    """The plugin with these numbers of its own."""
    return A.replace('paper="p"', f'paper="p", reports=({", ".join(reports)},)')


def test_nothing_is_imported_before_it_is_asked_for(install: Install) -> None:
    zoo = Zoo(install("lazy", variants={"a": "raise SystemExit('imported')"}))
    assert zoo.names() == ["a"]
    assert [str(origin) for origin in zoo.origins("a")] == ["lazy 1.2"]


def test_calls_go_to_one_plugin_alone(install: Install, tmp_path: Path) -> None:
    zoo = Zoo(install("two", variants={"a": A, "b": GOOD.format(name="b")}))
    first, second = zoo.load("a"), zoo.load("b")
    assert first.train(None) == "model of a"  # type: ignore[arg-type]
    assert second.train(None) == "model of b"  # type: ignore[arg-type]
    assert first.sample("m", {"z": 1}) == ("m", ["z"])  # type: ignore[comparison-overlap,dict-item]
    first.export("m", tmp_path / "x.onnx")
    assert zoo.load("a") is first


BROKEN = {
    "raises on import": ("raise ValueError('two\\n lines')", "failed to load: ValueError: two lines"),
    "syntax error": ("def f(:\n", "failed to load: SyntaxError"),
    "exits on import": ("import sys; sys.exit('bye')", "failed to load: SystemExit: bye"),
    "own error on import": ("import ganzoo; raise ganzoo.GanzooError('mine')", "failed to load: GanzooError: mine"),
    "missing dependency": ("import no_such_framework", "No module named 'no_such_framework'"),
    "no hooks": ("x = 1", "no hook describe, train, sample, export marked with @ganzoo.hookimpl"),
    "one hook missing": (A.replace("@ganzoo.hookimpl\ndef export", "def export"), "no hook export"),
    "one hook misspelt": (
        A.replace("def export", "def exprot"),
        "it marks the hook exprot, which ganzoo does not know (did you mean export?)",
    ),
    "wrong signature": (A.replace("def train(run)", "def train(run, more)"), "was refused"),
    "describe raises": (A.replace("return ganzoo.Variant", "1 / 0\n    return ganzoo.Variant"), "ZeroDivisionError"),
    "describe of a wrong type": (A.replace("return ganzoo.Variant", "return dict"), "with dict, not ganzoo.Variant"),
    "describe of a wrong field": (A.replace("backend=", "backnd="), "failed in describe: TypeError"),
    "lies about a type": (A.replace('summary="s"', "summary=7"), "summary=7 (Expected `str`, got `int`)"),
    "lies about facts": (A.replace('loss=""', "loss=3"), "facts="),
    "facts of another class": (A.replace("facts=ganzoo.Facts(", "facts=dict("), "Expected `Facts`, got `dict`"),
    "an empty range": (A.replace('paper="p"', 'paper="p", sizes=(64, 8)'), "sizes=(64, 8) is no range"),
    "takes nothing": (A.replace('paper="p"', 'paper="p", takes=()'), "takes=() leaves nothing to train on"),
    "neither labelled nor not": (A.replace('paper="p"', 'paper="p", labelled="yes"'), "labelled='yes'"),
    "takes the unknown": (A.replace('paper="p"', 'paper="p", takes=("sound",)'), "takes=('sound',)"),
    "labels without an option": (
        A.replace('paper="p"', 'paper="p", inputs=ganzoo.Inputs(labels="z_dim")'),
        "inputs.labels='z_dim' is neither true, false nor an option of yes or no",
    ),
    "an input without an option": (A.replace("z_dim", "z_size"), "inputs.z='z_dim' is neither a size nor an option"),
    "noise without an option": (
        A.replace('paper="p"', 'paper="p", inputs=ganzoo.Inputs(noise="maps")'),
        "inputs.noise='maps' is neither a size nor an option",
    ),
    "a report of another class": (reporting('"x"'), "reports=('x',) (Expected `object`, got `str`)"),
    "reports of no kind": (A.replace('paper="p"', 'paper="p", reports=3'), "reports=3 (Expected `array`, got `int`)"),
    "a report as a dict": (reporting('dict(name="x", direction="up", help="h")'), "holds dict, not ganzoo.Report"),
    "a report without a direction": (reporting(REPORT.replace("up", "left")), "Invalid enum value 'left'"),
    "a report that is no name": (reporting(REPORT.replace("x", "a b")), "cannot be called so: 'a b' is no name"),
    "a report with a colon": (reporting(REPORT.replace("x", "self:x")), "cannot be called so: 'self:x' is no name"),
    "a report named like a metric": (reporting(REPORT.replace("x", "fid")), "'fid' that it reports is called like"),
    "a report named like an error": (reporting(REPORT.replace("x", "fid_se")), "'fid_se' that it reports is called"),
    "a report named like a column": (reporting(REPORT.replace("x", "steps")), "like a column of runs.csv"),
    "a report declared twice": (reporting(REPORT + ", " + REPORT), "the number 'x' that it reports is declared twice"),
    "a report without help": (reporting(REPORT.replace("h'", " '")), "'x' that it reports needs a help of one line"),
    "a report with a long help": (reporting(REPORT.replace("h'", "h\\ni'")), "needs a help of one line"),
    "options of another class": (A.replace("options=Options", "options=dict"), "is no subclass of ganzoo.Options"),
    "an option without a default": (A.replace("steps: int = 3", "steps: int"), "do not work without being set"),
    "a default of a wrong type": (A.replace("steps: int = 3", "steps: int = 'x'"), "Option steps=x of a is not valid"),
    "made for a newer API": (A.replace('paper="p"', 'paper="p", api=2'), "plugin API 2, but this ganzoo has 1. Update"),
    "made for no API": (A.replace('paper="p"', 'paper="p", api=0'), "names the plugin API 0"),
    "describes another": (GOOD.format(name="other"), "calls itself 'other'"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_one_sentence_and_hurts_no_other(case: str, install: Install) -> None:
    source, cause = BROKEN[case]
    points = [
        *install("bad-dist", version="0.9", variants={"a": source}),
        *install("fine", variants={"b": GOOD.format(name="b")}),
    ]
    zoo = Zoo(points)
    found = zoo.try_load("a")
    assert isinstance(found, PluginError)
    assert "a (bad-dist 0.9)" in str(found)
    assert cause in str(found)
    assert "\n" not in str(found)
    assert str(zoo.try_load("a")) == str(found), "asking twice gives the same answer"
    assert zoo.load("b").variant.name == "b"


def test_numbers_of_its_own_are_declared(install: Install) -> None:
    source = reporting(REPORT, REPORT.replace("x", "y.z-1").replace("up", "none"))
    found = Zoo(install("good", variants={"a": source})).load("a").variant.reports
    assert [(each.name, each.direction, each.help) for each in found] == [("x", "up", "h"), ("y.z-1", "none", "h")]


def test_two_distributions_that_claim_a_name_are_both_named(install: Install) -> None:
    zoo = Zoo([*install("one", variants={"a": A}), *install("two", variants={"a": A, "b": GOOD.format(name="b")})])
    with pytest.raises(PluginError, match=r"'a' is claimed by one 1\.2 and two 1\.2"):
        zoo.load("a")
    assert zoo.load("b").origin.distribution == "two"


def test_one_distribution_seen_twice_is_no_clash(install: Install) -> None:
    points = install("one", variants={"a": A})
    assert Zoo([*points, *points]).load("a").variant.name == "a"


def test_an_error_in_train_names_the_plugin(install: Install) -> None:
    source = A.replace('return "model of a"', "raise RuntimeError('no luck')")
    plugin = Zoo(install("bad", variants={"a": source})).load("a")
    with pytest.raises(PluginError, match=r"Plugin a \(bad 1\.2\) failed in train: RuntimeError: no luck") as caught:
        plugin.train(None)  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_ganzoos_own_errors_pass_through_train(install: Install) -> None:
    source = A.replace('return "model of a"', "from ganzoo.errors import OptionError; raise OptionError('odd batch')")
    with pytest.raises(OptionError, match="odd batch"):
        Zoo(install("fine", variants={"a": source})).load("a").train(None)  # type: ignore[arg-type]


def test_an_export_that_writes_nothing(install: Install, tmp_path: Path) -> None:
    source = A.replace('path.write_bytes(b"onnx")', "pass")
    with pytest.raises(PluginError, match="exported nothing"):
        Zoo(install("bad", variants={"a": source})).load("a").export("m", tmp_path / "x.onnx")


def test_strict_shows_the_original_exception(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_STRICT", "1")
    with pytest.raises(ValueError, match="original"):
        Zoo(install("bad", variants={"a": "raise ValueError('original')"})).load("a")


def test_keyboard_interrupt_is_not_a_plugins_error(install: Install) -> None:
    with pytest.raises(KeyboardInterrupt):
        Zoo(install("slow", variants={"a": "raise KeyboardInterrupt"})).try_load("a")


def test_a_plugin_of_an_older_api_works_and_is_named(
    install: Install, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setattr(types, "API_VERSION", 2)
    zoo = Zoo([*install("old", variants={"a": A}), *install("new", variants={"b": NEWER})])
    assert zoo.load("a").variant.api == 1
    assert zoo.load("b").variant.api == 2
    (note,) = zoo.notes
    assert note.startswith("Plugin a (old 1.2) was written for plugin API 1; this ganzoo has 2")
    assert note in caplog.text


NEWER = GOOD.format(name="b").replace('paper="p"', 'paper="p", api=2')


def test_stale_entry_points_say_so(install: Install) -> None:
    (point,) = install("gone", variants={"a": A})
    for value in ("site_gone.nowhere", f"{point.value}:plugin", f"{point.value}.inner"):
        origin = Origin("a", value, "gone", "1.2")
        with pytest.raises(PluginError, match=rf"names {value}, which is not there: reinstall gone"):
            Zoo([origin]).load("a")


def test_an_unknown_variant_says_what_to_install(install: Install, catalogue: Registry) -> None:
    zoo = Zoo(install("one", variants={"dcgan2": A}), registry=catalogue)
    with pytest.raises(UnknownName, match=r"'dcgan'\. Did you mean 'dcgan2'\?.*pip install ganzoo-torch"):
        zoo.load("dcgan")


DATASETS = """
import ganzoo
from ganzoo.data.base import Source

@ganzoo.hookimpl
def register_datasets():
    return [Source(name="{name}", summary="", kind="image", load=lambda argument, folder: 1 / 0)]
"""
BREAKS = """
@ganzoo.hookimpl
def {hook}({arguments}):
    raise RuntimeError("broken {hook}")
"""


def test_an_extension_that_breaks_in_one_hook_keeps_its_others(install: Install) -> None:
    half = DATASETS.format(name="mine") + BREAKS.format(hook="register_metrics", arguments="")
    points = [
        *install("half", extensions={"half": half}),
        *install("whole", extensions={"w": DATASETS.format(name="w")}),
    ]
    zoo = Zoo(extensions=points)
    assert set(zoo.datasets()) == {"mine", "w"}
    assert zoo.metrics() == {}
    (broken,) = zoo.broken_extensions.items()
    assert str(broken[0]) == "half 1.2"
    assert "half (half 1.2) failed in register_metrics" in str(broken[1])


@pytest.mark.parametrize(
    "source",
    [
        "raise OSError('no disk')",
        DATASETS.format(name="x").replace("return [", "return None #"),
        DATASETS.format(name="x").replace("return [", "return ['x'] #"),
        DATASETS.format(name="x") + "    raise ganzoo.GanzooError('mine')",
        DATASETS.format(name="x").replace("[Source(", "1 / 0 #"),
        DATASETS.format(name="x").replace('summary=""', "summary=None"),
        DATASETS.format(name="x").replace("[Source(", "[__import__('types').SimpleNamespace("),
        DATASETS.format(name="x").replace("lambda argument, folder: 1 / 0", "'a string'"),
        DATASETS.format(name="x").replace("@ganzoo.hookimpl", ""),
        DATASETS.format(name="x").replace("register_datasets()", "register_datasets(more)"),
    ],
    ids=["import", "none", "strings", "after return", "raises", "summary", "class", "load", "unmarked", "signature"],
)
def test_a_broken_extension_hurts_no_other(source: str, install: Install) -> None:
    zoo = Zoo(
        extensions=[
            *install("bad", extensions={"e": source}),
            *install("ok", extensions={"w": DATASETS.format(name="w")}),
        ]
    )
    assert "w" in zoo.datasets()
    if "after" not in source and "mine" not in source:
        assert [str(origin) for origin in zoo.broken_extensions] == ["bad 1.2"]


@pytest.mark.parametrize("beside", ["", DATASETS.format(name="x")], ids=["alone", "beside a good one"])
def test_a_misspelt_hook_is_named(beside: str, install: Install) -> None:
    """It was loaded without a word, and registered nothing."""
    source = (beside or "import ganzoo\n") + "\n@ganzoo.hookimpl\ndef register_metric():\n    return []\n"
    zoo = Zoo(
        extensions=[
            *install("bad", extensions={"e": source}),
            *install("ok", extensions={"w": DATASETS.format(name="w")}),
        ]
    )
    assert set(zoo.datasets()) == {"w"}
    (error,) = map(str, zoo.broken_extensions.values())
    assert "marks the hook register_metric, which ganzoo does not know (did you mean register_metrics?)" in error


def test_a_hook_that_may_be_unknown_is_passed_over(install: Install) -> None:
    """As pluggy has it: what a later ganzoo will ask for can be offered already."""
    later = "\n@ganzoo.hookimpl(optionalhook=True)\ndef register_losses():\n    return []\n"
    zoo = Zoo(extensions=install("new", extensions={"e": DATASETS.format(name="x") + later}))
    assert set(zoo.datasets()) == {"x"}
    assert not zoo.broken_extensions


def test_extensions_of_one_name_are_both_loaded(install: Install) -> None:
    """The name of an extension is its distribution's own affair; nobody can push out another by taking its name."""
    points = [
        *install("one", extensions={"e": DATASETS.format(name="x")}),
        *install("two", extensions={"e": DATASETS.format(name="y")}),
    ]
    assert set(Zoo(extensions=points).datasets()) == {"x", "y"}


def test_one_dataset_from_two_extensions_belongs_to_neither(install: Install, caplog: Any) -> None:
    points = [
        *install("one", extensions={"a": DATASETS.format(name="x")}),
        *install("two", extensions={"b": DATASETS.format(name="x") + MINE}),
    ]
    zoo = Zoo(extensions=points)
    assert set(zoo.datasets()) == set()
    assert set(zoo.extractors()) == {"mine"}
    sentence = "The dataset 'x' is registered by one 1.2 and two 1.2; none of them is used."
    assert sorted(map(str, zoo.broken_extensions)) == ["one 1.2", "two 1.2"]
    assert all(sentence in str(error) for error in zoo.broken_extensions.values())
    zoo.datasets()
    assert [sentence in record.message for record in caplog.records] == [True], "it is said once"


MINE = """
@ganzoo.hookimpl
def register_extractors():
    return [ganzoo.ExtractorSource(name="mine", summary="", open=lambda device, threads: 1 / 0)]
"""


def test_nobody_takes_a_name_from_ganzoo_itself(install: Install, caplog: Any) -> None:
    theirs = install("thief", extensions={"t": DATASETS.format(name="digits")})
    zoo = Zoo(extensions=[*theirs, *importlib.metadata.entry_points(group=EXTENSIONS)])
    assert zoo.datasets()["digits"].summary, "ganzoo's own"
    assert [str(origin) for origin in zoo.broken_extensions] == ["thief 1.2"]
    assert "registered by thief 1.2 and ganzoo" in caplog.text
    assert "ganzoo's own is used" in caplog.text


def test_what_an_extension_gave_is_named_when_it_fails_later(install: Install) -> None:
    zoo = Zoo(extensions=install("late", extensions={"t": DATASETS.format(name="x") + MINE}))
    with pytest.raises(PluginError, match=r"t \(late 1\.2\) failed to load 'x': ZeroDivisionError"):
        zoo.datasets()["x"].load("", None)
    with pytest.raises(PluginError, match=r"t \(late 1\.2\) failed to open 'mine': ZeroDivisionError"):
        zoo.extractors()["mine"].open("cpu", 1)


METRIC = """
import ganzoo

def compute(sets):
    {body}

@ganzoo.hookimpl
def register_metrics():
    return [ganzoo.Metric(name="m", summary="", columns=("m",), compute=compute)]
"""


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("return 3", "must return a dict of m"),
        ("return {'n': ganzoo.Estimate(1.0)}", "must return a dict of m"),
        ("return {'m': 1.0}", "must be ganzoo.Estimate"),
    ],
)
def test_a_metric_that_fails_leaves_its_columns_out(body: str, cause: str, install: Install, caplog: Any) -> None:
    zoo = Zoo(extensions=install("odd", extensions={"e": METRIC.format(body=body)}))
    assert zoo.metrics()["m"].compute(None) == {}  # type: ignore[arg-type]
    assert "Plugin e (odd 1.2) failed in the metric 'm'" in caplog.text
    assert cause in caplog.text


def test_a_metric_may_refuse_samples(install: Install) -> None:
    body = "from ganzoo.errors import ScoreError; raise ScoreError('too few')"
    zoo = Zoo(extensions=install("fine", extensions={"e": METRIC.format(body=body)}))
    with pytest.raises(ScoreError, match="too few"):
        zoo.metrics()["m"].compute(None)  # type: ignore[arg-type]


OBSERVER = """
import ganzoo
seen = []

@ganzoo.hookimpl
def run_event(event, run):
    {body}
"""


def test_an_observers_error_is_not_fatal(install: Install) -> None:
    import importlib

    good = install("good", extensions={"good": OBSERVER.format(body="seen.append((event, run['step']))")})
    bad = install("bad", extensions={"bad": OBSERVER.format(body="raise ganzoo.GanzooError('deaf')")})
    zoo = Zoo(extensions=[*bad, *good])
    failures = zoo.emit("step", {"step": 3})
    assert len(failures) == 1
    assert "bad (bad 1.2) failed in run_event: GanzooError: deaf" in failures[0]
    assert zoo.emit("step", {"step": 3}) == [], "it is said once"
    assert importlib.import_module(good[0].value).seen == [("step", 3)] * 2


def test_the_built_ins_come_through_the_same_hooks() -> None:
    zoo = Zoo.discover()
    assert "builtin" in {origin.name for kind, origin in zoo.everything() if kind == "extension"}
    assert {"digits", "ring", "npz", "folder"} <= set(zoo.datasets())
    assert {"digits", "mnist", "points", "pixels"} <= set(zoo.extractors())
    assert {"fid", "kid"} <= set(zoo.metrics())
    assert zoo.broken_extensions == {}


def test_plugin_errors_are_ganzoo_errors() -> None:
    assert issubclass(PluginError, GanzooError)
    assert PluginError.exit_code == 1
