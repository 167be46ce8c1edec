"""Names from outside: one rule, wherever they come in."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from helpers import Install

from ganzoo import builtin, registry
from ganzoo.data.base import Dataset, Split
from ganzoo.data.reference import safe_name
from ganzoo.data.validation import validated
from ganzoo.errors import DataError, OptionError, PluginError, RegistryError, StoreError
from ganzoo.extractors.importing import import_onnx
from ganzoo.naming import LONGEST, RULE, below, fault, is_name, variant_fault
from ganzoo.plugin.manager import Zoo
from ganzoo.plugin.status import survey
from ganzoo.registry import Registry
from ganzoo.training.runs import RunStore
from ganzoo.types import DataSpec

BAD = (
    *("", ".", "..", "../../../x", "a/b", "a\\b", "/etc/x", ".hidden", "-rf", "_x", "+x", "a b", "a|b", "a\nb", "a\n"),
    *("a\0", "a\x1b[31m", "<img onerror=x>", "=cmd", "@x", "naïve", "a\u202eb", "x" * (LONGEST + 1)),
)
GOOD = ("a", "0", "wgan-gp", "v1.2+cu12", "fid_unbiased", "Mixed.Case", "x" * LONGEST)


@pytest.mark.parametrize("name", BAD, ids=ascii)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)
    assert fault(name)
    assert fault(name).isprintable(), "the sentence can be shown anywhere"
    assert len(fault(name)) < 2 * LONGEST


@pytest.mark.parametrize("name", GOOD)
def test_what_is_a_name(name: str) -> None:
    assert is_name(name)
    assert fault(name) == variant_fault(name) == ""


def test_a_variant_is_not_called_as_the_data_are() -> None:
    assert fault("real") == ""
    assert variant_fault("real") == "'real' cannot name a variant: it is what leaderboards call the data themselves"


def test_all_that_ganzoo_brings_has_a_name(catalogue: Registry, zoo: Zoo) -> None:
    names = [*catalogue.datasets, *catalogue.variants, *zoo.names(), *zoo.datasets(), *zoo.extractors()]
    names += [*zoo.metrics(), *zoo.profiles(), *zoo.observers()]
    names += [column for metric in zoo.metrics().values() for column in metric.columns]
    assert [fault(name) for name in names] == [""] * len(names)
    assert len(names) > 50
    assert [str(error) for error in zoo.broken_extensions.values()] == []


@pytest.mark.parametrize("name", ["../../../x", "a/b", "a|b", "real", "\x1b[31mred"], ids=ascii)
def test_a_variant_of_such_a_name_is_refused_before_it_is_imported(name: str, tmp_path: Path) -> None:
    from ganzoo.plugin.entry_points import Origin

    zoo = Zoo([Origin(name, "no_such_module", "theirs", "1.0")])
    with pytest.raises(PluginError, match=r"The variant of theirs 1\.0 cannot be used: ") as caught:
        zoo.load(name)
    assert str(caught.value).isprintable()
    assert caught.value.hint == RULE
    assert isinstance(zoo.try_load(name), PluginError), "a listing goes on"
    seen = survey(zoo)
    assert [each.state for each in seen.standings] == ["broken"]
    assert seen.causes == [str(caught.value)]


def test_a_command_of_such_a_name_is_refused() -> None:
    from ganzoo.plugin.entry_points import Origin

    points = [Origin(name, "no_such_module", "theirs", "1.0") for name in ("a b", "-x")]
    seen = survey(Zoo(commands=points))
    assert [each.state for each in seen.standings] == ["broken", "broken"]
    assert [cause.partition(": ")[2] for cause in seen.causes] == [
        f"'a b' is no name. {RULE}",
        f"'-x' is no name. {RULE}",
    ]


EXTENSION = """
import ganzoo
from ganzoo.extractors.base import PointExtractor

@ganzoo.hookimpl
def register_datasets():
    return [ganzoo.Source(name={name!r}, summary="", kind="image", load=lambda argument, folder: 1 / 0)]

@ganzoo.hookimpl
def register_extractors():
    return [ganzoo.ExtractorSource(name={name!r}, summary="", open=lambda device, threads: PointExtractor())]

@ganzoo.hookimpl
def register_metrics():
    return [ganzoo.Metric(name={metric!r}, columns=({name!r},), needs=("fake",), compute=lambda sets: {{}}, summary="")]

@ganzoo.hookimpl
def register_observers():
    return [ganzoo.ObserverSource(name={name!r}, summary="", open=lambda folder: None)]
"""


@pytest.mark.parametrize("ask", ["datasets", "extractors", "metrics", "observers"])
def test_what_an_extension_registers_has_a_name(ask: str, install: Install) -> None:
    source = EXTENSION.format(name="a|b", metric="good")
    zoo = Zoo(extensions=install("theirs", extensions={"theirs": source}))
    assert getattr(zoo, ask)() == {}
    (error,) = zoo.broken_extensions.values()
    assert "'a|b' is no name; a name is up to 64 letters" in str(error)
    good = Zoo(extensions=install("good", extensions={"good": EXTENSION.format(name="fine", metric="good")}))
    assert len(getattr(good, ask)()) == 1


def test_a_registry_has_names_only() -> None:
    text = 'api = 1\n[datasets."{}"]\nextractor = "digits"\n[variants."{}"]\npackage = "p"\n'
    assert registry.parse(text.format("d", "v"), "here").variants
    with pytest.raises(RegistryError, match=r"here is not a valid registry: 'a\|b' is no name at 'datasets'"):
        registry.parse(text.format("a|b", "v"), "here")
    with pytest.raises(RegistryError, match=r"here is not a valid registry: '\.\./x' is no name at 'variants'"):
        registry.parse(text.format("d", "../x"), "here")
    with pytest.raises(RegistryError, match="'real' cannot name a variant"):
        registry.parse(text.format("d", "real"), "here")


def test_an_extractor_is_not_imported_out_of_its_folder(tmp_path: Path) -> None:
    for name in ("../x", "a/b", "x" * (LONGEST + 1), "Capital"):
        with pytest.raises(OptionError, match="cannot be the name of an extractor"):
            import_onnx(name, tmp_path / "x.onnx")


def test_a_loaded_dataset_has_a_name() -> None:
    spec = DataSpec(name="theirs", kind="points", shape=(2,))
    split = Split(spec, np.zeros((20, 2), np.float32))
    assert validated(Dataset(spec, split, split)).spec.name == "theirs"
    bad = msgspec.structs.replace(spec, name="../theirs")
    with pytest.raises(DataError, match=r"'\.\./theirs' is no name\. A name is"):
        validated(Dataset(bad, split, split))


@pytest.mark.parametrize("stem", ["faces", "a b|c", "名前", "x" * 300, "=cmd", "..", ""])
def test_files_give_their_datasets_names(stem: str) -> None:
    assert is_name(safe_name("npz", stem))
    assert safe_name("npz", "x" * 300) != safe_name("npz", "x" * 301)
    assert safe_name("npz", "faces") == "npz-faces"
    assert safe_name("npz", "名前") != safe_name("npz", "データ"), "nothing of either can be in a name"


def test_the_store_has_no_folder_outside(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    assert store.folder("../digits", "v", "key").path == tmp_path / "runs" / "digits" / "v" / "key"
    for name in ("..", "../../../x", "a/b", "/etc", "", ".", "a\\b", "a\0b"):
        with pytest.raises(StoreError, match="cannot be a folder below"):
            store.folder("digits", name, "key")
        with pytest.raises(StoreError, match="cannot be a folder below"):
            store.folder("digits", "v", name)
        with pytest.raises(StoreError, match="cannot be a folder below"):
            store.failure_file("digits", name, 0, False)
    assert below(tmp_path, "a", "b") == tmp_path / "a" / "b"


def test_the_builtin_extension_keeps_the_rule() -> None:
    assert all(is_name(source.name) for source in builtin.register_datasets())
