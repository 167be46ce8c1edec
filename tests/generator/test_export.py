from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import graphs
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.errors import ModelError
from ganzoo.generator.contract import PARITY_LIMIT, broken_rule
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import content_of, finalise, parity
from ganzoo.generator.foreign import Reading, open_foreign
from ganzoo.types import DataSpec, LatentSpec

Z = LatentSpec(z_dim=3)
SHAPE = graphs.IMAGES.shape


def refuse(folder: Path, reason: str, latent: LatentSpec = Z, **graph: Any) -> None:
    """Such a graph is refused for such a reason, and nothing is written."""
    raw = graphs.linear(folder / "raw.onnx", latent, SHAPE, **graph)
    with pytest.raises(ModelError, match=reason):
        finalise(raw, folder / "out.onnx", graphs.info(latent))
    assert not (folder / "out.onnx").exists()


def test_a_good_file_passes_and_says_what_it_is(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", Z, SHAPE)
    finalise(raw, tmp_path / "out.onnx", graphs.info(Z))
    generator = Generator(tmp_path / "out.onnx", device="cpu")
    assert generator.info.variant == "fake"
    assert generator.info.options == {"steps": 3}
    assert generator.info.value_range == (-1.0, 1.0)


def test_a_wrong_input_name(tmp_path: Path) -> None:
    refuse(tmp_path, r"breaks the ONNX contract: inputs are \['noise'\], not \['z'\]", input_name="noise")


def test_a_missing_input(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", Z, SHAPE)
    with pytest.raises(ModelError, match=r"inputs are \['z'\], not \['z', 'y'\]"):
        finalise(raw, tmp_path / "out.onnx", graphs.info(LatentSpec(z_dim=3, classes=3)))


def test_a_wrong_output_name(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", Z, SHAPE)
    model = onnx.load(raw)
    model.graph.output[0].name = model.graph.node[-1].output[0] = "image"
    onnx.save(model, raw)
    with pytest.raises(ModelError, match=r"outputs are \['image'\], not \['x'\]"):
        finalise(raw, tmp_path / "out.onnx", graphs.info(Z))


def test_a_wrong_element_type(tmp_path: Path) -> None:
    refuse(tmp_path, "z has the wrong element type", z_type=TensorProto.DOUBLE)


def test_a_fixed_batch_axis(tmp_path: Path) -> None:
    refuse(tmp_path, "the batch axis of z is fixed", batch=16)


def test_a_wrong_width_of_z(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", LatentSpec(z_dim=5), SHAPE)
    with pytest.raises(ModelError, match=r"z has the shape \[N, 5\], not \[N, 3\]"):
        finalise(raw, tmp_path / "out.onnx", graphs.info(Z))


@pytest.mark.parametrize("shape", [["N", 8, 8, 1], ["N", 64], ["N", 1, 8, 9]])
def test_a_wrong_output_shape(tmp_path: Path, shape: list[Any]) -> None:
    refuse(tmp_path, r"x has the shape .*, not \[N, 1, 8, 8\]", out_shape=shape)


def test_weights_in_a_second_file(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", Z, SHAPE)
    model = onnx.load(raw)
    onnx.save(model, raw, save_as_external_data=True, location="weights.bin", size_threshold=0)
    assert (tmp_path / "weights.bin").is_file()
    with pytest.raises(ModelError, match="weights lie in a second file"):
        finalise(raw, tmp_path / "out.onnx", graphs.info(Z))


def test_an_operator_of_another_domain(tmp_path: Path) -> None:
    custom = helper.make_node("Sharpen", ["flat"], ["sharp"], domain="com.example")
    opsets = [("", 20), ("com.example", 1)]
    refuse(tmp_path, "operators of the domain com.example", extra=[custom], source="sharp", opsets=opsets)


@pytest.mark.parametrize("content", [b"", b"no model at all"])
def test_no_onnx_at_all(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "raw.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="fake exported no valid ONNX file"):
        finalise(tmp_path / "raw.onnx", tmp_path / "out.onnx", graphs.info(Z))


def test_finalise_is_deterministic_and_strips_what_machines_add(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", Z, SHAPE)
    model = onnx.load(raw)
    model.doc_string = model.graph.doc_string = model.graph.node[0].doc_string = "/home/me/secret.py line 3"
    entry = model.metadata_props.add()
    entry.key, entry.value = "exported", "on Tuesday"
    onnx.save(model, tmp_path / "noisy.onnx")
    for source, target in (("raw", "a"), ("raw", "b"), ("noisy", "c")):
        finalise(tmp_path / f"{source}.onnx", tmp_path / f"{target}.onnx", graphs.info(Z))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "c.onnx").read_bytes()


def test_parameters_are_counted(tmp_path: Path) -> None:
    raw = graphs.linear(tmp_path / "raw.onnx", LatentSpec(z_dim=3, classes=2), SHAPE)
    latent = LatentSpec(z_dim=3, classes=2)
    assert finalise(raw, tmp_path / "out.onnx", graphs.info(latent, graphs.IMAGES)) == 3 * 64 + 2 * 64 + 64 + 4


def plugin_of(sample: Any) -> Any:
    """A plugin whose native samples come from a function of the inputs."""
    return SimpleNamespace(variant=SimpleNamespace(name="fake"), sample=lambda model, inputs: sample(inputs))


def check(folder: Path, change: Any = lambda x: x, data: DataSpec = graphs.IMAGES, **graph: Any) -> float:
    """Parity of such a graph with itself, the framework's side changed by a function."""
    finalise(graphs.linear(folder / "raw.onnx", Z, data.shape, **graph), folder / "out.onnx", graphs.info(Z, data))
    generator = Generator(folder / "out.onnx", device="cpu")
    return parity(plugin_of(lambda inputs: change(generator.session.run(inputs)["x"])), None, generator)


def test_parity_is_measured(tmp_path: Path) -> None:
    assert check(tmp_path) == 0.0
    assert check(tmp_path, lambda x: x + np.float32(5e-5)) == pytest.approx(5e-5, rel=1e-2)


@pytest.mark.parametrize("far", [2 * PARITY_LIMIT, 1.0, float("nan")])
def test_a_framework_that_says_something_else(tmp_path: Path, far: float) -> None:
    def one_value_off(x: Any) -> Any:
        x = x.copy()
        x[-1, 0, 0, 0] += far
        return x

    with pytest.raises(ModelError, match=r"differs from the framework by .*, more than 0\.0001"):
        check(tmp_path, one_value_off)


def test_a_framework_that_gives_another_shape(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the framework gives samples \(64, 8, 8, 1\)"):
        check(tmp_path, lambda x: x.transpose(0, 2, 3, 1))


def test_values_out_of_range(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"values outside \[-1, 1\]"):
        check(tmp_path, squash=None, gain=2.0)


def test_points_have_no_range(tmp_path: Path) -> None:
    assert check(tmp_path, data=graphs.POINTS, squash=None, gain=9.0) == 0.0


def test_values_that_are_not_finite(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not finite"):
        check(tmp_path, extra=[helper.make_node("Log", ["flat"], ["log"])], source="log")


def test_a_sample_that_depends_on_its_batch(tmp_path: Path) -> None:
    """Batch norm left in training mode: the mean of the batch is taken off."""
    mean = helper.make_node("ReduceMean", ["flat", "axes"], ["mean"], keepdims=1)
    axes = helper.make_node("Constant", [], ["axes"], value=numpy_helper.from_array(np.array([0], np.int64)))
    shrunk = [helper.make_node("Sub", ["flat", "mean"], ["off"]), helper.make_node("Tanh", ["off"], ["squashed"])]
    with pytest.raises(ModelError, match=r"depends on the rest of its batch\. Export in inference mode"):
        check(tmp_path, extra=[axes, mean, *shrunk], source="squashed")


def test_the_limit_is_the_contracts() -> None:
    assert PARITY_LIMIT == 1e-4


def test_what_a_run_exports_is_its_file(tmp_path: Path) -> None:
    finalise(graphs.linear(tmp_path / "raw.onnx", Z, SHAPE), tmp_path / "out.onnx", graphs.info(Z))
    assert content_of(Generator(tmp_path / "out.onnx", device="cpu")) == (tmp_path / "out.onnx").read_bytes()


@pytest.mark.parametrize(
    ("graph", "reading"),
    [
        ({"shape": (8, 8, 1), "last": "uint8"}, {}),
        ({"shape": (6, 5, 3), "last": "Sigmoid", "batch": 1}, {}),
        ({"shape": (64,), "batch": 3, "inside": 3}, {"shape": (1, 8, 8)}),
        ({"shape": (2,), "last": None}, {}),
        (
            {"inputs": {"noise": (1, ["N", 5, 1, 1]), "y": (7, ["N", 1])}},
            {"latents": ("noise:5:uniform", "y:10:labels")},
        ),
        ({"opset": 9}, {}),
    ],
    ids=["bytes", "one at a time", "flat, three at a time", "points", "labels", "an old opset"],
)
def test_a_foreign_generator_is_exported_as_it_is_read(
    graph: dict[str, Any], reading: dict[str, Any], tmp_path: Path
) -> None:
    """The file keeps the contract, needs no flags, and gives the samples of the flags exactly."""
    path = graphs.foreign(tmp_path / "theirs.onnx", **graph)
    read = open_foreign(path, Reading(**{"latents": ("normal",), **reading}), device="cpu")
    (tmp_path / "ours.onnx").write_bytes(content_of(read))
    ours = Generator(tmp_path / "ours.onnx", device="cpu")
    np.testing.assert_array_equal(ours.sample(50, 3), read.sample(50, 3))
    assert (ours.latent, ours.data, ours.info) == (read.latent, read.data, read.info)
    model = onnx.load(tmp_path / "ours.onnx")
    assert broken_rule(model, ours.latent, ours.data.shape) == ""
    given = reading.get("latents", ("noise:5:normal",))
    assert ours.info.options["latents"] == list(given)
    assert ours.info.options["file_sha256"] == read.sha256
    assert len(ours.info.content_hash) == 64


def test_constants_that_are_inputs_too(tmp_path: Path) -> None:
    """As they had to be before IR version 4."""
    model = onnx.load(graphs.foreign(tmp_path / "theirs.onnx", opset=9))
    model.ir_version = 3
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    onnx.checker.check_model(model)
    onnx.save(model, tmp_path / "theirs.onnx")
    read = open_foreign(tmp_path / "theirs.onnx", Reading(latents=("noise:5:normal",)), device="cpu")
    (tmp_path / "ours.onnx").write_bytes(content_of(read))
    ours = Generator(tmp_path / "ours.onnx", device="cpu")
    np.testing.assert_array_equal(ours.sample(5), read.sample(5))


def test_a_foreign_generator_of_other_operators_is_not_exported(tmp_path: Path) -> None:
    path = graphs.foreign(tmp_path / "theirs.onnx", shape=(2,), last="Identity")
    model = onnx.load(path)
    node = next(node for node in model.graph.node if node.op_type == "Identity")
    node.op_type, node.domain = "QuickGelu", "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, path)
    read = open_foreign(path, Reading(latents=("normal",)), device="cpu")
    with pytest.raises(ModelError) as caught:
        content_of(read)
    assert str(caught.value) == (
        "theirs.onnx cannot be exported: operators of the domain com.microsoft are not standard ONNX. See docs/onnx.md."
    )
