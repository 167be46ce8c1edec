"""What an ONNX file declares, held to its bytes and to the limit before anything is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo import latents
from ganzoo.errors import ModelError
from ganzoo.generator.contract import put_info
from ganzoo.generator.declared import check_graph, check_sample
from ganzoo.generator.engine import Generator, Session, read_model
from ganzoo.generator.foreign import Reading, open_foreign
from ganzoo.limits import VARIABLE
from ganzoo.types import LatentSpec

LIMIT = 1_000_000


@pytest.fixture(autouse=True)
def a_megabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{LIMIT}")


def model(nodes: Sequence[onnx.NodeProto], *constants: onnx.TensorProto, width: int = 4) -> onnx.ModelProto:
    """A graph from z [N, width] to x."""
    z = helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", width])
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [z], [x], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def integers(name: str, *values: int) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


LARGE: dict[str, tuple[list[Any], list[onnx.TensorProto]]] = {
    "ConstantOfShape": ([helper.make_node("ConstantOfShape", ["s"], ["v"])], [integers("s", 1000, 251)]),
    "Expand": ([helper.make_node("Expand", ["z", "s"], ["v"])], [integers("s", 1000, 251, 1, 4)]),
    "Tile": ([helper.make_node("Tile", ["z", "s"], ["v"])], [integers("s", 1, 100_000)]),
    "Range": (
        [helper.make_node("Range", ["a", "b", "c"], ["v"])],
        [
            numpy_helper.from_array(np.array(value, np.int64), name)
            for name, value in zip("abc", (0, 200_000, 1), strict=True)
        ],
    ),
    "of a computed shape": (
        [
            helper.make_node("Concat", ["s", "s"], ["both"], axis=0),
            helper.make_node("ConstantOfShape", ["both"], ["v"]),
        ],
        [integers("s", 1000)],
    ),
}


@pytest.mark.parametrize("kind", LARGE)
def test_nodes_that_make_large_values(kind: str) -> None:
    nodes, constants = LARGE[kind]
    made = model([*nodes, helper.make_node("Identity", ["z"], ["x"])], *constants)
    with pytest.raises(ModelError, match=r"The value 'v' of a.onnx, \[.*\], would take .* one file may take 1 MB"):
        check_graph(made, "a.onnx")


def test_a_session_is_not_made_of_such_a_graph() -> None:
    nodes, constants = LARGE["Tile"]
    made = model([*nodes, helper.make_node("Identity", ["v"], ["x"])], *constants)
    with pytest.raises(ModelError, match="would take"):
        Session(made.SerializeToString(), "a.onnx", device="cpu")


def test_values_within_the_limit_pass_whatever_the_batch() -> None:
    nodes = [helper.make_node("Expand", ["z", "s"], ["v"]), helper.make_node("Identity", ["v"], ["x"])]
    check_graph(model(nodes, integers("s", 1000, 61, 1, 4)), "a.onnx")


def test_constants_that_are_kept_count_together() -> None:
    nodes = [helper.make_node("ConstantOfShape", ["s"], [f"v{i}"]) for i in range(3)]
    made = model([*nodes, helper.make_node("Identity", ["z"], ["x"])], integers("s", 100_000))
    with pytest.raises(ModelError, match=r"All that depends on constants alone in a.onnx would take 1.2 MB"):
        check_graph(made, "a.onnx")
    check_graph(model([*nodes[:2], helper.make_node("Identity", ["z"], ["x"])], integers("s", 100_000)), "a.onnx")


@pytest.mark.parametrize("dims", [[1000], [3], [-2]])
def test_a_tensor_that_holds_other_than_it_declares(dims: list[int]) -> None:
    weights = numpy_helper.from_array(np.ones(2, np.float32), "w")
    del weights.dims[:]
    weights.dims.extend(dims)
    made = model([helper.make_node("Add", ["z", "w"], ["x"])], weights)
    with pytest.raises(ModelError, match=rf"damaged: its tensor 'w' declares \[{dims[0]}\] numbers and holds 2"):
        check_graph(made, "a.onnx")


def test_a_sparse_tensor_counts_as_a_dense_one() -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "w")
    sparse = helper.make_sparse_tensor(values, integers("at", 5), [10_000, 10_000])
    made = model([helper.make_node("Identity", ["z"], ["x"])])
    made.graph.sparse_initializer.append(sparse)
    with pytest.raises(ModelError, match=r"The sparse tensor 'w' of a.onnx, \[10000, 10000\], would take 400 MB"):
        check_graph(made, "a.onnx")


def test_what_a_few_samples_take() -> None:
    check_sample(LatentSpec(z_dim=3900), (1, 60, 60), "a.onnx")
    for latent, shape, words in (
        (LatentSpec(z_dim=4000), (2,), "64 latents of a.onnx, 4000 numbers each, would take 1.02 MB"),
        (LatentSpec(z_dim=4, continuous=4000), (2,), "64 latents of a.onnx, 4004"),
        (LatentSpec(z_dim=4, noise=(1, 64, 64)), (1, 8, 8), "64 latents of a.onnx, 4100"),
        (LatentSpec(z_dim=4), (1, 64, 64), "64 samples of a.onnx, 4096"),
        (LatentSpec(z_dim=4, classes=1000), (2,), "The 1000 classes of a.onnx would take"),
    ):
        with pytest.raises(ModelError, match=words):
            check_sample(latent, shape, "a.onnx")


def test_a_file_is_measured_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(bytes(LIMIT + 1))
    with pytest.raises(ModelError, match=r"The file .*a.onnx would take 1 MB of memory"):
        read_model(tmp_path / "a.onnx")


@pytest.mark.parametrize("latent", ["noise:1000000000000:normal", "noise:100000:uniform"])
def test_sizes_that_a_flag_says(latent: str, tmp_path: Path) -> None:
    path = graphs.foreign(tmp_path / "a.onnx", inputs={"noise": (TensorProto.FLOAT, ["N", "Z"])})
    with pytest.raises(ModelError, match=r"64 latents of a.onnx, \d+ numbers each, would take"):
        open_foreign(path, Reading(latents=(latent,)), device="cpu")


def test_a_fixed_batch_that_is_too_large(tmp_path: Path) -> None:
    path = graphs.foreign(tmp_path / "a.onnx", batch=10**9)
    with pytest.raises(ModelError, match="would take"):
        open_foreign(path, Reading(latents=("noise:5:normal",)), device="cpu")


@pytest.mark.parametrize(("latent", "most"), [(LatentSpec(z_dim=4), 64), (LatentSpec(z_dim=4, noise=(2, 8, 8)), 132)])
def test_long_latents_and_large_samples_come_fewer_at_a_time(
    latent: LatentSpec, most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = graphs.linear(tmp_path / "a.onnx", latent, (1, 8, 8))
    made = onnx.load(path)
    put_info(made, graphs.info(latent))
    onnx.save(made, path)
    generator = Generator(path, device="cpu")
    whole = generator.sample(20, 3)
    monkeypatch.setattr("ganzoo.generator.engine._MOST_MADE", 3 * most)
    monkeypatch.setattr("ganzoo.generator.engine._MOST_DRAWN", 7 * latent.numbers)
    drawn, samples = [], latents.samples
    monkeypatch.setattr(latents, "samples", lambda *given: drawn.append(given[-1]) or samples(*given))
    sizes = [len(x) for _, x in generator.batches(20, 3)]
    assert max(sizes) == 3
    assert max(drawn) == 6
    assert sum(sizes) == 20
    np.testing.assert_allclose(generator.sample(20, 3), whole, atol=1e-6)
