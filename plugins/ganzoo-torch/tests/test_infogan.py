"""InfoGAN's codes, its mutual-information term and who updates what."""

from __future__ import annotations

import math

import pytest
import torch
from ganzoo_torch import infogan as plugin
from ganzoo_torch import kit
from ganzoo_torch.models import infogan
from torch import nn
from torch.nn.utils import parameters_to_vector

SHAPE = (1, 8, 8)
OPTIONS = plugin.InfoganOptions(z_dim=6, width=4, categorical=3)
N = 8


@pytest.fixture
def nets() -> infogan.Nets:
    return infogan.build(OPTIONS, SHAPE)


@pytest.fixture
def latents() -> dict[str, torch.Tensor]:
    one_hot = nn.functional.one_hot(torch.arange(N) % 3, 3).float()
    return {"z": torch.rand(N, 6) * 2 - 1, "c": torch.cat((one_hot, torch.rand(N, 2) * 2 - 1), 1)}


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def test_latents_are_those_of_the_authors_run() -> None:
    inputs = plugin.describe().inputs
    assert (inputs.law, inputs.categorical, inputs.continuous) == ("uniform", "categorical", "continuous")
    o = plugin.InfoganOptions()
    assert (o.z_dim, o.categorical, o.continuous, o.lr_g, o.lr_d, o.beta1) == (62, 10, 2, 1e-3, 2e-4, 0.5)


def test_categorical_loss_takes_logits_without_a_softmax_before() -> None:
    one_hot = torch.eye(10)
    assert infogan.categorical_loss(60 * one_hot, one_hot).item() == pytest.approx(0, abs=1e-6)
    assert infogan.categorical_loss(torch.zeros(10, 10), one_hot).item() == pytest.approx(math.log(10))


def test_q_head_ends_in_a_linear_layer(nets: infogan.Nets) -> None:
    assert not any(isinstance(part, nn.Softmax | nn.LogSoftmax | nn.Sigmoid) for part in nets.q.modules())
    assert isinstance(list(nets.q.modules())[-1], nn.Linear)


def test_continuous_loss_is_the_gaussian_negative_log_likelihood() -> None:
    mean, log_std, code = torch.randn(5, 2), torch.randn(5, 2), torch.randn(5, 2)
    expected = -torch.distributions.Normal(mean, log_std.exp()).log_prob(code).sum(1).mean()
    torch.testing.assert_close(infogan.continuous_loss(mean, log_std, code), expected)


def test_lambdas_weigh_their_terms(latents: dict[str, torch.Tensor]) -> None:
    q = (torch.randn(N, 3), torch.randn(N, 2), torch.randn(N, 2))

    def loss(**changes: float) -> float:
        o = plugin.InfoganOptions(categorical=3, **changes)
        return infogan.information_loss(q, latents["c"], o).item()

    cat, cont = loss(lambda_cont=0.0), loss(lambda_cat=0.0)
    assert loss() == pytest.approx(cat + cont, rel=1e-5)
    assert loss(lambda_cat=2.0, lambda_cont=0.1) == pytest.approx(2 * cat + 0.1 * cont, rel=1e-5)


def test_fixed_variance_is_one_and_learned_variance_is_read(latents: dict[str, torch.Tensor]) -> None:
    logits, mean = torch.zeros(N, 3), torch.zeros(N, 2)
    narrow, wide = ((logits, mean, torch.full((N, 2), value)) for value in (-1.0, 1.0))
    fixed = plugin.InfoganOptions(categorical=3)
    learned = plugin.InfoganOptions(categorical=3, variance="learned")
    c = latents["c"]
    assert infogan.information_loss(narrow, c, fixed) == infogan.information_loss(wide, c, fixed)
    assert infogan.information_loss(narrow, c, learned) != infogan.information_loss(wide, c, learned)


def test_information_reaches_generator_q_and_trunk(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    _, features = nets.d(nets.g(**latents))
    infogan.information_loss(nets.q(features), latents["c"], OPTIONS).backward()
    for net in (nets.g, nets.q, nets.d.shared):
        assert all(p.grad is not None for p in net.parameters())
    assert nets.d.logit.weight.grad is None
    assert any(p.grad.abs().max() > 0 for p in nets.g.parameters())


def test_discriminator_step_moves_trunk_and_head_only(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    g, d, q = nets
    before = [vector(net) for net in nets]
    infogan.discriminator_step(nets, kit.adam(d.parameters(), 1e-3, 0.5), torch.rand(N, *SHAPE), latents, OPTIONS)
    assert [torch.equal(vector(net), b) for net, b in zip(nets, before, strict=True)] == [True, False, True]
    assert all(p.grad is None for net in (g, q) for p in net.parameters())


def test_generator_step_moves_generator_and_q_head_only(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    g, d, q = nets
    before = [vector(net) for net in nets]
    infogan.generator_step(nets, kit.adam([*g.parameters(), *q.parameters()], 1e-3, 0.5), latents, OPTIONS)
    assert [torch.equal(vector(net), b) for net, b in zip(nets, before, strict=True)] == [False, True, False]
    assert all(p.grad is None and p.requires_grad for p in d.parameters())


def test_the_term_is_in_the_discriminators_loss_too(latents: dict[str, torch.Tensor]) -> None:
    """With λ 0 the trunk moves elsewhere than with λ 1."""
    real, moved = torch.rand(N, *SHAPE), []
    for weight in (0.0, 1.0):
        o = plugin.InfoganOptions(z_dim=6, width=4, categorical=3, lambda_cat=weight, lambda_cont=weight)
        with kit.seeded(0):
            nets = infogan.build(o, SHAPE)
        infogan.discriminator_step(nets, kit.adam(nets.d.parameters(), 1e-3, 0.5), real, latents, o)
        moved.append(vector(nets.d.shared))
    assert not torch.equal(*moved)


def test_codes_become_readable(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    optimiser = kit.adam([*nets.g.parameters(), *nets.q.parameters()], 5e-3, 0.5)
    losses = [infogan.generator_step(nets, optimiser, latents, OPTIONS)[1].item() for _ in range(80)]
    floor = math.log(2 * math.pi)  # two codes known exactly, σ = 1; the categorical part can reach 0
    assert losses[-1] - floor < 0.4 * (losses[0] - floor)


def test_no_continuous_codes() -> None:
    o = plugin.InfoganOptions(z_dim=6, width=4, categorical=3, continuous=0)
    nets = infogan.build(o, SHAPE)
    c = torch.eye(3)
    _, features = nets.d(nets.g(torch.randn(3, 6), c))
    assert infogan.information_loss(nets.q(features), c, o).item() > 0


def test_leaky_slope_is_the_papers(nets: infogan.Nets) -> None:
    slopes = {part.negative_slope for net in nets for part in net.modules() if isinstance(part, nn.LeakyReLU)}
    assert slopes == {0.1}


def test_dense_norm_is_the_papers_and_can_be_left_out() -> None:
    def norms(o: plugin.InfoganOptions) -> int:
        return sum(isinstance(part, nn.BatchNorm1d) for part in infogan.build(o, SHAPE).d.modules())

    assert norms(plugin.InfoganOptions()) == 1
    assert norms(plugin.InfoganOptions(dense_norm=False)) == 0
