from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import graphs
import msgspec
import numpy as np
import pytest

import ganzoo
from ganzoo import api
from ganzoo.errors import DataError, ModelError, UsageError
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry
from ganzoo.training.runs import RunFolder


def test_train_load_sample_score_in_a_few_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the README shows it, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    run = ganzoo.train("memoriser", data="digits", options={"keep": 200})
    gan = ganzoo.load(run.path)
    x = gan.sample(64, seed=0)
    score = ganzoo.score(run.path, data="digits", n=200)
    assert run.path.is_relative_to("runs/digits/memoriser")
    assert x.shape == (64, 1, 8, 8)
    np.testing.assert_array_equal(ganzoo.sample(run.path, 64, seed=0), x)
    assert score.estimates["memorised"].value == 1
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_public_names_are_all_there() -> None:
    for name in ganzoo.__all__:
        assert getattr(ganzoo, name) is not None
    assert set(ganzoo.__all__) <= set(dir(ganzoo))
    with pytest.raises(AttributeError, match="has no attribute 'trian'"):
        _ = ganzoo.trian  # type: ignore[attr-defined]


def test_import_ganzoo_costs_nothing() -> None:
    code = "import sys; import ganzoo; print(sorted({'numpy', 'msgspec', 'pluggy', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_options_win_over_the_recipe(fake_zoo: Zoo, tmp_path: Path) -> None:
    from ganzoo import registry

    book = registry.parse(
        'api = 1\n[datasets.digits]\nextractor = "digits"\n[variants.stepper]\npackage = "fakes"\n'
        "[variants.stepper.recipes.digits]\noptions = { steps = 4, lr = 0.2 }\nquick = { steps = 2 }\n",
        "here",
    )

    def steps(**given: Any) -> tuple[int, float]:
        run = api.train("stepper", "digits", runs=tmp_path, registry=book, zoo=fake_zoo, **given)
        options = run.manifest().options
        return options["steps"], options["lr"]

    assert steps() == (4, 0.2)
    assert steps(quick=True) == (2, 0.2)
    assert steps(options={"steps": 3}) == (3, 0.2)


def test_a_file_and_its_folder_are_the_same_generator(gaussian: RunFolder) -> None:
    file = gaussian.file("generator.onnx")
    assert api.load(gaussian.path, device="cpu").sha256 == api.load(file, device="cpu").sha256
    assert api.data_of(gaussian.path) == "digits"
    assert api.data_of(file) == "digits"


def test_a_reading_says_how_foreign_generators_are_read(
    gaussian: RunFolder, catalogue: Registry, zoo: Zoo, tmp_path: Path
) -> None:
    """One keyword in every function; in a comparison it is for those that are not ganzoo's."""
    path = graphs.foreign(tmp_path / "theirs.onnx", shape=(8, 8, 1), last="uint8", batch=3)
    reading = ganzoo.Reading(latents=("noise:5:normal",))
    there = {"registry": catalogue, "zoo": zoo, "device": "cpu", "n": 100, "metrics": ("fid",)}
    gan = ganzoo.load(path, reading=reading, device="cpu")
    np.testing.assert_array_equal(ganzoo.sample(path, 7, reading=reading, device="cpu"), gan.sample(7))
    value = ganzoo.score(path, reading=reading, **there).estimates["fid"].value  # type: ignore[arg-type]
    for first, second, gap in ((path, gaussian.path, 1), (gaussian.path, path, -1), (path, path, 0)):
        found = ganzoo.compare(first, second, reading=reading, **there)  # type: ignore[arg-type]
        (fid,) = (each for each in found.differences if each.column == "fid")
        assert np.sign(fid.gap.value) == gap
        assert value in (fid.first, fid.second)
        assert f"{path.name}: its pixels are read as 0 to 255" in found.notes
    sums, _ = api.statistics([path], tmp_path / "s.npz", reading=reading, terms=ganzoo.Terms(n=30, extractor="digits"))
    assert sums.n == 30


def test_the_dataset_is_that_of_the_first_run(gaussian: RunFolder, tmp_path: Path) -> None:
    other = tmp_path / "run"
    other.mkdir()
    RunFolder(other).write_manifest(msgspec.structs.replace(gaussian.manifest(), data_reference="mnist"))
    assert api.data_of("theirs.onnx", other, gaussian.path) == "mnist"
    assert api.data_of("theirs.onnx", gaussian.path, other) == "digits"
    assert api.data_of("theirs.onnx") == "digits"


@pytest.mark.parametrize("name", ["nowhere", "nowhere.onnx", "empty"])
def test_no_generator_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError) as caught:
        api.load(tmp_path / name)
    assert name in str(caught.value)


def test_samples_of_an_unknown_kind(tmp_path: Path, catalogue: Registry, zoo: Zoo) -> None:
    (tmp_path / "x.txt").write_text("1 2 3")
    with pytest.raises(UsageError, match=r"neither a run folder, an \.onnx, \.npz or"):
        api.score(tmp_path / "x.txt", registry=catalogue, zoo=zoo)
    (tmp_path / "x.npz").write_text("no archive")
    with pytest.raises(DataError, match=r"x\.npz cannot be read"):
        api.score(tmp_path / "x.npz", registry=catalogue, zoo=zoo)


def test_an_observer_that_fails_becomes_a_warning(catalogue: Registry, tmp_path: Path) -> None:
    class Deaf(Zoo):
        def emit(self, event: str, run: dict[str, Any]) -> list[str]:
            return [f"deaf to {event}"] if event == "finished" else []

    deaf = Deaf.discover(catalogue)
    events: list[tuple[str, Any]] = []

    def observe(name: str, fields: dict[str, Any]) -> None:
        events.append((name, fields))

    run = api.train("gaussian", runs=tmp_path, registry=catalogue, zoo=deaf, observer=observe)
    assert run.is_finished()
    assert [name for name, _ in events] == ["started", "step", "finished", "warning"]
    assert events[-1][1] == {"text": "deaf to finished"}
