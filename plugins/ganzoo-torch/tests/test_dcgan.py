"""DCGAN's losses and update step."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_torch import kit
from ganzoo_torch.models import dcgan
from ganzoo_torch.networks import ConvGenerator
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import parameters_to_vector

SHAPE = (1, 8, 8)


@pytest.fixture
def nets() -> tuple[nn.Module, nn.Module]:
    return ConvGenerator({"z": 6}, SHAPE, 4), dcgan.Discriminator(SHAPE, 4)


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def test_losses_are_cross_entropy_on_logits() -> None:
    real, fake = torch.randn(9), torch.randn(9)
    ones, zeros = torch.ones(9), torch.zeros(9)
    expected = binary_cross_entropy_with_logits(real, ones) + binary_cross_entropy_with_logits(fake, zeros)
    torch.testing.assert_close(dcgan.discriminator_loss(real, fake), expected)
    torch.testing.assert_close(dcgan.generator_loss(fake), binary_cross_entropy_with_logits(fake, ones))


def test_confident_and_right_costs_nothing_and_undecided_costs_log_two() -> None:
    sure, zero = torch.full((4,), 40.0), torch.zeros(4)
    assert dcgan.discriminator_loss(sure, -sure).item() == pytest.approx(0, abs=1e-9)
    assert dcgan.discriminator_loss(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert dcgan.generator_loss(-sure).item() == pytest.approx(40)  # does not saturate


def test_discriminator_step_moves_only_the_discriminator(nets: tuple[nn.Module, nn.Module]) -> None:
    g, d = nets
    g_before, d_before = vector(g), vector(d)
    dcgan.discriminator_step(g, d, kit.adam(d.parameters(), 1e-3, 0.5), torch.rand(8, *SHAPE), torch.randn(8, 6))
    assert torch.equal(vector(g), g_before)
    assert not torch.equal(vector(d), d_before)
    assert all(p.grad is None for p in g.parameters())


def test_generator_step_moves_only_the_generator_and_leaves_no_gradients(nets: tuple[nn.Module, nn.Module]) -> None:
    g, d = nets
    before = {key: value.clone() for key, value in d.state_dict().items()}
    weights = [p.detach().clone() for p in g.parameters()]
    dcgan.generator_step(g, d, kit.adam(g.parameters(), 1e-3, 0.5), torch.randn(8, 6))
    assert all(torch.equal(value, before[key]) for key, value in d.state_dict().items())
    assert not any(torch.equal(a, b) for a, b in zip(g.parameters(), weights, strict=True))
    assert all(p.grad is None and p.requires_grad for p in d.parameters())


def test_discriminator_learns_to_score_real_above_fake(nets: tuple[nn.Module, nn.Module]) -> None:
    g, d = nets
    real, z = torch.full((16, *SHAPE), 0.7) + 0.1 * torch.randn(16, *SHAPE), torch.randn(16, 6)
    optimiser = kit.adam(d.parameters(), 2e-3, 0.5)
    losses = [dcgan.discriminator_step(g, d, optimiser, real, z).item() for _ in range(40)]
    assert losses[-1] < 0.5 * losses[0]


def test_generator_step_raises_the_scores_of_fakes(nets: tuple[nn.Module, nn.Module]) -> None:
    g, d = nets
    z = torch.randn(16, 6)
    optimiser = kit.adam(g.parameters(), 2e-3, 0.5)
    losses = [dcgan.generator_step(g, d, optimiser, z).item() for _ in range(20)]
    assert losses[-1] < losses[0]


def test_real_and_fake_are_normalised_apart(nets: tuple[nn.Module, nn.Module]) -> None:
    g, d = nets
    sizes: list[int] = []
    d.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0])))
    dcgan.discriminator_step(g, d, kit.adam(d.parameters(), 1e-3, 0.5), torch.rand(8, *SHAPE), torch.randn(8, 6))
    assert sizes == [8, 8]
