"""Both baselines keep every promise of a plugin, on images and on points."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest

from ganzoo.data.base import Split
from ganzoo.plugin.manager import Zoo
from ganzoo.testing import memory_run, onnx_difference, toy_images, toy_points
from ganzoo.training.loop import MemoryCheckpoints

DATA = {
    "grey": toy_images(),
    "colour": toy_images((3, 12, 8), n=60),
    "points": toy_points(),
}


@pytest.fixture(params=["gaussian", "memoriser"])
def plugin(request: pytest.FixtureRequest) -> ModuleType:
    """Each baseline's hook module in turn."""
    return importlib.import_module(f"ganzoo_baselines.{request.param}")


@pytest.fixture(params=sorted(DATA))
def data(request: pytest.FixtureRequest) -> Split:
    """Each kind of data in turn."""
    return DATA[request.param]


def test_the_onnx_file_says_what_sample_says(plugin: ModuleType, data: Split, tmp_path: Path) -> None:
    run = memory_run(plugin.describe(), data)
    model = plugin.train(run)
    assert onnx_difference(plugin, model, run, tmp_path / "x.onnx", n=50) <= 1e-6
    onnx.checker.check_model(onnx.load(tmp_path / "x.onnx"))


def test_samples_have_the_form_of_the_data(plugin: ModuleType, data: Split) -> None:
    run = memory_run(plugin.describe(), data)
    x = plugin.sample(plugin.train(run), run.latents(20, 0))
    assert x.shape == (20, *data.spec.shape)
    assert x.dtype == np.float32
    if data.spec.kind == "image":
        assert np.abs(x).max() <= 1


def test_a_finished_run_is_taken_up_again(plugin: ModuleType, data: Split) -> None:
    """Killed between training and export: the state alone gives the same model."""
    kept = MemoryCheckpoints()
    first = plugin.train(memory_run(plugin.describe(), data, checkpoints=kept))
    again = plugin.train(memory_run(plugin.describe(), data, checkpoints=kept))
    for name, value in first.state_arrays().items():
        np.testing.assert_array_equal(again.state_arrays()[name], value)


def test_the_gaussian_has_the_datas_mean_and_covariance() -> None:
    gaussian = importlib.import_module("ganzoo_baselines.gaussian")
    points = DATA["points"]
    model = gaussian.train(memory_run(gaussian.describe(), points))
    np.testing.assert_allclose(model.mean, points.x.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(model.factor.T @ model.factor, np.cov(points.x, rowvar=False), rtol=1e-5, atol=1e-7)


def test_a_small_rank_keeps_the_leading_components() -> None:
    gaussian = importlib.import_module("ganzoo_baselines.gaussian")
    model = gaussian.train(memory_run(gaussian.describe(), DATA["points"], {"rank": 1}))
    assert model.factor.shape == (1, 2)
    assert np.square(model.factor).sum() == pytest.approx(np.linalg.eigvalsh(np.cov(DATA["points"].x.T))[-1], rel=1e-5)


def test_the_memoriser_repeats_every_training_sample() -> None:
    memoriser = importlib.import_module("ganzoo_baselines.memoriser")
    data = DATA["grey"]
    model = memoriser.train(memory_run(memoriser.describe(), data))
    edges = np.linspace(-1, 1, len(data) + 1, dtype=np.float32)
    x = memoriser.sample(model, {"z": ((edges[1:] + edges[:-1]) / 2)[:, None]})
    np.testing.assert_array_equal(x, data.scaled())
    ends = memoriser.sample(model, {"z": np.array([[-1.0], [1.0]], np.float32)})
    np.testing.assert_array_equal(ends, data.scaled()[[0, -1]])


def test_the_memoriser_keeps_as_many_as_asked_for() -> None:
    memoriser = importlib.import_module("ganzoo_baselines.memoriser")
    data = DATA["grey"]
    model = memoriser.train(memory_run(memoriser.describe(), data, {"keep": 10}, seed=4))
    assert model.x.shape == (10, 1, 8, 8)
    rows = {row.tobytes() for row in data.scaled()}
    assert all(sample.tobytes() in rows for sample in model.x)


def test_describing_imports_no_numpy() -> None:
    code = (
        "import sys; from ganzoo_baselines import gaussian, memoriser; gaussian.describe(); memoriser.describe();"
        "print(sorted({'numpy', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_both_are_installed_as_variants() -> None:
    zoo = Zoo(point for point in entry_points(group="ganzoo.variants") if point.value.startswith("ganzoo_baselines."))
    assert zoo.names() == ["gaussian", "memoriser"]
    assert [zoo.load(name).variant.role for name in zoo.names()] == ["floor", "ceiling"]
