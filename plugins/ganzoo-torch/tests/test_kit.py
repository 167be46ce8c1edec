"""The shared kit: data, state, EMA, freezing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ganzoo_torch import dcgan, kit
from torch import nn

from ganzoo import testing


def test_real_images_reach_the_discriminator_in_minus_one_to_one() -> None:
    data = testing.toy_images()
    data.x[0, 0, 0, :2] = (0, 255)
    run = testing.memory_run(dcgan.describe(), data)
    feed = kit.Feed(run, torch.device("cpu"))
    assert feed.x.dtype == torch.float32
    assert (feed.x.min().item(), feed.x.max().item()) == (-1.0, 1.0)
    rows = run.indices(5, 3)
    np.testing.assert_array_equal(feed.reals(5, 3).numpy(), data.scaled()[rows])


def test_frozen_nets_get_no_gradients_but_pass_them_on() -> None:
    net, x = nn.Linear(2, 1), torch.ones(3, 2, requires_grad=True)
    with kit.frozen(net):
        net(x).sum().backward()
    assert net.weight.grad is None
    assert x.grad is not None
    assert all(p.requires_grad for p in net.parameters())


def test_descend_goes_down_and_leaves_no_gradient() -> None:
    net = nn.Linear(1, 1, bias=False)
    before = net.weight.item()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    kit.descend(optimiser, net(torch.ones(1, 1)).sum())
    assert net.weight.item() == pytest.approx(before - 0.1)
    assert net.weight.grad is None


def test_a_gradient_for_the_log_is_that_of_the_last_step() -> None:
    net, gradient = nn.Linear(2, 1, bias=False), kit.Gradient()
    optimiser = kit.adam(net.parameters(), 0.1, 0.5)
    assert float(gradient) == 0
    for length in (1.0, 10.0):
        kit.descend(optimiser, net(torch.tensor([[3.0, 4.0]]) * length).sum(), gradient)
        assert float(gradient) == pytest.approx(5 * length)
    assert net.weight.grad is None


@pytest.mark.parametrize(
    "make", [lambda p: kit.adam(p, 0.1, 0.5), lambda p: kit.rmsprop(p, 0.1), lambda p: kit.sgd(p, 0.1, 0)]
)
def test_a_step_does_not_depend_on_how_the_gradient_lies_in_memory(make) -> None:
    gradient, moved = torch.randn(4, 3, 2, 2), []
    for layout in (torch.contiguous_format, torch.channels_last):
        weight = nn.Parameter(torch.zeros(4, 3, 2, 2))
        kit.step_along(make([weight]), [gradient.contiguous(memory_format=layout)])
        moved.append(weight.detach())
    assert torch.equal(*moved)


def test_optimisers_have_the_papers_settings() -> None:
    parameters = list(nn.Linear(1, 1).parameters())
    adam = kit.adam(parameters, 1e-3, 0.5).defaults
    assert (adam["lr"], adam["betas"], adam["eps"], adam["weight_decay"]) == (1e-3, (0.5, 0.999), 1e-8, 0)
    rmsprop = kit.rmsprop(parameters, 1e-3).defaults
    assert (rmsprop["lr"], rmsprop["alpha"], rmsprop["momentum"], rmsprop["centered"]) == (1e-3, 0.99, 0, False)


def test_ema_forgets_its_start_and_then_decays_as_asked() -> None:
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    ema = kit.Ema(net, 0.9)
    nn.init.ones_(net.weight)
    ema.update(0)
    assert ema.result.weight.item() == pytest.approx(0.9)  # decay 1/10 at step 0
    nn.init.zeros_(net.weight)
    ema.update(10**6)
    assert ema.result.weight.item() == pytest.approx(0.81)


def test_ema_off_is_the_network_itself() -> None:
    net = nn.Linear(1, 1)
    ema = kit.Ema(net, 0.0)
    ema.update(0)
    assert ema.result is net
    assert ema.nets == {}


@pytest.mark.parametrize("make", [lambda p: kit.adam(p, 0.01, 0.5), lambda p: kit.rmsprop(p, 0.01)])
def test_state_returns_bit_for_bit_with_moments_and_counters(make) -> None:
    def fresh(seed: int):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
        optimiser = make(net.parameters())
        return net, optimiser, kit.State({"n": net}, {"n": optimiser})

    x = torch.randn(8, 3)
    net, optimiser, state = fresh(0)
    for _ in range(3):
        kit.descend(optimiser, net(x).square().sum())
    saved = state.state_arrays()
    kept = {name: value.copy() for name, value in saved.items()}
    assert sum(name.endswith(".step") for name in saved) == 6
    other, other_optimiser, other_state = fresh(1)
    other_state.load_arrays(saved)
    for _ in range(2):
        kit.descend(optimiser, net(x).square().sum())
        kit.descend(other_optimiser, other(x).square().sum())
    for name, value in state.state_arrays().items():
        np.testing.assert_array_equal(value, other_state.state_arrays()[name], err_msg=name)
    for name, value in saved.items():  # arrays handed out are copies, not views of live weights
        np.testing.assert_array_equal(value, kept[name])


def test_weights_depend_on_the_seed_alone() -> None:
    def weight(seed: int) -> torch.Tensor:
        with kit.seeded(seed):
            return nn.Linear(3, 3).weight.detach()

    torch.manual_seed(1)
    first = weight(0)
    torch.manual_seed(2)
    assert torch.equal(first, weight(0))
    assert not torch.equal(first, weight(1))
