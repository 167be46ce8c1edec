from __future__ import annotations

from pathlib import Path

import pytest
from helpers import Install

from ganzoo.errors import GanzooError, OptionError, PluginError, UnknownName
from ganzoo.plugins import Zoo
from ganzoo.registry import Registry

GOOD = """
import ganzoo

class Options(ganzoo.Options):
    steps: int = 3

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
    "wrong signature": (A.replace("def train(run)", "def train(run, more)"), "was refused"),
    "describe raises": (A.replace("return ganzoo.Variant", "1 / 0\n    return ganzoo.Variant"), "ZeroDivisionError"),
    "describe of a wrong type": (A.replace("return ganzoo.Variant", "return dict"), "with dict, not ganzoo.Variant"),
    "describe of a wrong field": (A.replace("backend=", "backnd="), "failed in describe: TypeError"),
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


def test_an_unknown_variant_says_what_to_install(install: Install, catalogue: Registry) -> None:
    zoo = Zoo(install("one", variants={"dcgan2": A}), registry=catalogue)
    with pytest.raises(UnknownName, match=r"'dcgan'\. Did you mean 'dcgan2'\?.*pip install ganzoo-torch"):
        zoo.load("dcgan")


DATASETS = """
import ganzoo
from ganzoo.data.base import Source

@ganzoo.hookimpl
def register_datasets():
    return [Source(name="{name}", summary="", kind="image", load=None)]
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
    assert "half (half 1.2) failed in register_metrics" in str(zoo.broken_extensions["half 1.2"])


@pytest.mark.parametrize(
    "source",
    [
        "raise OSError('no disk')",
        DATASETS.format(name="x").replace("return [", "return None #"),
        DATASETS.format(name="x").replace("return [", "return ['x'] #"),
        DATASETS.format(name="x") + "    raise ganzoo.GanzooError('mine')",
        DATASETS.format(name="x").replace("[Source(", "1 / 0 #"),
        DATASETS.format(name="x").replace("register_datasets()", "register_datasets(more)"),
    ],
    ids=["import", "none", "strings", "after return", "raises", "signature"],
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
        assert "bad 1.2" in zoo.broken_extensions


def test_extensions_of_one_name_are_both_loaded(install: Install) -> None:
    """The name of an extension is its distribution's own affair; nobody can push out another by taking its name."""
    points = [
        *install("one", extensions={"e": DATASETS.format(name="x")}),
        *install("two", extensions={"e": DATASETS.format(name="y")}),
    ]
    assert set(Zoo(extensions=points).datasets()) == {"x", "y"}


def test_one_dataset_from_two_extensions_names_both(install: Install) -> None:
    points = [
        *install("one", extensions={"a": DATASETS.format(name="x")}),
        *install("two", extensions={"b": DATASETS.format(name="x")}),
    ]
    with pytest.raises(PluginError, match=r"'x' is registered by (one 1\.2 and two 1\.2|two 1\.2 and one 1\.2)"):
        Zoo(extensions=points).datasets()


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
    assert importlib.import_module(good[0].value).seen == [("step", 3)]


def test_the_built_ins_come_through_the_same_hooks() -> None:
    zoo = Zoo.discover()
    assert "builtin" in {origin.name for origin in zoo.extension_origins()}
    assert {"digits", "ring", "npz", "folder"} <= set(zoo.datasets())
    assert {"digits", "mnist", "points", "pixels"} <= set(zoo.extractors())
    assert {"fid", "kid"} <= set(zoo.metrics())
    assert zoo.broken_extensions == {}


def test_plugin_errors_are_ganzoo_errors() -> None:
    assert issubclass(PluginError, GanzooError)
    assert PluginError.exit_code == 1
