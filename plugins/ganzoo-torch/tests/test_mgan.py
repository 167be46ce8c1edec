"""MGAN's classifier, weights and networks."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from ganzoo_torch import mgan as plugin
from ganzoo_torch.components import makers
from ganzoo_torch.judges import usual_generator
from ganzoo_torch.models import mgan
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

K = 3
SMALL: dict[str, Any] = {"generators": K, "batch": 8, "fakes": 5, "z_dim": 4, "width": 4, "hidden": 8}
SHAPES = [(2,), (1, 8, 8)]


def built(shape: tuple[int, ...]) -> tuple[mgan.Generators, mgan.Judges]:
    return mgan.build(plugin.MganOptions(**SMALL), shape)


def judged(n: int) -> mgan.Judged:
    return torch.randn(n, requires_grad=True), torch.randn(n, K, requires_grad=True)


def test_defaults_are_those_of_the_authors_code() -> None:
    o = plugin.MganOptions()
    assert (o.generators, o.beta, o.z_dim, o.batch, o.fakes, o.beta1) == (10, 0.01, 100, 64, 12, 0.5)
    assert o.lr_g == o.lr_d == 2e-4
    assert plugin.describe().inputs.law == "uniform"


def test_losses_are_cross_entropies_of_labels() -> None:
    real, fake = judged(8), judged(K * 5)
    names = torch.tensor([0] * 5 + [1] * 5 + [2] * 5)
    losses = mgan.Losses(beta=0.7)
    terms = losses.judges(real, fake)
    bce = binary_cross_entropy_with_logits
    d_loss = bce(real[0], torch.ones(8)) + bce(fake[0], torch.zeros(15))
    c_loss = cross_entropy(fake[1], names)
    torch.testing.assert_close(terms, {"d_loss": d_loss, "c_loss": c_loss})
    torch.testing.assert_close(losses.generators(fake), bce(fake[0], torch.ones(15)) + 0.7 * c_loss)


@pytest.mark.parametrize("beta", [0.0, 0.01, 2.0])
def test_beta_weighs_the_classifier_for_generators_and_not_for_itself(beta: float) -> None:
    real, fake = judged(8), judged(K * 5)
    losses, without = mgan.Losses(beta), mgan.Losses(0.0)
    torch.testing.assert_close(losses.judges(real, fake), without.judges(real, fake))
    term = losses.generators(fake) - without.generators(fake)
    assert term.item() == pytest.approx(beta * losses.judges(real, fake)["c_loss"].item(), rel=1e-4, abs=1e-6)


def test_the_fakes_of_all_generators_weigh_what_the_reals_do() -> None:
    for k in (2, 5):
        real, fake = (torch.zeros(8), torch.zeros(8, k)), (torch.zeros(3 * k), torch.zeros(3 * k, k))
        terms = mgan.Losses(1.0).judges(real, fake)
        assert terms["d_loss"].item() == pytest.approx(2 * math.log(2))
        assert terms["c_loss"].item() == pytest.approx(math.log(k))
    real, fake = judged(8), judged(K * 5)
    mgan.Losses(0.1).judges(real, fake)["d_loss"].backward()
    at_zero = [torch.zeros(n, requires_grad=True) for n in (8, 15)]
    mgan.Losses(0.1).judges((at_zero[0], real[1]), (at_zero[1], fake[1]))["d_loss"].backward()
    assert [x.grad.sum().item() for x in at_zero if x.grad is not None] == pytest.approx([-0.5, 0.5])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_classifier_never_sees_real_samples(shape: tuple[int, ...]) -> None:
    """Its gradient, and that of its loss everywhere, is the same whatever the reals are."""
    g, judges = built(shape)
    fake = g.each(torch.randn(5, 4)).detach()
    gradients = []
    for real in (torch.zeros(8, *shape), torch.randn(8, *shape), torch.full((8, *shape), float("nan"))):
        terms = mgan.Losses(0.5).judges(judges(real), judges(fake))
        gradients.append(torch.autograd.grad(terms["c_loss"], [*judges.trunk.parameters(), *judges.c.parameters()]))
        (of_d,) = torch.autograd.grad(judges(real)[0].sum(), [judges.c.weight], allow_unused=True)
        assert of_d is None
    for other in gradients[1:]:
        for one, two in zip(gradients[0], other, strict=True):
            assert torch.equal(one, two)
    assert all(gradient.abs().max() > 0 for gradient in gradients[0][-2:])


@pytest.mark.parametrize("shape", SHAPES)
def test_d_and_c_share_all_but_the_last_layer(shape: tuple[int, ...]) -> None:
    _, judges = built(shape)
    heads = {id(p) for head in (judges.d, judges.c) for p in head.parameters()}
    assert [p for p in judges.parameters() if id(p) not in heads] == list(judges.trunk.parameters())
    for place, head in ((0, judges.d), (1, judges.c)):
        out = judges(torch.randn(6, *shape))[place].square().sum()
        moved = torch.autograd.grad(out, list(judges.parameters()), allow_unused=True)
        wanted = {id(p) for p in (*judges.trunk.parameters(), *head.parameters())}
        assert {id(p) for p, m in zip(judges.parameters(), moved, strict=True) if m is not None} == wanted


@pytest.mark.parametrize("shape", SHAPES)
def test_generators_share_all_but_the_first_layer(shape: tuple[int, ...]) -> None:
    g, _ = built(shape)
    one = usual_generator(4, shape, width=4, hidden=8)
    shifts = [p.bias.numel() for p in g.wide.modules() if isinstance(p, nn.BatchNorm2d)]
    first = sum(p.numel() for layer in list(one.layers)[: len(g.wide)] for p in layer.parameters())
    assert sum(p.numel() for p in g.wide.parameters()) == K * first
    assert sum(isinstance(p, nn.Linear) for p in g.wide) == 1
    after = {name: p.shape for name, p in nn.Sequential(*list(one.layers)[len(g.wide) :]).named_parameters()}
    norms = {name for name, part in g.shared.named_modules() if isinstance(part, nn.BatchNorm2d)}
    assert {name: p.shape for name, p in g.shared.named_parameters()} == {
        name: size for name, size in after.items() if name not in {f"{norm}.bias" for norm in norms}
    }
    assert len(shifts) == len(shape) // 3  # the first layer's batch norm has a shift, the shared ones' have none


def test_told_is_what_c_holds_for_the_likeliest() -> None:
    g, judges = built((2,))
    fake = g.each(torch.randn(5, 4))
    with torch.no_grad():
        judges.c.weight.zero_()
        judges.c.bias.copy_(torch.tensor([0.0, 1.0, 0.5]))
    assert judges.tell(fake).tolist() == [1] * 15
    assert torch.equal(makers(K, fake).bincount(), torch.full((K,), 5))
