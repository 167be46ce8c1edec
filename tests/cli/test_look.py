"""The commands that only show: list, info, plugins, data, doctor."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pytest
from helpers import Install
from PIL import Image

import ganzoo
from ganzoo.plugin.manager import Zoo
from ganzoo.registry import Registry


def lines_of(text: str) -> dict[str, str]:
    """Lines by their first word."""
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


def test_list_shows_what_is_there_and_plugins_what_is_not(run: Any, with_fakes: None) -> None:
    result = run("list")
    assert result.exit_code == 0
    rows = lines_of(result.stdout)
    assert set(rows) == {"variant", "choosy", "labelled", "stepper"}
    assert "image, labelled" in rows["labelled"]
    assert "numpy" in rows["stepper"]
    assert "none: a test" in rows["stepper"]
    assert "dcgan is not installed: 'pip install ganzoo-torch' provides it." in run("plugins").stdout


def test_list_goes_on_past_a_broken_plugin(
    run: Any, install: Install, fake_zoo: Zoo, monkeypatch: pytest.MonkeyPatch, catalogue: Registry
) -> None:
    points = install("bad-dist", variants={"bad": "import no_such_framework"})
    good = [point for points in fake_zoo._points.values() for point in points]
    zoo = Zoo([*points, *good], registry=catalogue)
    monkeypatch.setattr(Zoo, "discover", classmethod(lambda cls, registry=None: zoo))
    listed, plugins = run("list"), run("plugins")
    assert (listed.exit_code, plugins.exit_code) == (0, 0)
    assert set(lines_of(listed.stdout)) == {"variant", "choosy", "labelled", "stepper"}
    for result in (listed, plugins):
        assert "bad (bad-dist 1.2) failed to load: ModuleNotFoundError" in result.stderr
    assert lines_of(plugins.stdout)["bad"].endswith("broken")
    assert run("doctor").exit_code == 1
    assert "problem: Plugin bad" in run("doctor").stderr


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (False, "pixels a side\n"),
        (True, "pixels a side; needs class labels\n"),
        ("conditional", "pixels a side; needs class labels with conditional=true\n"),
    ],
)
def test_info_says_when_labels_are_needed(
    labels: bool | str, said: str, run: Any, with_fakes: None, fake_zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = fake_zoo.load("stepper")
    variant = msgspec.structs.replace(plugin.variant, inputs=ganzoo.Inputs(labels=labels))
    monkeypatch.setattr(Zoo, "load", lambda self, name: dataclasses.replace(plugin, variant=variant))
    assert said in run("info", "stepper").output


def test_info_lists_long_choices_below_the_table(
    run: Any, with_fakes: None, fake_zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Options(ganzoo.Options):
        few: Annotated[Literal["a", "b"], ganzoo.option("short")] = "a"
        many: Annotated[Literal["nonsaturating", "least-squares", "wasserstein"], ganzoo.option("long")] = "wasserstein"

    plugin = fake_zoo.load("stepper")
    variant = msgspec.structs.replace(plugin.variant, options=Options)
    monkeypatch.setattr(Zoo, "load", lambda self, name: dataclasses.replace(plugin, variant=variant))
    rows = lines_of(run("info", "stepper").output)
    assert rows["few"].split() == ["few", "choice", "a", "a", "|", "b", "short"]
    assert rows["many"].split() == ["many", "choice", "wasserstein", "below", "long"]
    assert rows["many:"] == "many: nonsaturating | least-squares | wasserstein"
    assert "few:" not in rows


@pytest.mark.parametrize("role", ["model", "comparator"])
def test_info_says_what_is_not_ranked(
    role: str, run: Any, with_fakes: None, fake_zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = fake_zoo.load("stepper")
    variant = msgspec.structs.replace(plugin.variant, role=role)
    monkeypatch.setattr(Zoo, "load", lambda self, name: dataclasses.replace(plugin, variant=variant))
    assert ("role comparator: shown on boards in brackets, and not ranked" in run("info", "stepper").output) == (
        role != "model"
    )


def test_info_shows_options_recipes_and_update_rule(run: Any) -> None:
    result = run("info", "gaussian")
    assert result.exit_code == 0
    rows = lines_of(result.output)
    assert "ganzoo-baselines" in result.output
    assert "≥ 1, ≤ 4096" in rows["rank"]
    assert "64" in rows["rank"]
    assert "principal components kept" in rows["rank"]
    assert rows["digits:"] == "digits: the defaults"
    assert "update order" in result.output


def test_info_of_an_unknown_variant(refused: Callable[..., str]) -> None:
    assert "Unknown variant 'gausian'. Did you mean 'gaussian'?" in refused(2, "info", "gausian")


def test_plugins_shows_distributions_and_state(run: Any) -> None:
    result = run("plugins")
    assert result.exit_code == 0
    assert lines_of(result.stdout)["gaussian"].split() == ["gaussian", "variant", "ganzoo-baselines", "0.1.0", "ok"]
    assert lines_of(result.stdout)["builtin"].split()[:3] == ["builtin", "extension", "ganzoo"]


def test_data_shows_sources_and_folders(run: Any, tmp_path: Path) -> None:
    result = run("data", "--data-dir", tmp_path)
    assert result.exit_code == 0
    known = {"digits", "patches", "ring", "grid", "ring-7", "8gaussians", "25gaussians", "swissroll"}
    known |= {"mnist", "stacked-mnist", "fashion-mnist", "cifar10", "npz:FILE", "folder:DIR"}
    assert known <= set(lines_of(result.output))
    assert "train-images-idx3-ubyte.gz" in lines_of(result.output)["mnist"]
    assert "train-images-idx3-ubyte.gz" in lines_of(result.output)["stacked-mnist"]
    assert f"Files are looked for in {tmp_path}, then in " in result.output


@pytest.fixture
def photos(run: Any, tmp_path: Path) -> Path:
    """Images of two sizes in two classes, beside a file that is none."""
    for i in range(12):
        folder = tmp_path / "photos" / ("cat" if i % 2 else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20 + i % 2, 30), 9 * i, np.uint8)).save(folder / f"{i:02}.png")
    (tmp_path / "photos" / "list.csv").touch()
    return tmp_path / "photos"


def test_data_shows_what_a_folder_holds(run: Any, photos: Path) -> None:
    result = run("data", "photos")
    assert result.exit_code == 0, result.output
    assert result.stdout == (
        "reference  folder:photos\n"
        "dataset    folder-photos\n"
        "kind       image\n"
        "shape      1×any×any\n"
        "samples    12, 1 of them held out\n"
        "own sizes  2, from 20×30 to 21×30 (height × width)\n"
        "\n"
        "class  samples\n"
        "cat    6\n"
        "dog    6\n"
        "\n"
        "not read         why\n"
        "photos/list.csv  ending .csv\n"
    )
    assert result.stderr == (
        "Note: the images have several sizes: to train on them write 'folder:photos?size=16&fit=crop'.\n"
    )
    sized = run("data", "photos?size=16&fit=pad").stdout
    assert "reference  folder:photos?size=16&fit=pad\n" in sized
    assert "shape      1×16×16\n" in sized
    assert "read by    pad to 16×16, bicubic antialiased\n" in sized


def test_data_for_programs(run: Any, photos: Path) -> None:
    found = json.loads(run("data", "photos", "--json").stdout)
    assert found["skipped"] == [{"path": "photos/list.csv", "reason": "ending .csv"}]
    assert found["classes"] == {"cat": 6, "dog": 6}
    assert found["sizes"] == [{"height": 20, "width": 30, "images": 6}, {"height": 21, "width": 30, "images": 6}]
    assert json.loads(run("data", "digits", "--json").stdout)["shape"] == [1, 8, 8]


def test_data_with_damaged_images_fails_and_names_them(refused: Callable[..., str], run: Any, photos: Path) -> None:
    (photos / "cat" / "01.png").write_text("text")
    assert "1 of 12 images cannot be read." in refused(1, "data", "photos")
    assert "photos/cat/01.png  UnidentifiedImageError" in run("data", "photos").stdout


def test_data_of_very_many_classes_says_how_many(run: Any, tmp_path: Path) -> None:
    labels = np.concatenate([np.arange(101), np.arange(101), np.arange(50)])
    x = np.random.default_rng(0).integers(0, 256, (len(labels), 1, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "many.npz", x=x, y=labels)
    text = run("data", "npz:many.npz").stdout
    assert "classes    101, of 2 to 3 samples; --json lists them" in text
    assert len(text.splitlines()) < 12
    assert len(json.loads(run("data", "npz:many.npz", "--json").stdout)["classes"]) == 101


def test_data_as_json_needs_a_name(refused: Callable[..., str]) -> None:
    assert "--json needs the name of a dataset." in refused(2, "data", "--json")


def test_doctor_finds_nothing_wrong_on_a_cpu(run: Any, with_fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.generator.engine.cuda_device_count", lambda: 0)
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "sampling and scoring run on CPU" in result.output
    assert "variants: choosy, labelled, stepper" in result.output


def test_doctor_tells_of_two_runtimes(run: Any, with_fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"onnxruntime": "1.31", "onnxruntime-gpu": "1.31"}
    monkeypatch.setattr("ganzoo.training.environment.environment", lambda: both)
    monkeypatch.setattr("ganzoo.generator.engine.cuda_device_count", lambda: 0)
    result = run("doctor")
    assert result.exit_code == 1
    assert "silently gives CPU" in result.stderr


def test_doctor_tells_of_a_gpu_that_cannot_be_used(run: Any, with_fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.generator.engine.cuda_device_count", lambda: 1)
    monkeypatch.setattr("ganzoo.generator.engine.built_for_cuda", lambda: False)
    result = run("doctor")
    assert result.exit_code == 1
    assert "this onnxruntime has no CUDA provider" in result.stderr


def test_a_bad_registry_is_one_sentence(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("api = 1\n[datasets.x]\nextractor = 3\n")
    sentence = refused(2, "info", "gaussian", "--registry", tmp_path / "mine.toml")
    assert "mine.toml is not a valid registry" in sentence
    assert "extractor" in sentence
