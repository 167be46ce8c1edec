from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import helper
from PIL import Image

from ganzoo import data
from ganzoo.data.base import Dataset, quantise, scale
from ganzoo.errors import ModelError, ScoreError
from ganzoo.extractors import natural
from ganzoo.extractors.base import Extracted, OnnxExtractor, PixelExtractor, PointExtractor, join, placed
from ganzoo.extractors.catalogue import builtin_extractors, shipped_file
from ganzoo.extractors.graph import INFO_KEY
from ganzoo.generator.engine import Generator, Session
from ganzoo.generator.nodes import IR_VERSION, OLDEST_OPSET, Nodes, tensor
from ganzoo.plugin.manager import Zoo
from ganzoo.training.runs import RunFolder

if TYPE_CHECKING:
    from ganzoo.types import FloatArray


def accuracy(name: str, dataset: Dataset) -> float:
    """Share of held-out samples that a shipped classifier gets right."""
    extracted = OnnxExtractor(name, shipped_file(name), "cpu").extract(dataset.heldout.scaled())
    assert extracted.logits is not None
    assert dataset.heldout.y is not None
    assert extracted.features.shape == (len(dataset.heldout), 64)
    assert extracted.features.dtype == np.float32
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


def test_extractors_are_told_apart_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path))
    sources = builtin_extractors()
    taps = ["inception", "inception-64", "inception-192", "inception-768", "inception-spatial"]
    assert [source.name for source in sources] == ["digits", "mnist", "points", "pixels", *natural.SIDES, *taps]
    opened = [source.open("cpu", 1) for source in sources[:4]]
    assert [extractor.name for extractor in opened] == ["digits", "mnist", "points", "pixels"]
    assert len({extractor.sha256 for extractor in opened}) == 4
    assert all(extractor.policy for extractor in opened)


def write_extractor(
    path: Path, kind: str = "uint8", shape: Sequence[Any] = ("N", 3, "H", "W"), info: str | None = None
) -> Path:
    """An extractor with the values of the pixels as features, the mean of each channel as a second output."""
    nodes = Nodes("net")
    x = nodes.add("Cast", "x", to=1)
    nodes.add("Flatten", x, output="features")
    nodes.add("Flatten", nodes.add("GlobalAveragePool", x), output="means")
    outputs = [tensor(name, "float32", ["N", f"{name}_width"]) for name in ("features", "means")]
    graph = helper.make_graph(nodes.nodes, "net", [tensor("x", kind, shape)], outputs, nodes.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OLDEST_OPSET)], ir_version=IR_VERSION)
    if info is not None:
        helper.set_model_props(model, {INFO_KEY: info})
    path.write_bytes(model.SerializeToString())
    return path


def test_a_graph_of_bytes_is_given_the_bytes_of_the_png_files(tmp_path: Path) -> None:
    extractor = OnnxExtractor("mine", write_extractor(tmp_path / "e.onnx"), "cpu")
    x = np.random.default_rng(0).uniform(-1.1, 1.1, (5, 3, 4, 6)).astype(np.float32)
    features = extractor.extract(x).features
    np.testing.assert_array_equal(features, quantise(x).reshape(5, -1))
    every = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16).repeat(3, 1)
    np.testing.assert_array_equal(extractor.extract(scale("image", every)).features, every.reshape(1, -1))


def test_a_graph_of_floats_is_given_the_grid_in_the_generators_range(tmp_path: Path) -> None:
    extractor = OnnxExtractor("mine", write_extractor(tmp_path / "e.onnx", "float32"), "cpu")
    x = np.random.default_rng(0).uniform(-1.1, 1.1, (5, 3, 4, 6)).astype(np.float32)
    on_grid = scale("image", quantise(x)).reshape(5, -1)
    np.testing.assert_array_equal(extractor.extract(x).features, on_grid)


@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_grey_images_are_repeated_for_a_colour_extractor(tmp_path: Path, kind: str) -> None:
    extractor = OnnxExtractor("mine", write_extractor(tmp_path / "e.onnx", kind), "cpu")
    grey = np.random.default_rng(0).uniform(-1, 1, (3, 1, 4, 6)).astype(np.float32)
    np.testing.assert_array_equal(extractor.extract(grey).features, extractor.extract(grey.repeat(3, 1)).features)
    assert extractor.policy == "8-bit grid; grey replicated to RGB"
    with pytest.raises(ScoreError, match="takes 3×any×any samples, but these are 2×4×6"):
        extractor.extract(grey.repeat(2, 1))


def test_colour_images_are_refused_by_a_grey_extractor() -> None:
    extractor = OnnxExtractor("digits", shipped_file("digits"), "cpu")
    assert extractor.policy == "8-bit grid"
    with pytest.raises(ScoreError, match=r"but these are 3×8×8\. It knows grey images only"):
        extractor.extract(np.zeros((2, 3, 8, 8), np.float32))


def test_any_output_can_be_the_features(tmp_path: Path) -> None:
    path = write_extractor(tmp_path / "e.onnx")
    x = np.random.default_rng(0).uniform(-1, 1, (3, 3, 4, 6)).astype(np.float32)
    whole, means = OnnxExtractor("a", path, "cpu"), OnnxExtractor("b", path, "cpu", tap="means")
    np.testing.assert_allclose(means.extract(x).features, quantise(x).mean((2, 3)), rtol=1e-6)
    assert whole.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() != means.sha256
    with pytest.raises(ModelError, match="it must take 'x' and give 'pool'"):
        OnnxExtractor("c", path, "cpu", tap="pool")


def test_large_images_go_in_small_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of 256 images of 299×299 would need 10 GB inside Inception."""
    info = '{"summary": "s", "policy": "resize none", "source_sha256": "", "size": [1024, 512]}'
    extractor = OnnxExtractor("mine", write_extractor(tmp_path / "e.onnx", info=info), "cpu")
    sizes: list[int] = []
    real = Session.run

    def run(self: Session, inputs: Mapping[str, Any]) -> Any:
        (value,) = inputs.values()
        sizes.append(value.shape[0] if isinstance(value, np.ndarray) else value.shape()[0])
        return real(self, inputs)

    monkeypatch.setattr(Session, "run", run)
    x = np.random.default_rng(0).uniform(-1, 1, (5, 3, 2, 2)).astype(np.float32)
    features = extractor.extract(x).features
    assert sizes == [2, 2, 1]
    np.testing.assert_array_equal(features, quantise(x).reshape(5, -1))
    np.testing.assert_array_equal(extractor.extract_bound(onnx_value(x)).features, features)
    assert sizes[-3:] == [2, 2, 1]
    assert extractor.policy == "8-bit grid; grey replicated to RGB; resize none"


def onnx_value(x: FloatArray) -> Any:
    """``x`` as a generator's session leaves it."""
    nodes = Nodes("copy")
    nodes.add("Identity", "z", output="x")
    sides = [tensor(name, "float32", ["N", *x.shape[1:]]) for name in ("z", "x")]
    graph = helper.make_graph(nodes.nodes, "copy", sides[:1], sides[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OLDEST_OPSET)], ir_version=IR_VERSION)
    return Session(model.SerializeToString(), "copy", device="cpu").bind({"z": x})["x"]


def test_a_small_bound_batch_stays_where_it_is() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, (7, 1, 8, 8)).astype(np.float32)
    extractor = OnnxExtractor("digits", shipped_file("digits"), "cpu")
    bound, direct = extractor.extract_bound(onnx_value(x)), extractor.extract(x)
    np.testing.assert_array_equal(bound.features, direct.features)
    assert bound.logits is not None
    assert direct.logits is not None
    np.testing.assert_array_equal(bound.logits, direct.logits)
    assert bound.features.dtype == bound.logits.dtype == np.float32


def test_batches_are_joined_as_they_are() -> None:
    parts = [Extracted(np.full((n, 3), n, np.float32), np.full((n, 2), -n, np.float32)) for n in (2, 1)]
    joined = join(parts)
    assert joined.logits is not None
    np.testing.assert_array_equal(joined.features[:, 0], [2, 2, 1])
    np.testing.assert_array_equal(joined.logits[:, 0], [-2, -2, -1])
    assert joined.features.dtype == joined.logits.dtype == np.float32


def test_batches_are_put_into_the_rows_they_are_of() -> None:
    parts = [Extracted(np.full((n, 3), n, np.float32), np.full((n, 2), -n, np.float32)) for n in (2, 1)]
    found = placed([(np.array([2, 0]), parts[0]), (np.array([1]), parts[1])], 3)
    assert found.logits is not None
    np.testing.assert_array_equal(found.features[:, 0], [2, 1, 2])
    np.testing.assert_array_equal(found.logits[:, 0], [-2, -1, -2])
    wide = Extracted(np.zeros((1, 4), np.float32))
    with pytest.raises(ScoreError, match=r"Images of different sizes have different features here, 3 and 4 of them\."):
        placed([(np.array([0]), parts[1]), (np.array([1]), wide)], 2)


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        (("N", 3, "H", "W"), None),
        (("N", 3, 28, 30), (28, 30)),
        (("N", 3, "H", 30), (30, 30)),
        (("N", 3, 28, "W"), (28, 28)),
    ],
)
def test_the_size_that_images_must_have(shape: Sequence[Any], wanted: tuple[int, int] | None, tmp_path: Path) -> None:
    assert OnnxExtractor("mine", write_extractor(tmp_path / "e.onnx", shape=shape), "cpu").fixed_size == wanted


@pytest.mark.parametrize(
    ("kind", "shape", "info", "reason"),
    [
        ("int64", ("N", 3, "H", "W"), None, "its 'x' must be float32 or uint8"),
        ("uint8", ("N",), None, "its 'x' must be float32 or uint8, of known rank"),
        ("uint8", ("N", 3, "H", "W"), "no JSON", "has damaged metadata: .*Import the extractor again"),
        ("uint8", ("N", 3, "H", "W"), '{"summary": 3}', "has damaged metadata: .*Import the extractor again"),
    ],
)
def test_a_file_that_breaks_the_form(
    tmp_path: Path, kind: str, shape: Sequence[Any], info: str | None, reason: str
) -> None:
    with pytest.raises(ModelError, match=rf"e\.onnx .*{reason}"):
        OnnxExtractor("mine", write_extractor(tmp_path / "e.onnx", kind, shape, info), "cpu")


def test_a_file_that_is_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "e.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"e\.onnx is no ONNX model"):
        OnnxExtractor("mine", tmp_path / "e.onnx", "cpu")


def test_most_of_the_time_is_spent_inside_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small extractor on small images is where overheads of our own would show."""
    extractor = OnnxExtractor("mnist", shipped_file("mnist"), "cpu")
    x = np.random.default_rng(0).uniform(-1, 1, (4096, 1, 28, 28)).astype(np.float32)
    extractor.extract(x[:512])
    inside = 0.0
    real = Session.run

    def timed(self: Session, inputs: Mapping[str, Any]) -> Any:
        nonlocal inside
        start = time.perf_counter()
        result = real(self, inputs)
        inside += time.perf_counter() - start
        return result

    monkeypatch.setattr(Session, "run", timed)
    start = time.perf_counter()
    extractor.extract(x)
    assert inside / (time.perf_counter() - start) >= 0.8


def test_a_file_that_is_no_extractor(gaussian: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no extractor: it must take 'x' and give 'features'"):
        OnnxExtractor("mine", gaussian.file("generator.onnx"), "cpu")
    with pytest.raises(ModelError, match="Cannot read the extractor"):
        OnnxExtractor("mine", tmp_path / "nowhere.onnx", "cpu")
