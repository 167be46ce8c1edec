from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import graphs
import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from ganzoo.errors import DeviceError, ModelError, UsageError
from ganzoo.extractors.catalogue import shipped_file
from ganzoo.generator import engine
from ganzoo.generator.contract import METADATA_KEY
from ganzoo.generator.engine import Generator, Session
from ganzoo.generator.export import finalise
from ganzoo.training.runs import RunFolder
from ganzoo.types import DataSpec, LatentSpec

FULL = LatentSpec(z_dim=3, classes=4, categorical=2, continuous=1, noise=(2, 8, 8))


def finished(folder: Path, latent: LatentSpec = FULL, data: DataSpec = graphs.IMAGES) -> Path:
    """A generator.onnx that keeps the contract."""
    info = graphs.info(latent, data)
    finalise(graphs.linear(folder / "raw.onnx", latent, data.shape), folder / "generator.onnx", info)
    return folder / "generator.onnx"


@pytest.fixture
def generator(tmp_path: Path) -> Generator:
    """A generator with every kind of input."""
    return Generator(finished(tmp_path), device="cpu")


def test_the_file_explains_itself(generator: Generator) -> None:
    wanted = msgspec.structs.replace(graphs.info(FULL), content_hash=generator.info.content_hash)
    assert generator.info == wanted
    assert len(generator.info.content_hash) == 64
    assert generator.provider == "CPU"
    assert (generator.latent, generator.data) == (FULL, graphs.IMAGES)


@pytest.mark.parametrize("batch", [1, 3, 64, 1000])
def test_samples_do_not_depend_on_the_batch_size(generator: Generator, batch: int) -> None:
    np.testing.assert_allclose(generator.sample(70, 5, batch=batch), generator.sample(70, 5), rtol=0, atol=1e-6)


def test_samples_have_the_form_of_the_data(generator: Generator) -> None:
    x = generator.sample(5)
    assert x.shape == (5, 1, 8, 8)
    assert x.dtype == np.float32
    assert np.abs(x).max() <= 1
    assert generator.sample(0).shape == (0, 1, 8, 8)
    assert not np.array_equal(x, generator.sample(5, seed=1))
    np.testing.assert_array_equal(x, generator.sample(5, seed=0))


@pytest.mark.parametrize(("start", "stop", "batch"), [(0, 5000, 256), (100, 300, 256), (3, 4200, 7), (0, 9000, 5000)])
def test_batches_of_inputs_are_those_of_one_draw(generator: Generator, start: int, stop: int, batch: int) -> None:
    whole = generator.inputs(stop - start, 2, start=start)
    parts = list(generator.each_inputs(start, stop, 2, batch=batch))
    assert [first for first, _ in parts] == list(range(start, stop, batch))
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([inputs[name] for _, inputs in parts]), values)


def test_batches_say_what_each_sample_was_asked_to_be(generator: Generator) -> None:
    parts = list(generator.batches(10, 0, batch=4))
    assert [len(x) for _, x in parts] == [4, 4, 2]
    for inputs, x in parts:
        np.testing.assert_array_equal(generator.run(inputs), x)


def test_a_label_is_asked_of_every_sample(generator: Generator) -> None:
    assert generator.inputs(6, label=2)["y"].tolist() == [2] * 6
    np.testing.assert_array_equal(generator.inputs(6, label=2)["z"], generator.inputs(6)["z"])
    assert not np.array_equal(generator.sample(6, label=1), generator.sample(6, label=2))


@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_out_of_range(generator: Generator, label: int) -> None:
    with pytest.raises(UsageError, match=f"Label {label} is not one of 0 to 3"):
        generator.sample(2, label=label)


def test_a_label_for_a_generator_without_classes(tmp_path: Path) -> None:
    plain = Generator(finished(tmp_path, LatentSpec(z_dim=2)), device="cpu")
    with pytest.raises(UsageError, match="fake takes no class label"):
        plain.sample(2, label=0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"z": None}, "takes"),
        ({"extra": np.zeros(2)}, "takes"),
        ({"z": np.zeros((2, 4), np.float32)}, r"z must be float32 \[2, 3\]"),
        ({"z": np.zeros((2, 3))}, "but is float64"),
        ({"y": np.zeros(2, np.int32)}, r"y must be int64 \[2\]"),
        ({"c": np.zeros((3, 3), np.float32)}, "c must be"),
    ],
)
def test_inputs_are_checked(generator: Generator, change: dict[str, Any], reason: str) -> None:
    inputs = {**generator.inputs(2), **change}
    with pytest.raises(ModelError, match=reason):
        generator.run({name: value for name, value in inputs.items() if value is not None})


@pytest.mark.parametrize("content", [b"", b"hello, I am no model\n", b"\x08\x0a", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_onnx(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "text.onnx").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        Generator(tmp_path / "text.onnx", device="cpu")
    assert "text.onnx is" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Cannot read .*nowhere\.onnx: No such file"):
        Generator(tmp_path / "nowhere.onnx", device="cpu")


def test_an_onnx_file_that_is_no_generator() -> None:
    with pytest.raises(ModelError, match=r"digits\.onnx is an ONNX file, but no ganzoo generator"):
        Generator(shipped_file("digits"), device="cpu")


def rewrite_metadata(path: Path, text: str) -> None:
    model = onnx.load(path)
    next(entry for entry in model.metadata_props if entry.key == METADATA_KEY).value = text
    onnx.save(model, path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"variant": "x"}'])
def test_damaged_metadata(tmp_path: Path, text: str) -> None:
    path = finished(tmp_path)
    rewrite_metadata(path, text)
    with pytest.raises(ModelError, match="damaged ganzoo metadata"):
        Generator(path, device="cpu")


@pytest.mark.parametrize(
    ("part", "key", "value", "words"),
    [
        ("latent", "z_dim", 0, "latent.z_dim is 0, and must be 1 or more"),
        ("latent", "classes", -1, "latent.classes is -1"),
        ("latent", "categorical", -1, "latent.categorical is -1"),
        ("latent", "continuous", -1, "latent.continuous is -1"),
        ("data", "classes", -1, "data.classes is -1"),
        ("data", "shape", [1, 8], r"data.shape is \[1, 8\], and must be \[C, H, W\]"),
        ("data", "shape", [1, 0, 8], r"data.shape is \[1, 0, 8\]"),
        ("latent", "z_dim", 4, r"declares 'z' as \[N, 3\], but by its metadata it is \[N, 4\]"),
        ("data", "shape", [1, 4, 16], r"declares 'x' as \[N, 1, 8, 8\], but by its metadata it is \[N, 1, 4, 16\]"),
    ],
)
def test_sizes_in_metadata_that_cannot_be(part: str, key: str, value: Any, words: str, tmp_path: Path) -> None:
    latent = msgspec.structs.replace(FULL, noise=())
    path = finished(tmp_path, latent)
    told = msgspec.to_builtins(graphs.info(latent))
    told[part][key] = value
    rewrite_metadata(path, json.dumps(told))
    with pytest.raises(ModelError, match=words):
        Generator(path, device="cpu")


def test_metadata_that_are_nested_without_end(tmp_path: Path) -> None:
    path = finished(tmp_path)
    rewrite_metadata(path, "[" * 100_000)
    with pytest.raises(ModelError, match="damaged ganzoo metadata: they are nested too deeply"):
        Generator(path, device="cpu")


def test_text_that_is_no_utf_8(tmp_path: Path) -> None:
    path = finished(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"fake-dist", b"fake\xffdist"))
    with pytest.raises(ModelError, match="damaged: its names or its metadata are not UTF-8"):
        Generator(path, device="cpu")


def test_samples_of_another_shape_than_declared(generator: Generator) -> None:
    generator.data = msgspec.structs.replace(generator.data, shape=(1, 4, 16))
    with pytest.raises(ModelError, match=r"gives samples of shape \[1, 8, 8\], but by its metadata .* \[1, 4, 16\]"):
        generator.sample(2)


def test_an_output_of_another_type(tmp_path: Path) -> None:
    path = finished(tmp_path)
    model = onnx.load(path)
    last = model.graph.node[-1]
    last.output[0] = "before"
    model.graph.node.append(helper.make_node("Cast", ["before"], ["x"], to=TensorProto.DOUBLE))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.DOUBLE
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r"declares 'x' as tensor\(double\), but it must be tensor\(float\)"):
        Generator(path, device="cpu")


def test_metadata_that_belong_to_another_graph(tmp_path: Path) -> None:
    path = finished(tmp_path)
    other = graphs.info(LatentSpec(z_dim=3))
    rewrite_metadata(path, json.dumps(msgspec.to_builtins(other)))
    with pytest.raises(ModelError, match=r"takes \['c', 'noise', 'y', 'z'\].*by its metadata it takes \['z'\]"):
        Generator(path, device="cpu")


def test_cuda_without_a_gpu(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "cuda_device_count", lambda: 0)
    with pytest.raises(DeviceError, match="--device cuda was asked for, but no CUDA GPU"):
        Generator(generator.path, device="cuda")
    assert Generator(generator.path, device="auto").provider == "CPU"


def test_a_cuda_provider_that_does_not_load(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver shows a GPU and onnxruntime was built for it, yet only the CPU provider comes up."""
    import onnxruntime

    class Fallback(onnxruntime.InferenceSession):
        def __init__(self, model: bytes, options: Any, providers: list[Any]) -> None:
            assert providers[0] == ("CUDAExecutionProvider", {"use_tf32": "0"})
            super().__init__(model, options, providers=["CPUExecutionProvider"])

    monkeypatch.setattr(engine, "cuda_device_count", lambda: 1)
    monkeypatch.setattr(engine, "built_for_cuda", lambda: True)
    monkeypatch.setattr(engine, "_preload_cuda", lambda: None)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Fallback)
    with pytest.raises(DeviceError, match="did not load"):
        Generator(generator.path, device="cuda")
    assert Generator(generator.path, device="auto").provider == "CPU"


def test_an_unknown_device(generator: Generator) -> None:
    with pytest.raises(UsageError, match="Unknown device 'tpu'"):
        Generator(generator.path, device="tpu")


def test_outputs_can_be_handed_on_without_a_copy(generator: Generator) -> None:
    """``bind`` gives values that another session takes as they are: on CUDA they never leave the device."""
    identity = onnx.helper.make_node("Identity", ["x"], ["features"])
    values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["N", 1, 8, 8]) for n in ("x", "features")]
    graph = onnx.helper.make_graph([identity], "g", values[:1], values[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    second = Session(model.SerializeToString(), "identity", device="cpu")
    inputs = generator.inputs(4)
    bound = generator.session.bind(inputs)
    np.testing.assert_array_equal(second.run({"x": bound["x"]})["features"], generator.run(inputs))


def test_a_session_that_fails_to_run_is_one_sentence(generator: Generator) -> None:
    inputs = {**generator.inputs(2), "y": np.array([0, 99], np.int64)}
    with pytest.raises(ModelError, match=r"generator\.onnx failed to run: .*"):
        generator.session.run(inputs)


def test_a_real_run_opens_from_its_folder(gaussian: RunFolder) -> None:
    generator = Generator(gaussian.file("generator.onnx"), device="cpu")
    assert generator.sha256 == gaussian.manifest().onnx_sha256
    assert generator.info.options == gaussian.manifest().options
