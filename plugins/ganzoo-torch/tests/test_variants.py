"""What ganzoo asks of every variant, for each of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import onnx
import pluggy
import pytest
import torch
from ganzoo_torch import kit
from ganzoo_torch.networks import ConvGenerator

import ganzoo
from ganzoo import latents, testing
from ganzoo.errors import DeviceError, Incompatible
from ganzoo.plugin import hookspecs
from ganzoo.training.loop import MemoryCheckpoints

PAPERS = {
    "acgan": "arXiv:1610.09585",
    "dcgan": "arXiv:1511.06434",
    "fgan": "arXiv:1606.00709",
    "gan": "none: each block names its own",
    "gman": "arXiv:1611.01673",
    "hgan": "arXiv:1901.08680",
    "infogan": "arXiv:1606.03657",
    "lsgan": "arXiv:1611.04076",
    "began": "arXiv:1703.10717",
    "madgan": "arXiv:1704.02906",
    "mgan": "arXiv:1708.02556",
    "pacgan": "arXiv:1712.04086",
    "r3gan": "arXiv:2501.05441",
    "sngan": "arXiv:1802.05957",
    "stylegan": "arXiv:1912.04958",
    "ssgan": "arXiv:1606.03498",
    "unrolled": "arXiv:1611.02163",
    "wgan": "arXiv:1701.07875",
}


def trained(plugin: ModuleType, options: dict[str, Any], *, shape: Any = (1, 8, 8), seed: int = 0) -> tuple[Any, Any]:
    """The trained generator and its run."""
    data = testing.toy_points() if len(shape) == 1 else testing.toy_images(shape)
    run = testing.memory_run(plugin.describe(), data, options, seed=seed, checkpoints=MemoryCheckpoints())
    return plugin.train(run), run


def test_hooks_have_the_specified_signatures(plugin: ModuleType) -> None:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs.VariantSpec)
    manager.register(plugin)
    manager.check_pending()
    hooks = {caller.name for caller in manager.get_hookcallers(plugin) or []}
    assert hooks - {"validate", "measure"} == {"describe", "train", "sample", "export"}


def test_description_names_itself_and_its_paper(plugin: ModuleType, name: str) -> None:
    variant = plugin.describe()
    assert (variant.name, variant.backend) == (name, "torch")
    assert PAPERS[name] in variant.paper


def test_every_option_is_used_by_the_model(plugin: ModuleType, name: str) -> None:
    package, variant = Path(plugin.__file__ or "").parent, plugin.describe()
    source = (package / "models" / f"{name}.py").read_text(encoding="utf-8")
    for shared in ("adversarial", "combinations", "components"):
        if f"import {shared}" in source or f"ganzoo_torch.{shared}" in source:
            source += (package / f"{shared}.py").read_text(encoding="utf-8")
    unused = [o for o in variant.options.__struct_fields__ if f"o.{o}" not in source and o != variant.inputs.labels]
    assert unused == []


def test_description_imports_no_framework(name: str) -> None:
    code = (
        f"import sys, ganzoo_torch.{name} as plugin; plugin.describe();"
        "print(sorted({'torch', 'onnx', 'onnxscript', 'onnxruntime'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_onnx_file_agrees_with_native_sampling(
    plugin: ModuleType, small: dict[str, Any], image_shape: tuple[int, ...], tmp_path: Path
) -> None:
    model, run = trained(plugin, small | {"steps": 2}, shape=image_shape)
    path = tmp_path / "generator.onnx"
    assert testing.onnx_difference(plugin, model, run, path) <= 1e-4
    graph = onnx.load(path).graph
    assert [i.name for i in graph.input] == list(run.latent.names)
    assert [o.name for o in graph.output] == ["x"]
    for value in (*graph.input, *graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == "N"
    assert list(tmp_path.iterdir()) == [path]


def test_only_generators_tried_at_one_size_are_those_of_dcgan(
    plugin: ModuleType, small: dict[str, Any], name: str, borrowed: bool
) -> None:
    model, _ = trained(plugin, small | {"steps": 1})
    assert (type(model) is ConvGenerator) == (borrowed or name in {"dcgan", "infogan"})


def test_export_is_deterministic_quiet_and_leaves_the_model_alone(
    plugin: ModuleType, small: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model, run = trained(plugin, small)
    inputs = latents.samples(run.latent, 0, 0, 5)
    before = plugin.sample(model, inputs)
    model.train()
    capfd.readouterr()
    assert plugin.export(model, tmp_path / "a.onnx") is True
    assert capfd.readouterr() == ("", "")
    plugin.export(model, tmp_path / "b.onnx")
    content = (tmp_path / "a.onnx").read_bytes()
    assert content == (tmp_path / "b.onnx").read_bytes()
    assert b"site-packages" not in content
    assert b"ganzoo_torch" not in content
    assert model.training
    np.testing.assert_array_equal(plugin.sample(model, inputs), before)


def test_samples_are_images_in_range(plugin: ModuleType, small: dict[str, Any]) -> None:
    model, run = trained(plugin, small)
    x = plugin.sample(model, latents.samples(run.latent, 0, 0, 300))
    assert x.dtype == np.float32
    assert x.shape == (300, 1, 8, 8)
    assert np.abs(x).max() <= 1


def test_a_sample_does_not_depend_on_its_batch_even_from_a_model_left_in_training_mode(
    plugin: ModuleType, small: dict[str, Any]
) -> None:
    model, run = trained(plugin, small)
    inputs = latents.samples(run.latent, 0, 0, 20)
    model.train()
    together = plugin.sample(model, inputs)
    for i in (0, 7, 19):
        alone = plugin.sample(model, {key: value[i : i + 1] for key, value in inputs.items()})
        np.testing.assert_allclose(alone[0], together[i], atol=1e-5)
    assert model.training


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_resume_is_bit_exact(plugin: ModuleType, small: dict[str, Any], ema: float) -> None:
    options = small | {"steps": 7, "ema": ema}
    straight, stopped = testing.interrupt_and_resume(plugin, plugin.describe(), testing.toy_images(), options, 3)
    assert straight.keys() == stopped.keys()
    assert any(key.startswith("net.ema.") for key in straight) == (ema > 0)
    assert any(key.endswith(".step") for key in straight)
    for key, value in straight.items():
        assert value.dtype == stopped[key].dtype
        np.testing.assert_array_equal(value, stopped[key], err_msg=key)


def test_same_seed_same_result_and_another_seed_another(plugin: ModuleType, small: dict[str, Any]) -> None:
    x = []
    for seed in (0, 0, 1):
        torch.manual_seed(len(x))  # the global generator must not matter
        model, run = trained(plugin, small, seed=seed)
        x.append(plugin.sample(model, latents.samples(run.latent, 0, 0, 8)))
    np.testing.assert_array_equal(x[0], x[1])
    assert np.abs(x[0] - x[2]).max() > 1e-3


def test_training_leaves_torch_as_it_was(plugin: ModuleType, small: dict[str, Any]) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        state = torch.random.get_rng_state()
        trained(plugin, small)
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.random.get_rng_state(), state)
        assert torch.is_grad_enabled()
    finally:
        torch.set_num_threads(before)


def test_training_runs_on_one_thread(plugin: ModuleType, small: dict[str, Any]) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), small)
    seen = []
    run.log = lambda **scalars: seen.append(torch.get_num_threads())  # type: ignore[method-assign]
    plugin.train(run)
    assert seen == [1] * 4


def test_losses_are_handed_over_unread(plugin: ModuleType, small: dict[str, Any]) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), small)
    logged: list[dict[str, Any]] = []
    run.log = lambda **scalars: logged.append(scalars)  # type: ignore[method-assign]
    plugin.train(run)
    assert len(logged) == 4
    assert {"d_loss", "g_loss"} <= logged[0].keys()
    losses = [value for value in logged[0].values() if not isinstance(value, kit.Gradient)]
    assert all(isinstance(value, torch.Tensor) and not value.requires_grad for value in losses)


def test_latents_are_drawn_as_declared(plugin: ModuleType, small: dict[str, Any]) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), small | {"steps": 1})
    draw, drawn = run.latents, []

    def recording(*args: Any, **kwargs: Any) -> Any:
        drawn.append(draw(*args, **kwargs)["z"])
        return drawn[-1]

    run.latents = lambda *a, **k: {**draw(*a, **k), "z": recording(*a, **k)}  # type: ignore[method-assign]
    plugin.train(run)
    assert len({z.tobytes() for z in drawn}) == len(drawn)
    assert (len(drawn) == 1) == plugin.describe().facts.latents.startswith("the same z")


def test_the_average_differs_from_the_generator_and_is_what_is_returned(
    plugin: ModuleType, small: dict[str, Any]
) -> None:
    model, run = trained(plugin, small | {"ema": 0.9})
    arrays = run._checkpoints.last.arrays
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), arrays[f"net.ema.{key}"])
    weight = next(key for key in arrays if key.startswith("net.g.") and key.endswith("weight"))
    assert not np.array_equal(arrays[weight], arrays[weight.replace("net.g.", "net.ema.")])
    for key in (key for key in arrays if key.startswith("net.g.") and "running" in key):
        np.testing.assert_array_equal(arrays[key], arrays[key.replace("net.g.", "net.ema.")])


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_cuda_without_cuda_is_a_device_error(plugin: ModuleType, small: dict[str, Any]) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), small)
    run.device = "cuda"
    with pytest.raises(DeviceError, match="CUDA"):
        plugin.train(run)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_trains_exports_and_agrees(plugin: ModuleType, small: dict[str, Any], tmp_path: Path) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), small)
    run.device = "cuda"
    model = plugin.train(run)
    assert next(model.parameters()).is_cuda
    assert testing.onnx_difference(plugin, model, run, tmp_path / "x.onnx") <= 1e-4
    assert next(model.parameters()).is_cuda


def test_points_are_for_those_that_say_so(plugin: ModuleType, small: dict[str, Any], tmp_path: Path) -> None:
    if "points" not in plugin.describe().takes:
        with pytest.raises(Incompatible):
            trained(plugin, small, shape=(2,))
        return
    model, run = trained(plugin, small, shape=(2,))
    assert testing.onnx_difference(plugin, model, run, tmp_path / "x.onnx") <= 1e-4


def test_options_are_checked(plugin: ModuleType) -> None:
    options = plugin.describe().options
    assert issubclass(options, ganzoo.Options)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"ema": 1.0}, options)


def test_training_learns_the_toy_images(plugin: ModuleType, small: dict[str, Any], name: str) -> None:
    """After a short training samples are nearer to a class's mean image than an untrained generator's are."""
    fast: dict[str, dict[str, Any]] = {
        "acgan": {"lr": 2e-3, "width": 8},
        "dcgan": {"lr": 1e-3, "width": 8},
        "fgan": {"lr": 1e-3, "width": 8},
        "gan": {"lr_g": 1e-3, "lr_d": 2e-3, "width": 8},
        "infogan": {"lr_d": 1e-3, "dense_norm": False, "width": 8},
        "lsgan": {"lr": 1e-3, "width": 8},
        "gman": {"lr": 2e-3, "width": 8, "batch": 16},
        "hgan": {"lr": 4e-3, "filters": 3, "width_g": 8, "width_d": 8},
        "began": {"lr": 2e-3, "width": 8},
        "madgan": {"lr_g": 3e-3, "lr_d": 3e-3, "width": 8},
        "mgan": {"lr_g": 3e-3, "lr_d": 3e-3, "width": 8},
        "pacgan": {"lr": 3e-3, "z_dim": 16, "width": 8},
        "unrolled": {"lr_d": 1e-3, "lr_g": 2e-3, "loss": "nonsaturating", "width": 8},
        "r3gan": {"lr": 2e-3, "lr_end": 5e-4, "width": 8, "ema": 0.9},
        "sngan": {"lr": 2e-3, "n_critic": 1},
        "stylegan": {"lr": 1e-2, "width": 8, "ema": 0.9},
        "ssgan": {"hidden": 64, "hidden_g": 64},
        "wgan": {"lr": 2e-3, "clip": 0.1, "width": 8},
    }
    errors = []
    for steps in (1, 200):
        model, run = trained(plugin, small | {"batch": 32} | fast[name] | {"steps": steps})
        x = plugin.sample(model, latents.samples(run.latent, 0, 0, 200))
        means = np.stack([run.data.scaled()[run.data.y == label].mean(0) for label in range(3)])
        errors.append(np.abs(x[:, None] - means).mean((2, 3, 4)).min(1).mean())
    assert errors[1] < 0.5 * errors[0], errors
