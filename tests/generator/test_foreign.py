"""Generators that are not ganzoo's: what is inferred, what is asked for, and that the samples are the graph's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from graphs import foreign as graph
from graphs import own_samples
from onnx import TensorProto, helper, numpy_helper

from ganzoo.cli import main
from ganzoo.errors import GanzooError, ModelError, UsageError
from ganzoo.generator.export import content_of
from ganzoo.generator.foreign import Reading, is_foreign, open_foreign, open_generator
from ganzoo.types import DataSpec

GREY = DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10)
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "theirs.onnx"


def test_the_samples_are_those_of_the_graph(file: Path) -> None:
    generator = open_foreign(graph(file), Reading(latents=("noise:5:normal",)), device="cpu")
    z = generator.inputs(7, 3)["z"]
    np.testing.assert_array_equal(generator.sample(7, 3), own_samples(file, {"noise": z}))
    assert generator.notes == (
        "theirs.onnx: its images (1, 8, 8) are read as NCHW",
        "theirs.onnx: its pixels are read as -1 to 1",
    )
    assert generator.data == DataSpec(name="theirs", kind="image", shape=(1, 8, 8))


def test_the_law_alone_is_enough_for_one_input(file: Path) -> None:
    generator = open_foreign(graph(file), Reading(latents=("uniform",)), device="cpu")
    assert generator.latent.law == "uniform"
    assert generator.latent.z_dim == 5


@pytest.mark.parametrize(
    ("last", "value_range", "bounds"),
    [("Sigmoid", None, (0, 1)), (None, "0,1", (0, 1)), ("uint8", None, (0, 255)), ("Tanh", "-1,1", (-1, 1))],
)
def test_every_range_becomes_ours(file: Path, last: str | None, value_range: Any, bounds: tuple[float, float]) -> None:
    if last is None:
        graph(file, last="Sigmoid")
        model = onnx.load(file)  # the activation hides behind a sum that changes nothing
        model.graph.node[-1].output[0] = "hidden"
        zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
        model.graph.initializer.append(zero)
        model.graph.node.append(helper.make_node("Add", ["hidden", "zero"], ["image"]))
        onnx.save(model, file)
    else:
        graph(file, last=last)
    generator = open_foreign(file, Reading(latents=("normal",), value_range=value_range), device="cpu")
    theirs = own_samples(file, {"noise": generator.inputs(20, 0)["z"]}).astype(np.float64)
    low, high = bounds
    np.testing.assert_allclose(generator.sample(20, 0), (theirs - low) / (high - low) * 2 - 1, atol=1e-6)


def test_channels_last_become_channels_first(file: Path) -> None:
    generator = open_foreign(graph(file, shape=(6, 5, 3)), Reading(latents=("normal",)), device="cpu")
    theirs = own_samples(file, {"noise": generator.inputs(4, 0)["z"]})
    np.testing.assert_allclose(generator.sample(4, 0), theirs.transpose(0, 3, 1, 2), atol=1e-6)
    assert "theirs.onnx: its images (6, 5, 3) are read as NHWC" in generator.notes


def test_an_ambiguous_layout_is_asked_for(file: Path) -> None:
    graph(file, shape=(3, 5, 3))
    with pytest.raises(UsageError, match=r"images of shape \(3, 5, 3\).*--layout"):
        open_foreign(file, Reading(latents=("normal",)), device="cpu")
    generator = open_foreign(file, Reading(latents=("normal",), layout="nhwc"), device="cpu")
    assert generator.data.shape == (3, 3, 5)


def test_flat_pixels_take_the_form_of_the_data(file: Path) -> None:
    generator = open_foreign(graph(file, shape=(64,)), Reading(latents=("normal",)), GREY, device="cpu")
    assert generator.sample(3).shape == (3, 1, 8, 8)
    assert "theirs.onnx: its 64 outputs are read as 1×8×8 pixels" in generator.notes


def test_flat_pixels_take_the_shape_that_is_said(file: Path) -> None:
    graph(file, shape=(60,))
    as_points = open_foreign(file, Reading(latents=("normal",)), device="cpu")
    assert as_points.data.kind == "points"
    assert as_points.notes == ("theirs.onnx: its 60 outputs are read as points (with --shape C,H,W: as pixels)",)
    flat = own_samples(file, {"noise": as_points.inputs(4, 0)["z"]})
    for layout, wanted in ((None, flat.reshape(4, 3, 4, 5)), ("nhwc", flat.reshape(4, 4, 5, 3).transpose(0, 3, 1, 2))):
        reading = Reading(latents=("normal",), shape=(3, 4, 5), layout=layout)
        generator = open_foreign(file, reading, GREY, device="cpu")
        np.testing.assert_array_equal(generator.sample(4), wanted)
        assert not any("outputs" in note for note in generator.notes)


@pytest.mark.parametrize(
    ("form", "shape", "sentence"),
    [
        ((60,), (1, 8, 8), "theirs.onnx gives 60 numbers a sample, which are not 1×8×8 pixels."),
        ((60,), (6, 10), "--shape 6,10 is not C,H,W. Write for example 1,28,28."),
        ((60,), (0, 6, 10), "--shape 0,6,10 is not C,H,W. Write for example 1,28,28."),
        ((1, 8, 8), (1, 4, 16), "theirs.onnx gives images of 1×8×8, not of 1×4×16. Leave --shape out."),
    ],
)
def test_a_shape_that_is_wrong(form: tuple[int, ...], shape: tuple[int, ...], sentence: str, file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_foreign(graph(file, shape=form), Reading(latents=("normal",), shape=shape), device="cpu")
    assert str(caught.value) == sentence


def test_what_has_metadata_is_not_read_by_flags(file: Path) -> None:
    generator = open_foreign(graph(file), Reading(latents=("normal",)), device="cpu")
    file.write_bytes(content_of(generator))
    assert not is_foreign(file)
    with pytest.raises(UsageError) as caught:
        open_generator(file, Reading(latents=("normal",)), device="cpu")
    assert str(caught.value) == (
        "theirs.onnx is ganzoo's own, and read by its metadata: "
        "--latent and the flags beside it have nothing to act on."
    )


def test_without_flags_the_sentence_names_the_inputs(file: Path) -> None:
    graph(file, inputs={"noise": (FLOAT, ["N", 5]), "y": (INT64, ["N"])})
    assert is_foreign(file)
    with pytest.raises(ModelError) as caught:
        open_generator(file, device="cpu")
    assert str(caught.value) == (
        "theirs.onnx is an ONNX file, but no ganzoo generator: it has no 'ganzoo' metadata. Say how its inputs are "
        "drawn, for example --latent noise:5:normal --latent y:10:labels."
    )


def test_points_stay_points(file: Path) -> None:
    generator = open_foreign(graph(file, shape=(2,), last=None), Reading(latents=("normal",)), device="cpu")
    assert generator.data.kind == "points"
    theirs = own_samples(file, {"noise": generator.inputs(9, 1)["z"]})
    np.testing.assert_array_equal(generator.sample(9, 1), theirs)


def test_a_latent_map_is_filled(file: Path) -> None:
    """Convolutional generators often take z as [N, d, 1, 1]."""
    graph(file, inputs={"noise": (FLOAT, ["N", 5, 1, 1])})
    generator = open_foreign(file, Reading(latents=("normal",)), device="cpu")
    z = generator.inputs(6, 0)["z"]
    np.testing.assert_array_equal(generator.sample(6), own_samples(file, {"noise": z.reshape(6, 5, 1, 1)}))


@pytest.mark.parametrize(
    ("kind", "dims", "latents"),
    [
        (INT64, ["N"], ("noise:5:normal", "y:10:labels")),
        (INT64, ["N", 1], ("noise:5:normal", "y:10:labels")),
        (TensorProto.INT32, ["N"], ("noise:5:normal", "y:10:labels")),
        (FLOAT, ["N", 10], ("noise:5:normal", "y:10:onehot")),
        (INT64, ["N"], ("noise:5:normal",)),
    ],
    ids=["int64", "a column", "int32", "one-hot", "inferred"],
)
def test_labels_in_every_form(file: Path, kind: int, dims: list[Any], latents: tuple[str, ...]) -> None:
    graph(file, inputs={"noise": (FLOAT, ["N", 5]), "y": (kind, dims)})
    generator = open_foreign(file, Reading(latents=latents), GREY, device="cpu")
    given = generator.inputs(12, 0)
    labels = np.eye(10, dtype=np.float32)[given["y"]] if kind == FLOAT else given["y"]
    dtype = {FLOAT: np.float32, INT64: np.int64, TensorProto.INT32: np.int32}[kind]
    feeds = {"noise": given["z"], "y": labels.reshape(12, *dims[1:]).astype(dtype)}
    np.testing.assert_array_equal(generator.sample(12), own_samples(file, feeds))
    assert generator.latent.classes == 10
    assert ("theirs.onnx: input 'y' is read as the class label, 0 to 9" in generator.notes) == (len(latents) == 1)


@pytest.mark.parametrize(
    ("options", "reading", "sentence"),
    [
        ({}, {}, "Say how 'noise' is drawn, for example --latent noise:5:normal"),
        ({}, {"latents": ("noise:5",)}, "--latent 'noise:5' is not NAME:SIZE:LAW"),
        ({}, {"latents": ("noise:5:gauss",)}, "is not NAME:SIZE:LAW"),
        ({}, {"latents": ("z:5:normal",)}, "has no input 'z'; it takes noise"),
        ({}, {"latents": ("noise:6:normal",)}, "takes [5] numbers a sample, but --latent says 6"),
        ({}, {"latents": ("noise:5:labels",)}, "takes [5] numbers a sample, but --latent says 1"),
        ({}, {"latents": ("noise:0.5:fixed",)}, "was given no input that is drawn"),
        ({"last": None}, {"latents": ("normal",)}, "Nothing in theirs.onnx bounds its pixels"),
        ({"last": None}, {"latents": ("normal",), "value_range": "0,1"}, "outside of the range 0,1"),
        ({"extra_output": True}, {"latents": ("normal",)}, "Say which are the samples with --samples"),
        ({}, {"latents": ("normal",), "samples": "picture"}, "has no output 'picture'; it gives image"),
    ],
)
def test_what_is_open_is_one_sentence(
    options: dict[str, Any], reading: dict[str, Any], sentence: str, file: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        open_foreign(graph(file, **options), Reading(**reading), device="cpu")
    assert sentence in str(caught.value)


def test_one_output_of_two_can_be_named(file: Path) -> None:
    generator = open_foreign(
        graph(file, extra_output=True), Reading(latents=("normal",), samples="image"), device="cpu"
    )
    assert generator.sample(3).shape == (3, 1, 8, 8)


@pytest.mark.parametrize("latents", [("noise:0:5:normal", "label:0:10:labels"), ("noise:0:5:normal",)])
def test_names_with_colons(latents: tuple[str, ...], file: Path) -> None:
    """TensorFlow's inputs are called so."""
    graph(file, inputs={"noise:0": (FLOAT, ["N", 5]), "label:0": (INT64, ["N"])})
    generator = open_foreign(file, Reading(latents=latents), GREY, device="cpu")
    given = generator.inputs(6, 0)
    theirs = own_samples(file, {"noise:0": given["z"], "label:0": given["y"]})
    np.testing.assert_array_equal(generator.sample(6), theirs)


@pytest.mark.parametrize(
    ("dims", "law"),
    [(["N"], "normal"), (["N", None], "normal"), (["N", "d"], "uniform"), (["N", None, 1, 1], "onehot")],
)
def test_an_open_size_is_asked_for(dims: list[Any], law: str, file: Path) -> None:
    graph(file, inputs={"noise": (FLOAT, dims)})
    with pytest.raises(UsageError) as caught:
        open_foreign(file, Reading(latents=(law,)), device="cpu")
    shown = str([each or "unk" for each in dims])[:5]
    assert str(caught.value).startswith(f"The size of theirs.onnx's input 'noise' {shown}")
    example = "noise:10:onehot" if law == "onehot" else f"noise:128:{law}"
    assert str(caught.value).endswith(
        f"is open: --latent '{law}' is not enough. Give it, for example --latent {example}."
    )


def scaled(path: Path, name: str, kind: int, dims: list[Any]) -> Path:
    """``graph`` whose sum is multiplied by a second input, as truncation does."""
    graph(path)
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info(name, kind, dims))
    before, tanh, *rest = list(model.graph.node)[1:]
    more = [
        helper.make_node("Cast", [name], ["factor"], to=FLOAT),
        helper.make_node("Mul", ["sum_0", "factor"], ["less"]),
    ]
    tanh.input[0] = "less"
    nodes = [model.graph.node[0], before, *more, tanh, *rest]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(kept)
    onnx.save(model, path)
    return path


DTYPES = {FLOAT: np.float32, TensorProto.DOUBLE: np.float64, TensorProto.FLOAT16: np.float16, INT64: np.int64}


@pytest.mark.parametrize(
    ("name", "kind", "dims", "value"),
    [
        ("psi", FLOAT, [], 0.7),
        ("psi", FLOAT, [1], 0.7),
        ("psi", FLOAT, [1, 1], -0.25),
        ("psi", FLOAT, ["N", 1], 0.7),
        ("psi:0", FLOAT, [], 0.7),
        ("psi", TensorProto.DOUBLE, [], 1e-3),
        ("psi", TensorProto.FLOAT16, ["N", 1], 0.5),
        ("psi", INT64, [], 2),
        ("psi", TensorProto.BOOL, [], 1),
    ],
)
def test_a_fixed_input(name: str, kind: int, dims: list[Any], value: float, file: Path) -> None:
    scaled(file, name, kind, dims)
    latents = ("noise:5:normal", f"{name}:{value}:fixed")
    generator = open_foreign(file, Reading(latents=latents), device="cpu")
    shape = [7 if dim == "N" else dim for dim in dims]
    psi = np.full(shape, value, DTYPES.get(kind, np.bool_))
    theirs = own_samples(file, {"noise": generator.inputs(7, 0)["z"], name: psi})
    np.testing.assert_array_equal(generator.sample(7), theirs)
    assert set(generator.inputs(7, 0)) == {"z"}
    assert not any("batch" in note for note in generator.notes)


def test_a_class_may_be_fixed(file: Path) -> None:
    graph(file, inputs={"noise": (FLOAT, ["N", 5]), "y": (INT64, ["N"])})
    generator = open_foreign(file, Reading(latents=("noise:5:normal", "y:3:fixed")), GREY, device="cpu")
    feeds = {"noise": generator.inputs(6, 0)["z"], "y": np.full(6, 3)}
    np.testing.assert_array_equal(generator.sample(6), own_samples(file, feeds))
    assert generator.latent.classes == 0


@pytest.mark.parametrize(
    ("latent", "sentence"),
    [
        ("psi:much:fixed", "--latent 'psi:much:fixed' is not NAME:SIZE:LAW."),
        ("psi:nan:fixed", "NAME:VALUE:fixed gives every call the same number, as in psi:0.7:fixed."),
        ("psi:0.7:normal", "is not NAME:SIZE:LAW."),
        ("psi:fixed", "is not NAME:SIZE:LAW."),
        (":0.7:fixed", "is not NAME:SIZE:LAW."),
        ("psi:0.7:fixed", "theirs.onnx's input 'psi' takes int64 numbers, which 0.7 is not."),
    ],
)
def test_a_fixed_input_that_cannot_be(latent: str, sentence: str, file: Path) -> None:
    scaled(file, "psi", INT64, [])
    with pytest.raises(UsageError) as caught:
        open_foreign(file, Reading(latents=("noise:5:normal", latent)), device="cpu")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no onnx at all"])
def test_a_file_that_is_none(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    with pytest.raises(GanzooError, match=r"theirs\.onnx"):
        open_foreign(file, Reading(latents=("normal",)), device="cpu")


@pytest.mark.parametrize("law", ["labels", "onehot"])
def test_a_generator_that_takes_a_class_alone(law: str, file: Path) -> None:
    """A table of one picture a class."""
    table = np.linspace(-1, 1, 4 * 64).reshape(4, 64).astype(np.float32)
    kind, dims = (TensorProto.INT64, ["N"]) if law == "labels" else (TensorProto.FLOAT, ["N", 4])
    look = helper.make_node("Gather", ["table", "y"], ["x"], axis=0)
    nodes = [look if law == "labels" else helper.make_node("MatMul", ["y", "table"], ["x"])]
    inputs = [helper.make_tensor_value_info("y", kind, dims)]
    outputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64])]
    body = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(table, "table")])
    onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
    reading = Reading(latents=(f"y:4:{law}",), value_range="-1,1")
    generator = open_foreign(file, reading, DataSpec(name="d", kind="image", shape=(1, 8, 8)), device="cpu")
    assert (generator.latent.z_dim, generator.latent.classes) == (1, 4)
    inputs_drawn = generator.inputs(300, 0)
    x = generator.sample(300, 0)
    np.testing.assert_array_equal(x.reshape(300, 64), table[inputs_drawn["y"]])
    words = ["score", str(file), "--latent", f"y:4:{law}", "--range", "-1,1", "-n", "300", "--data", "digits"]
    result = CliRunner().invoke(main, [*words, "--json"])
    assert result.exit_code == 0, result.output
    assert "fid" in result.stdout


def test_bfloat16_inputs_and_outputs(file: Path) -> None:
    nodes = [helper.make_node("Identity", ["z"], ["x"])]
    inputs = [helper.make_tensor_value_info("z", TensorProto.BFLOAT16, ["N", 8])]
    outputs = [helper.make_tensor_value_info("x", TensorProto.BFLOAT16, ["N", 8])]
    body = helper.make_graph(nodes, "g", inputs, outputs)
    onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), file)
    generator = open_foreign(file, Reading(latents=("z:8:normal",)), device="cpu")
    x, z = generator.sample(20, 0), generator.inputs(20, 0)["z"]
    assert np.abs(x - z).max() > 0, "it was rounded"
    np.testing.assert_allclose(x, z, rtol=2**-8)
