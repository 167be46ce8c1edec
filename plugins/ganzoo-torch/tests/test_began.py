"""BEGAN's errors, its balance, and its joint update."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ganzoo_torch import began as plugin
from ganzoo_torch import kit
from ganzoo_torch.models import began
from torch import nn
from torch.nn.utils import parameters_to_vector

from ganzoo import testing
from ganzoo.training.loop import MemoryCheckpoints

SHAPE = (1, 8, 8)
SMALL: dict[str, Any] = {"batch": 6, "z_dim": 5, "width": 4}


@pytest.fixture
def nets() -> tuple[nn.Module, nn.Module]:
    return began.build(plugin.BeganOptions(**SMALL), SHAPE)


def test_errors_are_means_over_images_and_pixels() -> None:
    real, fake = torch.rand(3, *SHAPE), -torch.rand(3, *SHAPE)
    found = began.errors(nn.ReLU(), real, fake)
    torch.testing.assert_close(found, (torch.tensor(0.0), -fake.mean()))


@pytest.mark.parametrize("k", [0.0, 0.3])
def test_both_networks_move_along_their_own_loss_at_once(nets: tuple[nn.Module, nn.Module], k: float) -> None:
    g, d = nets
    real, z, lr = torch.rand(6, *SHAPE), torch.rand(6, 5), 0.01
    balance = began.Balance(0.5, 0.1)
    balance.k.fill_(k)
    x = g(z)
    of_real, of_fake = (d(real) - real).abs().mean(), (d(x) - x).abs().mean()  # x is both input and target
    losses = (of_fake, of_real - k * of_fake)
    expected = [
        parameters_to_vector(net.parameters())
        - lr * parameters_to_vector(torch.autograd.grad(loss, list(net.parameters()), retain_graph=True))
        for net, loss in zip(nets, losses, strict=True)
    ]
    logged = began.step_both(g, d, (kit.sgd(g.parameters(), lr, 0), kit.sgd(d.parameters(), lr, 0)), balance, real, z)
    for net, vector in zip(nets, expected, strict=True):
        torch.testing.assert_close(parameters_to_vector(net.parameters()), vector)
        assert all(p.grad is None for p in net.parameters())
    gap = 0.5 * of_real - of_fake
    torch.testing.assert_close(logged["convergence"], (of_real + gap.abs()).detach())
    torch.testing.assert_close(logged["k"], torch.tensor(k))
    torch.testing.assert_close(balance.k, (k + 0.1 * gap).clamp(0, 1).detach())


@pytest.mark.parametrize(
    ("k", "real", "fake", "after"),
    [(0.2, 1.0, 0.4, 0.21), (0.2, 1.0, 0.7, 0.18), (0.0, 1.0, 0.7, 0.0), (0.999, 1.0, 0.0, 1.0)],
)
def test_k_rises_where_fakes_are_reconstructed_too_well_and_stays_in_its_bounds(
    k: float, real: float, fake: float, after: float
) -> None:
    balance = began.Balance(gamma=0.5, lambda_k=0.1)
    balance.k.fill_(k)
    balance.update(torch.tensor(real), torch.tensor(fake))
    assert float(balance.k) == pytest.approx(after)


def test_k_is_saved_not_learnt_and_starts_at_zero() -> None:
    assert float(began.Balance(0.5, 0.1).k) == 0
    assert list(began.Balance(0.5, 0.1).parameters()) == []
    options = {**SMALL, "steps": 6, "lambda_k": 0.05, "gamma": 1.0}
    run = testing.memory_run(plugin.describe(), testing.toy_images(), options, checkpoints=MemoryCheckpoints())
    seen: list[float] = []
    run.log = lambda **scalars: seen.append(float(scalars["k"]))  # type: ignore[method-assign]
    plugin.train(run)
    assert seen[0] == 0
    assert float(run._checkpoints.last.arrays["net.balance.k"]) not in {0.0, seen[-1]}


def test_a_resumed_run_has_its_k_and_its_rate() -> None:
    options = {**SMALL, "steps": 8, "lambda_k": 0.5, "gamma": 1.0, "lr_halving": 2, "lr_floor": 0.0}
    straight, stopped = testing.interrupt_and_resume(plugin, plugin.describe(), testing.toy_images(), options, 5)
    assert float(straight["net.balance.k"]) > 0
    assert all((straight[key] == stopped[key]).all() for key in straight)


def test_the_rate_is_halved_down_to_its_floor_and_never_raised() -> None:
    o = plugin.BeganOptions(lr=8e-5, lr_halving=100, lr_floor=3e-5)
    assert [began.rate(o, step) for step in (0, 99, 100, 199, 200, 900)] == [8e-5, 8e-5, 4e-5, 4e-5, 3e-5, 3e-5]
    assert began.rate(plugin.BeganOptions(lr=1e-5), 0) == 1e-5


def test_images_are_clipped_in_inference_alone(nets: tuple[nn.Module, nn.Module]) -> None:
    g, _ = nets
    z = 1e3 * torch.rand(4, 5)
    assert float(g(z).detach().abs().max()) > 1
    assert float(g.eval()(z).detach().abs().max()) <= 1


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 28, 28), (1, 9, 15), (3, 64, 64)])
def test_the_autoencoder_gives_back_images_of_any_size_through_a_code(shape: tuple[int, ...]) -> None:
    o = plugin.BeganOptions(**SMALL)
    g, d = began.build(o, shape)
    x = torch.rand(2, *shape)
    assert d[0](x).shape == (2, o.z_dim)
    assert d(x).shape == g(torch.rand(2, o.z_dim)).shape == x.shape
    base = [part.unflattened_size for part in g.modules() if isinstance(part, nn.Unflatten)]
    assert min(base[0][1:]) <= 8


def test_an_elu_follows_each_convolution_and_nothing_else(nets: tuple[nn.Module, nn.Module]) -> None:
    """A widely used implementation has its library's ReLU before each ELU, which leaves the ELU without effect."""
    for net in nets:
        assert not any(isinstance(part, nn.ReLU | nn.LeakyReLU | nn.Tanh | nn.Sigmoid) for part in net.modules())
        convolutions = sum(isinstance(part, nn.Conv2d) for part in net.modules())
        assert sum(isinstance(part, nn.ELU) for part in net.modules()) == convolutions - 1


def test_latents_are_uniform() -> None:
    assert plugin.describe().inputs.law == "uniform"
