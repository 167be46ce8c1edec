"""Normalisation by name, and spectral normalisation's known mistakes."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from ganzoo_torch import norms
from ganzoo_torch.judges import Judge
from ganzoo_torch.names import Norm
from ganzoo_torch.networks import ConvTrunk
from ganzoo_torch.resnet import ResNetTrunk
from torch import nn
from torch.nn.utils import parametrize

AXES = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}


@pytest.mark.parametrize("kind", sorted(AXES))
def test_activations_are_standardised_over_the_right_axes(kind: Norm) -> None:
    x = 3 * torch.randn(6, 4, 5, 5) + 2
    y = norms.activations(kind, 4)(x)
    mean, deviation = y.mean(AXES[kind]), y.var(AXES[kind], unbiased=False).sqrt()
    torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-5, rtol=0)
    torch.testing.assert_close(deviation, torch.ones_like(deviation), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("channels", "groups"), [(16, 8), (12, 6), (7, 7), (5, 5), (11, 1)])
def test_groups_divide_the_channels(channels: int, groups: int) -> None:
    assert norms.activations("group", channels).num_groups == groups


@pytest.mark.parametrize("kind", ["none", "spectral"])
def test_nothing_is_done_to_activations(kind: Norm) -> None:
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(norms.activations(kind, 3)(x), x)


@pytest.mark.parametrize("kind", sorted(set(get_args(Norm)) - {"batch"}))
def test_all_but_batch_norm_keep_samples_apart(kind: Norm) -> None:
    layer = norms.activations(kind, 4)
    x = torch.randn(3, 4, 5, 5)
    torch.testing.assert_close(layer(x)[:1], layer(x[:1]))


def test_conditional_norm_scales_and_shifts_by_class() -> None:
    layer = norms.Conditional("batch", 2, 3)
    x, y = torch.randn(4, 2, 3, 3), torch.tensor([0, 1, 2, 1])
    plain = layer(x, y)
    layer.scale.weight.data[1] = torch.tensor([2.0, 1.0])
    layer.shift.weight.data[1] = torch.tensor([0.0, 5.0])
    found = layer(x, y)
    torch.testing.assert_close(found[::2], plain[::2])
    torch.testing.assert_close(found[1::2, 0], 2 * plain[1::2, 0])
    torch.testing.assert_close(found[1::2, 1], plain[1::2, 1] + 5)
    assert [name for name, _ in layer.normalise.named_parameters()] == []


def trunks() -> list[nn.Module]:
    return [
        Judge(ConvTrunk((1, 8, 8), 8, norm="spectral"), 3),
        Judge(ResNetTrunk((1, 8, 8), 8, norm="spectral"), 3),
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_every_weight_has_norm_one_after_some_passes(number: int) -> None:
    """By full decomposition, which shares nothing with the power iteration; u follows the weights, step by step."""
    net = norms.spectral(trunks()[number])
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    y = torch.tensor([0, 1, 2, 0])
    for _ in range(100):
        net(torch.randn(4, 1, 8, 8), y).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    net.eval()
    found = norms.singular_values(net)
    assert len(found) > 3
    assert all(abs(value - 1) < 0.02 for value in found.values()), found


def test_gradient_passes_the_division_but_not_the_two_vectors() -> None:
    """σ = uᵀWv with constant u and v: d(W/σ) = dW/σ − W ⟨uvᵀ, dW⟩ / σ²."""
    layer = norms.spectral(nn.Linear(3, 2, bias=False)).double()
    original = layer.parametrizations.weight.original
    x = torch.randn(1, 3, dtype=torch.float64)
    layer.eval()
    layer(x).sum().backward()
    spectral = layer.parametrizations.weight[0]
    u, v = spectral._u, spectral._v
    sigma = u @ original @ v
    outside = torch.ones(2, 1, dtype=torch.float64) @ x
    expected = outside / sigma - torch.outer(u, v) * (outside * original).sum() / sigma**2
    torch.testing.assert_close(original.grad, expected.detach())


def test_vectors_move_in_training_and_stay_in_evaluation() -> None:
    layer = norms.spectral(nn.Linear(6, 5))
    layer.parametrizations.weight.original.data.add_(torch.randn(5, 6))
    before = layer.parametrizations.weight[0]._u.clone()
    layer.eval()
    layer(torch.randn(2, 6))
    assert torch.equal(layer.parametrizations.weight[0]._u, before)
    layer.train()
    layer(torch.randn(2, 6))
    assert not torch.equal(layer.parametrizations.weight[0]._u, before)


def test_two_passes_before_one_backward_are_allowed() -> None:
    net = norms.spectral(Judge(ConvTrunk((1, 8, 8), 4, norm="spectral")))
    (net(torch.randn(2, 1, 8, 8)).mean() - net(torch.randn(2, 1, 8, 8)).mean()).backward()


def test_baked_weights_compute_the_same_and_are_plain() -> None:
    net = norms.spectral(trunks()[0]).eval()
    x, y = torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 0])
    before = net(x, y)
    baked = norms.bake(copy.deepcopy(net))
    assert not any(parametrize.is_parametrized(part) for part in baked.modules())
    torch.testing.assert_close(baked(x, y), before)


def test_scales_by_class_are_not_divided() -> None:
    net = norms.spectral(norms.Conditional("batch", 2, 3))
    assert not any(parametrize.is_parametrized(part) for part in net.modules())
