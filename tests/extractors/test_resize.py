"""Resizing in a graph, against the libraries whose resizers it follows."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from onnx import helper
from PIL import Image

from ganzoo.extractors.resize import RESIZERS, Resize, resized
from ganzoo.generator.engine import Session
from ganzoo.generator.nodes import IR_VERSION, OLDEST_OPSET, Nodes, tensor

if TYPE_CHECKING:
    from ganzoo.types import Array, FloatArray

SIZES = [(32, 32), (5, 7), (40, 64), (299, 299), (320, 301), (1, 3)]


def session(how: Resize, size: tuple[int, int], opset: int = OLDEST_OPSET) -> Session:
    """A graph that only resizes; all sizes of its input are open."""
    nodes = Nodes("resize")
    nodes.add("Identity", resized(nodes, "x", how, size), output="y")
    graph = helper.make_graph(
        nodes.nodes,
        "resize",
        [tensor("x", "float32", ["N", "C", "H", "W"])],
        [tensor("y", "float32", ["N", "C", "h", "w"])],
        nodes.constants,
    )
    opsets = [helper.make_opsetid("", opset)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return Session(model.SerializeToString(), how, device="cpu")


def picture(height: int, width: int, n: int = 2) -> FloatArray:
    return np.random.default_rng(0).integers(0, 256, (n, 3, height, width)).astype(np.float32)


def with_pil(x: FloatArray, how: Resize, size: tuple[int, int]) -> Array:
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    planes = [Image.fromarray(plane).resize(size[::-1], filters[how]) for plane in x.reshape(-1, *x.shape[2:])]
    return np.stack([np.asarray(plane) for plane in planes]).reshape(*x.shape[:2], *size)


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(224, 224), (16, 20)])
def test_pil_gives_the_same_pixels(how: Resize, size: tuple[int, int]) -> None:
    graph = session(how, size)
    for height, width in SIZES:
        x = picture(height, width)
        ours = graph.run({"x": x})["y"]
        np.testing.assert_allclose(ours, with_pil(x, how, size), atol=2e-4, err_msg=f"{height}×{width}")


@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
def test_torch_gives_the_same_pixels(how: Resize) -> None:
    torch = pytest.importorskip("torch")
    graph = session(how, (60, 45))
    for height, width in [(32, 40), (100, 90), (301, 77)]:
        x = picture(height, width)
        theirs = torch.nn.functional.interpolate(torch.from_numpy(x), (60, 45), mode=how, antialias=True)
        np.testing.assert_allclose(graph.run({"x": x})["y"], theirs.numpy(), atol=1e-3)


def tensorflow_one(x: FloatArray, size: tuple[int, int]) -> FloatArray:
    """The published rule in float32, pixel by pixel: x first, then y."""

    def read(values: FloatArray, out: int) -> FloatArray:
        count = values.shape[-1]
        place = np.arange(out, dtype=np.float32) * (np.float32(count) / np.float32(out))
        low = np.floor(place).astype(int)
        low, high = np.minimum(low, count - 1), np.minimum(low + 1, count - 1)
        share = (place - np.floor(place)).astype(np.float32)
        return values[..., low] + (values[..., high] - values[..., low]) * share

    return np.swapaxes(read(np.swapaxes(read(x, size[1]), 2, 3), size[0]), 2, 3)


def test_tf1_follows_the_published_rule() -> None:
    graph = session("tf1", (299, 299))
    for height, width in [*SIZES, (512, 640)]:
        x = picture(height, width)
        ours = graph.run({"x": x})["y"]
        np.testing.assert_allclose(ours, tensorflow_one(x, (299, 299)), atol=1e-4, err_msg=f"{height}×{width}")


REAL_TENSORFLOW = """
import sys
import numpy as np
import tensorflow as tf

stored = dict(np.load(sys.argv[1]))
for name, x in stored.items():
    x = x.transpose(0, 2, 3, 1)
    y = tf.compat.v1.image.resize_bilinear(x, (299, 299), align_corners=False, half_pixel_centers=False)
    stored[name] = y.numpy().transpose(0, 3, 1, 2)
np.savez(sys.argv[1], **stored)
"""


def test_tf1_is_what_tensorflow_computes(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("tensorflow is not installed")
    images = {f"{h}x{w}": picture(h, w, n=1) for h, w in [(32, 32), (40, 64), (299, 299), (320, 512)]}
    file = tmp_path / "images.npz"
    np.savez(file, **images)
    # A process of its own: tensorflow and torch do not always live together.
    subprocess.run([sys.executable, "-c", REAL_TENSORFLOW, str(file)], check=True, capture_output=True, timeout=300)
    graph = session("tf1", (299, 299))
    with np.load(file) as theirs:
        for name, x in images.items():
            np.testing.assert_allclose(graph.run({"x": x})["y"], theirs[name], atol=1e-4, err_msg=name)
            np.testing.assert_array_equal(tensorflow_one(x, (299, 299)), theirs[name], err_msg=name)


@pytest.mark.parametrize("how", RESIZERS)
def test_an_image_of_the_wanted_size_stays_as_it_is(how: Resize) -> None:
    x = picture(31, 17)
    np.testing.assert_array_equal(session(how, (31, 17)).run({"x": x})["y"], x)


@pytest.mark.parametrize("how", ["tf1", "bilinear", "bicubic"])
def test_the_nodes_run_under_old_and_new_opsets(how: Resize) -> None:
    x = picture(20, 30)
    old = session(how, (15, 40)).run({"x": x})["y"]
    np.testing.assert_array_equal(session(how, (15, 40), opset=22).run({"x": x})["y"], old)
