"""The layers of an extractor that are compared place by place: which they are, and what their distance is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.errors import ScoreError
from ganzoo.extractors import taps as module
from ganzoo.extractors.catalogue import shipped_file
from ganzoo.extractors.taps import Taps


def images(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (n, *shape)).astype(np.float32)


def net(path: Path, *, convolution: bool = True) -> Path:
    """Two 1×1 convolutions without bias, a pool of 2×2 after the first, and the mean of each channel."""
    rng = np.random.default_rng(5)
    first, second = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 1, 1, 1), (4, 3, 1, 1)))
    nodes = [
        helper.make_node("Conv", ["x", "a"], ["one"]),
        helper.make_node("AveragePool", ["one"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["half", "b"], ["two"]),
        helper.make_node("GlobalAveragePool", ["two"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["features"]),
    ]
    if not convolution:
        nodes = [helper.make_node("Flatten", ["x"], ["features"])]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, 4, 6])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", "d"])],
        [numpy_helper.from_array(first, "a"), numpy_helper.from_array(second, "b")] if convolution else [],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def by_hand(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(5)
    first, second = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 1, 1, 1), (4, 3, 1, 1)))

    def layers(image: np.ndarray) -> list[np.ndarray]:
        grid = np.clip(np.rint((image.astype(np.float64) + 1) * 127.5), 0, 255) / 127.5 - 1
        one = np.einsum("oc,nchw->nohw", first[:, :, 0, 0], grid)
        half = one.reshape(len(one), 3, 2, 2, 3, 2).mean(axis=(3, 5))
        return [one, np.einsum("oc,nchw->nohw", second[:, :, 0, 0], half)]

    total = np.zeros(len(x))
    for pair in zip(layers(x), layers(y), strict=True):
        one, other = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in pair)
        total += ((one - other) ** 2).sum(axis=1).mean(axis=(1, 2))
    return total


def test_layers_are_the_last_of_each_size_and_their_distance_is_the_formula(tmp_path: Path) -> None:
    taps = Taps(net(tmp_path / "net.onnx"), "features", (1, 4, 6), device="cpu")
    assert taps.layers == ("one", "two")
    x, y = images(5, 1, 4, 6), images(5, 1, 4, 6, seed=1)
    np.testing.assert_allclose(taps.distance(x, y), by_hand(x, y), rtol=1e-4)
    assert taps.distance(x[:0], y[:0]).shape == (0,)


def test_batches_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = images(5, 1, 4, 6), images(5, 1, 4, 6, seed=1)
    whole = Taps(net(tmp_path / "net.onnx"), "features", (1, 4, 6), device="cpu").distance(x, y)
    monkeypatch.setattr(module, "_AT_ONCE", 4 * 24 * 2)
    np.testing.assert_array_equal(
        Taps(tmp_path / "net.onnx", "features", (1, 4, 6), device="cpu").distance(x, y), whole
    )


@pytest.mark.parametrize(("name", "shape", "count"), [("digits", (1, 8, 8), 3), ("mnist", (1, 28, 28), 4)])
def test_shipped_networks_see_more_as_images_differ_more(name: str, shape: tuple[int, ...], count: int) -> None:
    taps = Taps(shipped_file(name), "features", shape, device="cpu")
    assert len(taps.layers) == count
    x = images(20, *shape)
    far = [taps.distance(x, x + np.float32(s) * images(20, *shape, seed=1)).mean() for s in (0, 0.1, 0.3, 0.6)]
    assert far[0] == 0
    assert far == sorted(far) and far[1] > 0
    np.testing.assert_allclose(taps.distance(x, x[::-1]), taps.distance(x[::-1], x), rtol=1e-12)


def test_a_graph_without_convolutions_has_no_layers(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match=r"The extractor in flat\.onnx has no layers that see images place by place"):
        Taps(net(tmp_path / "flat.onnx", convolution=False), "features", (1, 4, 6), device="cpu")
