"""WGAN's losses, clipping and critic schedule."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch
from ganzoo_torch import kit
from ganzoo_torch import wgan as plugin
from ganzoo_torch.models import wgan
from torch import nn
from torch.nn.utils import parameters_to_vector

from ganzoo import testing

SHAPE = (1, 8, 8)
SMALL: dict[str, Any] = {"steps": 4, "batch": 16, "z_dim": 6, "width": 4, "hidden": 16}


@pytest.fixture(params=[(1, 8, 8), (2,)])
def shape(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture
def nets(shape: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    return wgan.build(plugin.WganOptions(**SMALL), shape)


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def step(g: nn.Module, critic: nn.Module, real: torch.Tensor, bound: float = 0.01) -> torch.Tensor:
    optimiser = kit.rmsprop(critic.parameters(), 1e-3)
    return wgan.critic_step(g, critic, optimiser, real, torch.randn(len(real), 6), bound=bound, apart=False)


def test_critic_loss_falls_as_real_scores_rise_and_generator_loss_as_fake_scores_rise() -> None:
    low, high = torch.tensor([0.0, 1.0]), torch.tensor([2.0, 5.0])
    assert wgan.critic_loss(high, low).item() == -3.0
    assert wgan.critic_loss(low, high).item() == 3.0
    assert wgan.generator_loss(high).item() == -3.5


def test_critic_is_linear_at_the_end(nets: tuple[nn.Module, nn.Module], shape: tuple[int, ...]) -> None:
    _, critic = nets
    assert not any(isinstance(part, nn.Sigmoid | nn.Tanh | nn.Softmax | nn.LogSigmoid) for part in critic.modules())
    last = [part for part in critic.modules() if isinstance(part, nn.Linear)][-1]
    x = torch.randn(4, *shape)
    scores = critic(x)
    with torch.no_grad():
        last.weight.mul_(1000)
        last.bias.mul_(1000)
    torch.testing.assert_close(critic(x), 1000 * scores)


@pytest.mark.parametrize("norm", [True, False])
def test_critic_of_images_has_batch_norm_if_asked(norm: bool) -> None:
    _, critic = wgan.build(plugin.WganOptions(**SMALL | {"critic_norm": norm}), (1, 8, 8))
    x = torch.randn(6, 1, 8, 8)
    together, alone = critic(x)[2:4], critic(x[2:4])
    assert torch.allclose(together, alone, atol=1e-6) != norm


def test_batch_norm_keeps_real_and_fake_apart() -> None:
    """A critic with batch norm must not see both in one batch: its statistics would tell them apart."""
    g, critic = wgan.build(plugin.WganOptions(**SMALL), (1, 8, 8))
    sizes: list[int] = []
    critic.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    for apart in (True, False):
        optimiser = kit.rmsprop(critic.parameters(), 1e-3)
        real = torch.randn(8, 1, 8, 8)
        wgan.critic_step(g, critic, optimiser, real, torch.randn(8, 6), bound=0.01, apart=apart)
    assert sizes == [8, 8, 16]


def test_critic_step_clips_and_moves_only_the_critic(nets: tuple[nn.Module, nn.Module], shape: tuple[int, ...]) -> None:
    g, critic = nets
    before, critic_before = vector(g), vector(critic)
    assert critic_before.abs().max() > 0.01
    step(g, critic, torch.randn(8, *shape))
    assert vector(critic).abs().max() <= 0.01
    assert not torch.equal(vector(critic), critic_before.clamp(-0.01, 0.01))
    assert torch.equal(vector(g), before)
    assert all(p.grad is None for p in g.parameters())


def test_generator_step_moves_only_the_generator(nets: tuple[nn.Module, nn.Module]) -> None:
    g, critic = nets
    before, weights = vector(critic), [p.detach().clone() for p in g.parameters()]
    wgan.generator_step(g, critic, kit.rmsprop(g.parameters(), 1e-3), torch.randn(8, 6))
    assert torch.equal(vector(critic), before)
    assert any(not torch.equal(a, b) for a, b in zip(g.parameters(), weights, strict=True))
    assert all(p.grad is None and p.requires_grad for p in critic.parameters())


def test_critic_learns_to_score_real_above_fake(nets: tuple[nn.Module, nn.Module], shape: tuple[int, ...]) -> None:
    g, critic = nets
    optimiser = kit.rmsprop(critic.parameters(), 1e-3)
    real, z = torch.full((16, *shape), 0.9), torch.randn(16, 6)
    for _ in range(50):
        loss = wgan.critic_step(g, critic, optimiser, real, z, bound=0.1, apart=False)
    assert loss.item() < 0
    assert critic(real).mean() > critic(g(z)).mean()


def test_generator_only_ever_sees_a_clipped_critic(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    original = wgan.generator_step

    def watching(g: nn.Module, critic: nn.Module, *rest: Any) -> torch.Tensor:
        seen.append(vector(critic).abs().max().item())
        return original(g, critic, *rest)

    monkeypatch.setattr(wgan, "generator_step", watching)
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"lr": 0.1, "warmup_steps": 0})
    plugin.train(run)
    assert len(seen) == 4
    assert max(seen) == pytest.approx(0.01, rel=1e-5)


def test_critic_is_clipped_before_its_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    first: list[float] = []
    original = wgan.critic_step

    def watching(g: nn.Module, critic: nn.Module, *rest: Any, **named: Any) -> torch.Tensor:
        first.append(vector(critic).abs().max().item())
        return original(g, critic, *rest, **named)

    monkeypatch.setattr(wgan, "critic_step", watching)
    plugin.train(testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"steps": 1}))
    assert len(first) == 100
    assert max(first) <= 0.01 + 1e-9


def test_schedule_is_the_authors() -> None:
    o = plugin.WganOptions()
    counts = [wgan.critic_updates(s, o) for s in range(1002)]
    assert counts[:25] == [100] * 25
    assert {s for s in range(25, 1002) if counts[s] != 5} == {500, 1000}
    assert counts[500] == counts[1000] == 100


@pytest.mark.parametrize(
    "changes", [{}, {"warmup_steps": 0}, {"warmup_every": 1}, {"warmup_every": 7}, {"n_critic": 1}]
)
def test_ticks_follow_one_another_without_gap_or_overlap(changes: dict[str, int]) -> None:
    o = plugin.WganOptions(**changes)
    position = 0
    for s in range(120):
        ticks = wgan.critic_ticks(s, o)
        assert ticks.start == position
        assert len(ticks) == wgan.critic_updates(s, o)
        position = ticks.stop


def test_every_critic_update_gets_its_own_batch() -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"warmup_steps": 0, "warmup_critic": 2})
    ticks: list[int] = []
    draw = run.indices
    run.indices = lambda batch, tick, n=None: ticks.append(tick) or draw(batch, tick, n)  # type: ignore[method-assign]  # every draw passes through here
    plugin.train(run)
    assert ticks == list(range(2 + 5 + 5 + 5))


def test_module_is_a_plugin() -> None:
    assert isinstance(plugin, ModuleType)
    assert plugin.describe().takes == ("image", "points")
