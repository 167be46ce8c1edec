"""The unrolled GAN: updates that a gradient flows through, and what each network's step is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from ganzoo_torch import kit
from ganzoo_torch import unrolled as plugin
from ganzoo_torch.adversarial import Player
from ganzoo_torch.models import unrolled
from ganzoo_torch.objectives import cross_entropy, non_saturating
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

REAL = torch.linspace(-1, 1, 12, dtype=torch.float64).view(6, 2).sin()
Z = torch.linspace(-2, 2, 12, dtype=torch.float64).view(6, 2).cos()
LR_D = 0.05


def options(**changed: Any) -> plugin.UnrolledOptions:
    return plugin.UnrolledOptions(**{"z_dim": 2, "hidden": 3, "lr_d": LR_D, **changed})


def players(o: plugin.UnrolledOptions, *, warm: int = 0) -> tuple[Player, Player]:
    """G, moved by plain descent of rate 1, and D after ``warm`` plain updates, both in float64."""
    g, d = (net.double() for net in unrolled.build(o, (2,)))
    pair = Player(g, kit.sgd(g.parameters(), 1.0, 0)), Player(d, kit.adam(d.parameters(), o.lr_d, o.beta1))
    for _ in range(warm):
        plain_update(*pair)
    return pair


def plain_update(g: Player, d: Player) -> None:
    with torch.no_grad():
        fake = g.net(Z)
    kit.descend(d.optimiser, cross_entropy(d.net(REAL), d.net(fake)))


def vector(net: nn.Module) -> Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def slope(o: plugin.UnrolledOptions, pair: tuple[Player, Player]) -> Tensor:
    """The gradient that a step moves G along."""
    g, d = copy.deepcopy(pair)
    before = vector(g.net)
    unrolled.step_both(o, g, d, REAL, Z)
    return before - vector(g.net)


@pytest.mark.parametrize("warm", [0, 4])
@pytest.mark.parametrize("loss", ["minimax", "nonsaturating"])
@pytest.mark.parametrize("k", [0, 1, 3])
def test_the_gradient_through_the_updates_is_the_finite_difference(k: int, loss: str, warm: int) -> None:
    o = options(unroll=k, loss=loss)
    pair = players(o, warm=warm)
    found, h = slope(o, pair), 1e-6
    start = vector(pair[0].net)
    differences = []
    for number in range(len(start)):
        losses = []
        for sign in (1, -1):
            g, d = copy.deepcopy(pair)
            moved = start.clone()
            moved[number] += sign * h
            vector_to_parameters(moved, g.net.parameters())
            losses.append(unrolled.step_both(o, g, d, REAL, Z)[1])
        differences.append((losses[0] - losses[1]) / (2 * h))
    torch.testing.assert_close(found, torch.stack(differences), rtol=1e-4, atol=1e-7)


def test_looking_ahead_changes_the_gradient() -> None:
    pair = players(options(), warm=4)
    plain, one, three = (slope(options(unroll=k), pair) for k in (0, 1, 3))
    assert float((plain - one).norm() / plain.norm()) > 1e-3
    assert float((one - three).norm() / one.norm()) > 1e-3


@pytest.mark.parametrize("loss", ["minimax", "nonsaturating"])
@pytest.mark.parametrize("warm", [0, 4])
def test_without_unrolling_the_step_is_that_of_a_plain_gan(warm: int, loss: str) -> None:
    o = options(unroll=0, loss=loss)
    pair = players(o, warm=warm)
    g, d = copy.deepcopy(pair)
    real, fake = d.net(REAL), d.net(g.net(Z))
    g_loss = {"minimax": -cross_entropy(real, fake), "nonsaturating": non_saturating(real, fake)}[loss]
    kit.descend_both(d.optimiser, cross_entropy(real, fake), g.optimiser, g_loss)
    unrolled.step_both(o, *pair, REAL, Z)
    for own, plain in zip(pair, (g, d), strict=True):
        torch.testing.assert_close(vector(own.net), vector(plain.net), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("warm", [0, 4])
@pytest.mark.parametrize("k", [0, 1, 5])
def test_d_takes_one_plain_update_whatever_g_looks_at(k: int, warm: int) -> None:
    o = options(unroll=k)
    pair = players(o, warm=warm)
    g, d = copy.deepcopy(pair)
    plain_update(g, d)
    unrolled.step_both(o, *pair, REAL, Z)
    torch.testing.assert_close(vector(pair[1].net), vector(d.net), rtol=1e-12, atol=1e-12)
    states = [[player.optimiser.state[p] for p in player.net.parameters()] for player in (pair[1], d)]
    torch.testing.assert_close(states[0], states[1], rtol=1e-12, atol=1e-12)
    assert all(p.grad is None for player in pair for p in player.net.parameters())


@pytest.mark.parametrize("warm", [0, 4])
@pytest.mark.parametrize("k", [1, 3])
def test_the_unrolled_updates_are_those_of_the_optimiser(k: int, warm: int) -> None:
    """G's loss is that of the D which k real updates on the same batch lead to, real samples' part included."""
    o = options(unroll=k)
    pair = players(o, warm=warm)
    g, d = copy.deepcopy(pair)
    for _ in range(k):
        plain_update(g, d)
    _, g_loss = unrolled.step_both(o, *pair, REAL, Z)
    expected = -cross_entropy(d.net(REAL), d.net(g.net(Z))).detach()
    torch.testing.assert_close(g_loss, expected, rtol=1e-10, atol=1e-10)


def test_a_weight_without_a_gradient_leaves_the_others_finite() -> None:
    gradient = torch.tensor([0.0, 1e-3], requires_grad=True)
    zeros = torch.zeros(2)
    at = unrolled.adam(unrolled.Place(zeros, zeros, zeros, torch.zeros((), dtype=torch.float64)), gradient, 0.1, 0.5)
    (found,) = torch.autograd.grad(at.weights.sum(), gradient)
    assert bool(found.isfinite().all())
    torch.testing.assert_close(at.weights.detach(), torch.tensor([0.0, -0.1]), rtol=1e-4, atol=0)


def test_the_networks_for_points_are_the_authors() -> None:
    g, d = unrolled.build(plugin.UnrolledOptions(), (2,))
    assert [tuple(p.shape) for p in g.parameters() if p.dim() > 1] == [(128, 256), (128, 128), (2, 128)]
    assert [tuple(p.shape) for p in d.parameters() if p.dim() > 1] == [(128, 2), (128, 128), (1, 128)]
    for net in (g, d):
        for weight in (p for p in net.parameters() if p.dim() > 1):
            torch.testing.assert_close(torch.linalg.svdvals(weight), torch.full((min(weight.shape),), 1.4))


def test_images_have_second_derivatives_too() -> None:
    o = options(unroll=2, width=4)
    g, d = (Player(net, kit.adam(net.parameters(), 1e-3, 0.5)) for net in unrolled.build(o, (1, 8, 8)))
    for _ in range(3):
        losses = unrolled.step_both(o, g, d, torch.rand(4, 1, 8, 8), torch.randn(4, 2))
    assert all(bool(loss.isfinite()) for loss in losses)
    assert bool(vector(g.net).isfinite().all())
