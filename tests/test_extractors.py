from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from ganzoo import data
from ganzoo.data.base import Dataset, quantise, scale
from ganzoo.engine import Generator
from ganzoo.errors import ModelError, ScoreError
from ganzoo.extractors import (
    OnnxExtractor,
    PixelExtractor,
    PointExtractor,
    builtin_extractors,
    default_extractor,
    shipped_file,
)
from ganzoo.plugins import Zoo
from ganzoo.runs import RunFolder
from ganzoo.types import DataSpec


def accuracy(name: str, dataset: Dataset) -> float:
    """Share of held-out samples that a shipped classifier gets right."""
    extracted = OnnxExtractor(name, shipped_file(name), "cpu").extract(dataset.heldout.scaled())
    assert extracted.logits is not None
    assert dataset.heldout.y is not None
    assert extracted.features.shape == (len(dataset.heldout), 64)
    assert extracted.features.dtype == np.float64
    return float((extracted.logits.argmax(axis=1) == dataset.heldout.y).mean())


def test_digits_are_told_apart(zoo: Zoo) -> None:
    assert accuracy("digits", data.load("digits", zoo.datasets())) >= 0.98


def test_mnist_is_told_apart(zoo: Zoo) -> None:
    folder = os.environ.get("GANZOO_TEST_MNIST", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GANZOO_TEST_MNIST names no folder with the files of MNIST")
    dataset = data.load("mnist", zoo.datasets(), Path(folder))
    assert len(dataset.heldout) == 10_000
    assert accuracy("mnist", dataset) >= 0.99


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_shipped_files_are_small_and_whole(name: str) -> None:
    path = shipped_file(name)
    assert path.stat().st_size < 1_000_000
    model = onnx.load(path, load_external_data=False)
    onnx.checker.check_model(model)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}


def test_png_files_of_samples_give_the_features_of_the_samples(gaussian: RunFolder, tmp_path: Path) -> None:
    """FID must not change because somebody saved the pictures first."""
    x = Generator(gaussian.file("generator.onnx"), device="cpu").sample(12)
    for i, image in enumerate(quantise(x)):
        Image.fromarray(image[0]).save(tmp_path / f"{i:02}.png")
    stored = np.stack([np.asarray(Image.open(path))[None] for path in sorted(tmp_path.glob("*.png"))])
    for extractor in (OnnxExtractor("digits", shipped_file("digits"), "cpu"), PixelExtractor()):
        np.testing.assert_array_equal(extractor.extract(scale("image", stored)).features, extractor.extract(x).features)


def test_features_do_not_depend_on_the_rest_of_the_batch() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (300, 1, 8, 8)).astype(np.float32)
    extractor = OnnxExtractor("digits", shipped_file("digits"), "cpu")
    np.testing.assert_allclose(extractor.extract(x[290:]).features, extractor.extract(x).features[290:], atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 3, 8, 8), (2, 64), (2, 2)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    extractor = OnnxExtractor("digits", shipped_file("digits"), "cpu")
    with pytest.raises(ScoreError, match=f"takes 1×8×8 samples, but these are {'×'.join(map(str, shape[1:]))}"):
        extractor.extract(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    "extractor", [OnnxExtractor("digits", shipped_file("digits"), "cpu"), PixelExtractor(), PointExtractor()]
)
def test_no_samples_are_refused(extractor: OnnxExtractor) -> None:
    shape = {"points": (0, 2)}.get(extractor.name, (0, 1, 8, 8))
    with pytest.raises(ScoreError):
        extractor.extract(np.zeros(shape, np.float32))


def test_points_and_images_are_not_mixed_up() -> None:
    with pytest.raises(ScoreError, match="takes points"):
        PointExtractor().extract(np.zeros((3, 1, 8, 8), np.float32))
    with pytest.raises(ScoreError, match="takes images"):
        PixelExtractor().extract(np.zeros((3, 2), np.float32))


def test_points_are_their_own_features() -> None:
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    np.testing.assert_array_equal(PointExtractor().extract(x).features, x.astype(np.float64))


@pytest.mark.parametrize(("height", "width", "cells"), [(8, 8, 64), (16, 16, 64), (28, 28, 64), (4, 20, 32)])
def test_pixels_are_pooled_to_at_most_eight_by_eight(height: int, width: int, cells: int) -> None:
    extracted = PixelExtractor().extract(np.full((2, 3, height, width), 1.0, np.float32)).features
    assert extracted.shape == (2, 3 * cells)
    np.testing.assert_allclose(extracted, 1.0, atol=1e-12)


def test_pooling_averages_whole_blocks() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (2, 1, 16, 16)).astype(np.float32)
    blocks = scale("image", quantise(x)).astype(np.float64).reshape(2, 8, 2, 8, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(PixelExtractor().extract(x).features, blocks.reshape(2, 64), atol=1e-12)


def test_extractors_are_told_apart_by_content() -> None:
    opened = [source.open("cpu", 1) for source in builtin_extractors()]
    assert [extractor.name for extractor in opened] == ["digits", "mnist", "points", "pixels"]
    assert len({extractor.sha256 for extractor in opened}) == 4


def test_a_file_that_is_no_extractor(gaussian: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no extractor: it must take 'x' and give 'features'"):
        OnnxExtractor("mine", gaussian.file("generator.onnx"), "cpu")
    with pytest.raises(ModelError, match="Cannot read the extractor"):
        OnnxExtractor("mine", tmp_path / "nowhere.onnx", "cpu")


def test_data_without_an_entry_get_a_default() -> None:
    assert default_extractor(DataSpec(name="a", kind="points", shape=(2,))) == "points"
    assert default_extractor(DataSpec(name="a", kind="image", shape=(3, 9, 9))) == "pixels"
