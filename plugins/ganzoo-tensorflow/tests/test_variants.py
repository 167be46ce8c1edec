"""What every variant must do: train, resume, sample, export, on every form of data it claims to take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from ganzoo import latents, testing
from ganzoo.errors import DeviceError, PluginError

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (2, 12, 20), (4, 9, 35)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_shape_trains_and_exports(case: Any, shape: tuple[int, int, int], tmp_path: Path) -> None:
    run = case.run(testing.toy_images(shape, n=32), steps=1)
    model = case.plugin.train(run)
    assert testing.onnx_difference(case.plugin, model, run, tmp_path / "g.onnx") <= 1e-4
    x = case.plugin.sample(model, latents.samples(run.latent, 0, 0, 5))
    assert x.dtype == np.float32
    assert np.abs(x).max() <= 1


@pytest.mark.parametrize("name", ["vanilla", "vae"])
def test_points_train_and_export_without_a_bound(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    case = request.getfixturevalue(name)
    run = case.run(testing.toy_points(), steps=3)
    model = case.plugin.train(run)
    assert testing.onnx_difference(case.plugin, model, run, tmp_path / "g.onnx") <= 1e-4
    assert np.abs(case.plugin.sample(model, {"z": np.full((1, 6), 1e3, np.float32)})).max() > 1


def test_the_onnx_file_keeps_the_contract(case: Any, tmp_path: Path) -> None:
    run = case.run(ema=0.9)
    assert case.plugin.export(case.plugin.train(run), tmp_path / "g.onnx") is True
    proto = onnx.load(tmp_path / "g.onnx")
    onnx.checker.check_model(proto, full_check=True)
    assert [p.name for p in tmp_path.iterdir()] == ["g.onnx"]
    assert [(o.domain, o.version) for o in proto.opset_import if o.domain in ("", "ai.onnx")] == [("", 18)]
    assert {node.domain for node in proto.graph.node} == {""}
    session = onnxruntime.InferenceSession(tmp_path / "g.onnx", providers=["CPUExecutionProvider"])
    types = {"z": "tensor(float)", "y": "tensor(int64)"}
    assert {i.name: i.type for i in session.get_inputs()} == {name: types[name] for name in run.latent.names}
    assert [o.name for o in session.get_outputs()] == ["x"]
    for n in (1, 7):
        assert session.run(["x"], latents.samples(run.latent, 0, 0, n))[0].shape == (n, 1, 8, 8)


def test_a_sample_does_not_depend_on_its_batch(case: Any, tmp_path: Path) -> None:
    run = case.run()
    model = case.plugin.train(run)
    inputs = latents.samples(run.latent, 0, 0, 40)
    alone = {name: value[3:4] for name, value in inputs.items()}
    np.testing.assert_allclose(case.plugin.sample(model, inputs)[3:4], case.plugin.sample(model, alone), atol=1e-5)
    case.plugin.export(model, tmp_path / "g.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "g.onnx", providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, inputs)[0][3:4], session.run(None, alone)[0], atol=1e-5)


@pytest.mark.parametrize("extra", [{}, {"ema": 0.9}], ids=["plain", "ema"])
def test_a_stopped_run_resumes_bit_for_bit(case: Any, extra: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo_tensorflow import kit

    monkeypatch.setattr(kit, "CHUNK", 4)
    options = {**case.tiny, "steps": 11, "batch": 8, **extra}
    straight, resumed = testing.interrupt_and_resume(case.plugin, case.variant, testing.toy_images(n=48), options, 4)
    assert straight.keys() == resumed.keys()
    for name, value in straight.items():
        np.testing.assert_array_equal(value, resumed[name], err_msg=name)
    assert {int(value) for name, value in straight.items() if name.endswith("adam/step")} == {11}


def test_the_result_does_not_depend_on_the_chunk(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo_tensorflow import kit

    states = []
    for size in (25, 4):
        monkeypatch.setattr(kit, "CHUNK", size)
        run = case.run()
        gan = case.gan(run)
        kit.fit(gan, run)
        states.append(gan.state_arrays())
    for name, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][name], err_msg=name)


def test_the_seed_decides_everything(case: Any) -> None:
    def samples(seed: int) -> Any:
        from ganzoo_tensorflow.runtime import keras

        keras.utils.set_random_seed(len(found))  # must not matter
        run = case.run(seed=seed)
        return case.plugin.sample(case.plugin.train(run), latents.samples(run.latent, 0, 0, 4))

    found: list[Any] = []
    for seed in (0, 0, 1):
        found.append(samples(seed))
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-3


def test_the_state_holds_every_variable_once(pair: Any) -> None:
    gan = pair.gan(pair.run(ema=0.9))
    trainable = [*gan.generator.trainable_variables, *gan.discriminator.trainable_variables]
    networks = [*gan.generator.variables, *gan.shadow.variables, *gan.discriminator.variables]
    assert len(gan.state_arrays()) == len(networks) + 2 * len(trainable) + 2


def test_losses_are_logged_unread(case: Any) -> None:
    run = case.run()
    logged: list[dict[str, Any]] = []
    run.log = lambda **scalars: logged.append(scalars)
    case.plugin.train(run)
    assert [tuple(sorted(scalars)) for scalars in logged] == [tuple(sorted(case.gan(run).scalars))]
    assert not any(isinstance(value, float) for value in logged[0].values())
    assert all(np.isfinite(float(value)) and float(value) > 0 for value in logged[0].values())


def test_cuda_without_a_gpu_is_one_clear_error(case: Any) -> None:
    from ganzoo_tensorflow.runtime import tf

    if tf.config.get_visible_devices("GPU"):
        pytest.skip("there is a GPU")
    run = case.run()
    run.device = "cuda"
    with pytest.raises(DeviceError, match="no CUDA device"):
        case.plugin.train(run)


def test_another_keras_backend_is_one_clear_error() -> None:
    from ganzoo_tensorflow.runtime import require_backend

    require_backend("tensorflow")
    with pytest.raises(PluginError, match="Keras runs on 'jax'"):
        require_backend("jax")


def test_it_learns_where_the_toy_classes_are(cgan: Any) -> None:
    run = cgan.run(testing.toy_images(n=192), steps=300, lr=1e-3, width=8, batch=32)
    model = cgan.plugin.train(run)
    inputs = {**latents.samples(run.latent, 0, 0, 90), "y": np.arange(90) % 3}
    x = cgan.plugin.sample(model, inputs)
    bands = np.stack([x[..., 2 * k : 2 * k + 2].mean((1, 2, 3)) for k in range(3)], 1)
    assert (bands.argmax(1) == inputs["y"]).mean() > 0.9
