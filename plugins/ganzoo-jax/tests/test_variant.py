"""What ganzoo asks of every variant."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax2onnx
import msgspec
import numpy as np
import onnx
import onnxruntime
import pluggy
import pytest
from ganzoo_jax import onnx_file, training
from ganzoo_jax.options import DpganOptions, DraganOptions, WganGpOptions

from ganzoo import latents, testing
from ganzoo.errors import DeviceError, PluginError
from ganzoo.plugin import hookspecs

SHAPES = [(1, 28, 28), (4, 9, 35)]


def test_hooks_have_the_specified_signatures(case: Any) -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs.VariantSpec)
    manager.register(case.plugin)
    manager.check_pending()
    hooks = {caller.name for caller in manager.get_hookcallers(case.plugin) or []}
    assert hooks == {"describe", "train", "sample", "export"}


def test_description_names_itself_and_its_paper(case: Any) -> None:
    paper = {"wgan-gp": "arXiv:1704.00028", "dragan": "arXiv:1705.07215", "dpgan": "arXiv:1802.06739"}[
        case.variant.name
    ]
    assert case.variant.name == case.name.replace("_", "-")
    assert case.variant.backend == "jax"
    assert paper in case.variant.paper
    assert case.variant.takes == ("image", "points")


def test_every_option_is_used_by_the_model(case: Any) -> None:
    sources = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (case.model, training))
    assert [name for name in case.variant.options.__struct_fields__ if f"o.{name}" not in sources] == []


@pytest.mark.parametrize(
    ("options", "bad"),
    [
        *((WganGpOptions, bad) for bad in ({"ema": 1.0}, {"n_critic": 0}, {"penalty": -1.0}, {"critic_norm": "batch"})),
        *((DraganOptions, bad) for bad in ({"noise": "normal"}, {"c": -0.1}, {"d_norm": "batch"}, {"lr": 0})),
        *(
            (DpganOptions, bad)
            for bad in ({"clip": 0}, {"delta": 1.0}, {"sigma": 101.0}, {"epsilon": 10, "sigma": 1.0})
        ),
    ],
)
def test_options_are_checked(options: type[Any], bad: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(bad, options)


def test_description_imports_no_framework(case: Any) -> None:
    code = (
        f"import sys, ganzoo_jax.{case.name} as plugin; plugin.describe();"
        "print(sorted({'jax', 'jaxlib', 'flax', 'onnx', 'onnxruntime', 'jax2onnx', 'numpy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_onnx_file_agrees_with_native_sampling(case: Any, shape: tuple[int, int, int], tmp_path: Path) -> None:
    run = case.run(testing.toy_images(shape, n=32), steps=1)
    model = case.plugin.train(run)
    assert testing.onnx_difference(case.plugin, model, run, tmp_path / "g.onnx") <= 1e-4
    x = case.plugin.sample(model, latents.samples(run.latent, 0, 0, 300))
    assert (x.dtype, x.shape) == (np.float32, (300, *shape))
    assert np.abs(x).max() <= 1


def test_points_train_and_export(case: Any, tmp_path: Path) -> None:
    run = case.run(testing.toy_points())
    model = case.plugin.train(run)
    assert testing.onnx_difference(case.plugin, model, run, tmp_path / "g.onnx") <= 1e-4


def test_the_onnx_file_keeps_the_contract(
    case: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run = case.run(ema=0.9)
    model = case.plugin.train(run)
    files = [tmp_path / "a.onnx", tmp_path / "b.onnx"]
    assert case.plugin.export(model, files[0]) is True
    case.plugin.sample(model, latents.samples(run.latent, 0, 0, 4))  # JAX's caches must not matter
    case.plugin.export(model, files[1])
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"site-packages" not in files[0].read_bytes()
    assert b"ganzoo_jax" not in files[0].read_bytes()
    assert sorted(tmp_path.iterdir()) == files
    proto = onnx.load(files[0])
    onnx.checker.check_model(proto, full_check=True)
    assert [(o.domain, o.version) for o in proto.opset_import] == [("", 18)]
    assert {node.domain for node in proto.graph.node} == {""}
    for value in (*proto.graph.input, *proto.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "N"
    session = onnxruntime.InferenceSession(files[0], providers=["CPUExecutionProvider"])
    assert {i.name: i.type for i in session.get_inputs()} == {"z": "tensor(float)"}
    assert [o.name for o in session.get_outputs()] == ["x"]
    for n in (1, 7):
        assert session.run(["x"], latents.samples(run.latent, 0, 0, n))[0].shape == (n, 1, 8, 8)


def test_a_sample_does_not_depend_on_its_batch(case: Any) -> None:
    run = case.run()
    model, inputs = case.plugin.train(run), latents.samples(run.latent, 0, 0, 40)
    alone = case.plugin.sample(model, {"z": inputs["z"][3:4]})
    np.testing.assert_allclose(case.plugin.sample(model, inputs)[3:4], alone, atol=1e-5)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_stopped_run_resumes_bit_for_bit(case: Any, ema: float) -> None:
    options = case.small | {"steps": 47, "ema": ema}
    straight, resumed = testing.interrupt_and_resume(case.plugin, case.variant, testing.toy_images(), options, 20)
    assert straight.keys() == resumed.keys()
    assert any(name.startswith("average.") for name in straight) == (ema > 0)
    counts = {name: int(value) for name, value in straight.items() if name.endswith("_adam.count")}
    expected = {"wgan_gp": {"critic_adam.count": 94}, "dragan": {"d_adam.count": 47}, "dpgan": {"d_adam.count": 94}}[
        case.name
    ]
    assert counts == {"g_adam.count": 47, **expected}
    for name, value in straight.items():
        assert value.dtype == resumed[name].dtype
        np.testing.assert_array_equal(value, resumed[name], err_msg=name)


@pytest.mark.parametrize(
    ("data", "chunks"), [(testing.toy_images(), (7, 20)), (testing.toy_points(), (1, 7, 50))], ids=["images", "points"]
)
def test_the_result_does_not_depend_on_the_chunk(case: Any, data: Any, chunks: tuple[int, ...]) -> None:
    first, *others = (case.state(case.run(data, steps=57, ema=0.9), chunk) for chunk in chunks)
    for name, value in first.items():
        for other in others:
            np.testing.assert_array_equal(value, other[name], err_msg=name)


def test_the_seed_decides_everything(case: Any) -> None:
    found = []
    for seed in (0, 0, 1):
        np.random.seed(len(found))  # the global generator must not matter
        run = case.run(seed=seed)
        found.append(case.plugin.sample(case.plugin.train(run), latents.samples(run.latent, 0, 0, 8)))
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-3


def test_the_average_differs_from_the_generator_and_is_what_is_returned(case: Any) -> None:
    run = case.run(ema=0.9)
    model = case.plugin.train(run)
    arrays = run.checkpoints.last.arrays
    for number, layer in enumerate(model.params):
        for key, value in layer.items():
            np.testing.assert_array_equal(value, arrays[f"average.{number}.{key}"])
            assert not np.array_equal(value, arrays[f"g.{number}.{key}"])


def test_losses_are_handed_over_unread(case: Any) -> None:
    run, logged = case.run(), []
    run.log = lambda **scalars: logged.append(scalars)
    case.plugin.train(run)
    own = {"wgan_gp": "distance", "dragan": "penalty", "dpgan": "clipped"}[case.name]
    assert [set(scalars) for scalars in logged] == [{"d_loss", "g_loss", own}]
    assert all(isinstance(value, jax.Array) for value in logged[0].values())


def test_nothing_global_is_changed(case: Any, tmp_path: Path) -> None:
    jax2onnx.to_onnx(lambda x: x + 1, [("N", 1)])  # imports of its first call seed NumPy's global state, once a process
    environment, settings, random = dict(os.environ), dict(jax.config.values), np.random.get_state()[1].copy()
    case.plugin.export(case.plugin.train(case.run()), tmp_path / "g.onnx")
    assert dict(os.environ) == environment
    assert dict(jax.config.values) == settings
    np.testing.assert_array_equal(np.random.get_state()[1], random)


def test_one_core_is_used_and_the_environment_is_put_back() -> None:
    """In a fresh process, since XLA's threads are made once. XLA_FLAGS that the user has set are kept."""
    code = """
import os, time
os.environ["XLA_FLAGS"] = "--xla_cpu_enable_fast_math=false"
before = dict(os.environ)
from ganzoo_jax.runtime import open_device
import jax, numpy as np
x = jax.device_put(np.ones((700, 700), np.float32), open_device("cpu"))
assert dict(os.environ) == before, "the environment was changed"
run = jax.jit(lambda a: jax.lax.fori_loop(0, 30, lambda i, c: jax.numpy.tanh(c @ a / 700), a))
run(x).block_until_ready()
wall, cpu = time.perf_counter(), time.process_time()
run(x).block_until_ready()
print((time.process_time() - cpu) / (time.perf_counter() - wall))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(result.stdout) < 1.2


@pytest.mark.skipif(any(d.platform == "gpu" for d in jax.devices()), reason="needs a machine without CUDA")
def test_cuda_without_cuda_is_one_clear_error(case: Any) -> None:
    run = case.run()
    run.device = "cuda"
    with pytest.raises(DeviceError, match="JAX sees no CUDA device"):
        case.plugin.train(run)
    run.device = "cpu"
    case.plugin.train(run)


def test_without_jax2onnx_the_error_says_how_to_install_it_before_training(
    case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file.importlib.util, "find_spec", lambda name: None)
    run = case.run()
    with pytest.raises(PluginError, match="pip install --no-deps jax2onnx"):
        case.plugin.train(run)
    assert run.steps_done == 0


def test_training_learns_the_toy_images(case: Any) -> None:
    """After a short training samples are nearer to a class's mean image than an untrained generator's are."""
    errors, rates = (
        [],
        {name: 2e-3 for name in case.variant.options.__struct_fields__ if name in ("lr", "lr_g", "lr_d")},
    )
    for steps in (1, 300):
        run = case.run(steps=steps, width=8, batch=32, **rates)
        x = case.plugin.sample(case.plugin.train(run), latents.samples(run.latent, 0, 0, 200))
        means = np.stack([run.data.scaled()[run.data.y == label].mean(0) for label in range(3)])
        errors.append(np.abs(x[:, None] - means).mean((2, 3, 4)).min(1).mean())
    assert errors[1] < 0.5 * errors[0], errors
