"""SNGAN's spectral normalisation, order of updates, batches, schedule and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_torch import adversarial, kit, norms, onnx_file
from ganzoo_torch import sngan as plugin
from ganzoo_torch.models import sngan
from torch import nn
from torch.nn.utils import parametrize

from ganzoo import testing

SHAPE = (1, 8, 8)
SMALL: dict[str, Any] = {"batch": 8, "z_dim": 6, "width_g": 8, "width_d": 8, "n_critic": 2}


def options(**changes: Any) -> Any:
    return plugin.SnganOptions(**SMALL | {"steps": 4} | changes)


def buffers(d: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in d.named_buffers()}


def played(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> list[tuple[str, Any]]:
    """What the two steps of a short training were given, in order."""
    seen: list[tuple[str, Any]] = []
    for name in ("generator_step", "discriminator_step"):
        original = getattr(adversarial, name)

        def watching(*given: Any, original: Any = original, name: str = name) -> torch.Tensor:
            seen.append((name, given))
            return original(*given)

        monkeypatch.setattr(sngan, name, watching)
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"steps": 2} | changes)
    plugin.train(run)
    return seen


def test_every_weight_of_d_has_norm_one_after_training() -> None:
    """By full decomposition. The estimate is never too large, so that no norm is below 1; while the weights move, one
    power iteration a pass may lag by some percent where two singular values are close, and then catches up."""
    o = options(steps=30, lr=1e-3)
    g, d = sngan.build(o, SHAPE, 3)
    players = [adversarial.Player(net, kit.adam(net.parameters(), o.lr, o.beta1, o.beta2)) for net in (g, d)]
    before = [p.detach().clone() for p in d.parameters()]
    for step in range(o.steps):
        kit.schedule((player.optimiser for player in players), lr=sngan.rate(o, step))
        real = torch.rand(8, *SHAPE), torch.randint(3, (8,))
        inputs = {"z": torch.randn(8, 6), "y": real[1]}
        adversarial.generator_step(sngan.RULES, *players, None, inputs, step)
        with torch.no_grad():
            fake = g(**inputs)
        adversarial.discriminator_step(sngan.RULES, players[1], real, fake, step)
    assert all(not torch.equal(p, was) for p, was in zip(d.parameters(), before, strict=True))
    found = norms.singular_values(d.eval()).values()
    assert len(found) == 12
    assert min(found) > 0.9999
    assert max(found) < 1.1
    d.train()
    with torch.no_grad():
        for _ in range(100):
            d(real[0], real[1])
    assert all(value == pytest.approx(1, abs=0.02) for value in norms.singular_values(d.eval()).values())


def test_every_layer_of_d_is_normalised_and_none_of_g() -> None:
    g, d = sngan.build(options(), SHAPE, 3)
    for part in d.modules():
        if isinstance(part, nn.Conv2d | nn.Linear | nn.Embedding):
            assert parametrize.is_parametrized(part, "weight")
    assert not any(parametrize.is_parametrized(part) for part in g.modules())


def test_power_iteration_moves_in_training_and_rests_in_evaluation() -> None:
    _, d = sngan.build(options(), SHAPE, 0)
    x = torch.randn(4, *SHAPE)
    with torch.no_grad():  # away from the fixed point that the layers begin at
        for part in d.modules():
            if parametrize.is_parametrized(part):
                part.parametrizations.weight.original.normal_()
    before = buffers(d)
    d.eval()
    first = d(x)
    assert all(torch.equal(value, before[name]) for name, value in d.named_buffers())
    assert torch.equal(first, d(x))
    d.train()
    d(x)
    assert any(not torch.equal(value, before[name]) for name, value in d.named_buffers())


def test_two_passes_of_d_can_be_differentiated_together() -> None:
    """The vectors of the first pass must not be overwritten by the second before the backward pass."""
    _, d = sngan.build(options(), SHAPE, 0)
    (d(torch.randn(4, *SHAPE)).mean() - d(torch.randn(4, *SHAPE)).mean()).backward()


def test_power_iteration_is_of_the_weight_itself_and_carries_no_gradient() -> None:
    layer = nn.Linear(5, 4, bias=False)
    net = norms.spectral(nn.Sequential(layer)).eval()
    part = layer.parametrizations.weight
    u, v, weight = part[0]._u, part[0]._v, part.original
    sigma = u @ weight @ v
    torch.testing.assert_close(layer.weight, weight / sigma)
    x = torch.randn(3, 5)
    net(x).sum().backward()
    by_hand = part.original.detach().clone().requires_grad_()
    (x @ (by_hand / (u.detach() @ by_hand @ v.detach())).t()).sum().backward()
    torch.testing.assert_close(weight.grad, by_hand.grad)


def test_g_moves_first_and_on_twice_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = played(monkeypatch)
    assert [name[0] for name, _ in seen] == ["g", "d", "d"] * 2
    sizes = [len(given[4]["z"]) if name[0] == "g" else len(given[2][0]) for name, given in seen]
    assert sizes == [16, 8, 8] * 2


def test_every_update_of_d_gets_its_own_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = [given[2][0] for name, given in played(monkeypatch) if name[0] == "d"]
    assert len({x.numpy().tobytes() for x in batches}) == 4


@pytest.mark.parametrize("dequantise", [True, False])
def test_reals_are_dequantised_if_asked_and_fakes_are_not(monkeypatch: pytest.MonkeyPatch, dequantise: bool) -> None:
    seen = [given for name, given in played(monkeypatch, dequantise=dequantise) if name[0] == "d"]
    levels = np.concatenate([(given[2][0].numpy() + 1) * 127.5 for given in seen])
    off = np.abs(levels - np.rint(levels)).max()
    assert (off > 0.01) == dequantise
    assert all(given[3].abs().max() <= 1 for given in seen)


def test_dequantisation_is_uniform_up_to_a_128th() -> None:
    noise = sngan.dequantised(torch.zeros(100_000)) * 128
    assert noise.min() >= 0
    assert noise.max() <= 1
    assert noise.mean().item() == pytest.approx(0.5, abs=0.01)
    assert noise.var().item() == pytest.approx(1 / 12, abs=0.01)


def test_rate_falls_linearly_to_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    o = options(steps=4, lr=1.0)
    assert [sngan.rate(o, step) for step in range(5)] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert sngan.rate(options(lr_decay=False, lr=1.0), 3) == 1.0
    players = played(monkeypatch)[0][1][1:3]
    assert [p.optimiser.param_groups[0]["lr"] for p in players] == [1e-4] * 2  # as the last of two steps left them


def test_features_are_summed_over_space_not_averaged() -> None:
    _, small = sngan.build(options(), SHAPE, 0)
    trunk = small.trunk
    h = trunk(torch.zeros(1, *SHAPE))
    maps = torch.zeros(1, *SHAPE)
    for block in trunk.blocks:
        maps = block(maps)
    torch.testing.assert_close(h, maps.relu().sum((2, 3)))
    assert small.logit.bias is None


def test_label_projection_is_the_inner_product_with_the_features() -> None:
    _, d = sngan.build(options(), SHAPE, 3)
    d.eval()
    x, y = torch.randn(5, *SHAPE), torch.tensor([0, 1, 2, 0, 1])
    h = d.trunk(x)
    torch.testing.assert_close(d(x, y), h @ d.logit.weight[0] + (h * d.embed.weight[y]).sum(1))


def test_generator_scales_and_shifts_by_class() -> None:
    g, _ = sngan.build(options(), SHAPE, 3)
    z, y = torch.randn(6, 6), torch.tensor([0, 1, 2, 0, 1, 2])
    torch.testing.assert_close(g(z, y), g(z, y.flip(0)))  # all classes begin alike
    with torch.no_grad():
        g.blocks[0].norms[0].shift.weight[1] += 1
    g.eval()
    others = g(z, y), g(z, torch.zeros_like(y))
    same = (others[0] - others[1]).abs().amax((1, 2, 3)) < 1e-6
    assert same.tolist() == [True, False, True, True, False, True]


def test_conditional_generator_is_exported(tmp_path: Path) -> None:
    import onnxruntime

    g, _ = sngan.build(options(), SHAPE, 3)
    path = tmp_path / "g.onnx"
    onnx_file.export_generator(g, path)
    inputs = {"z": np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32), "y": np.array([0, 1, 2, 1, 0])}
    found = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)[0]
    np.testing.assert_allclose(found, kit.sample(g, inputs), atol=1e-5)


def test_resume_keeps_noise_and_rate() -> None:
    """Dequantisation and the rate are functions of the step: a stopped run goes on bit for bit."""
    straight, stopped = testing.interrupt_and_resume(
        plugin, plugin.describe(), testing.toy_images(), SMALL | {"steps": 5}, 2
    )
    assert any("_u" in name for name in straight)
    for name, value in straight.items():
        np.testing.assert_array_equal(value, stopped[name], err_msg=name)
