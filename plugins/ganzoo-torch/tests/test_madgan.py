"""MAD-GAN's softmax, the weights in its sums, and what generators share."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from ganzoo_torch import madgan as plugin
from ganzoo_torch.models import madgan
from torch import nn
from torch.nn.functional import cross_entropy

K = 3
SMALL: dict[str, Any] = {"generators": K, "batch": 8, "fakes": 5, "z_dim": 4, "width": 4, "hidden": 8}
LOSSES = madgan.Losses()


def built(shape: tuple[int, ...], **options: Any) -> tuple[madgan.Generators, madgan.Discriminator]:
    return madgan.build(plugin.MadganOptions(**{**SMALL, **options}), shape)


def test_losses_are_sums_of_each_ones_cross_entropy() -> None:
    real, fake = torch.randn(8, K + 1), torch.randn(K * 5, K + 1)
    each = fake.chunk(K)
    wanted = cross_entropy(real, torch.full((8,), K))
    wanted = wanted + sum(cross_entropy(logits, torch.full((5,), i)) for i, logits in enumerate(each))
    torch.testing.assert_close(LOSSES.judges(real, fake), {"d_loss": wanted})
    fooled = sum(cross_entropy(logits, torch.full((5,), K)) for logits in each)
    torch.testing.assert_close(LOSSES.generators(fake), fooled)


def test_a_d_that_knows_nothing_loses_k_plus_1_logarithms() -> None:
    for k in (2, 5):
        real, fake = torch.zeros(8, k + 1), torch.zeros(4 * k, k + 1)
        assert LOSSES.judges(real, fake)["d_loss"].item() == pytest.approx((k + 1) * math.log(k + 1))
        assert LOSSES.generators(fake).item() == pytest.approx(k * math.log(k + 1))


def test_the_best_d_weighs_each_generator_like_the_data() -> None:
    """At a point D_{k+1} = p / (p + Σ_i p_i) and D_i = p_i / (p + Σ_i p_i): there the loss has no slope."""
    real = torch.tensor([0, 0, 0, 1])
    fake = torch.tensor([0, 1, 0, 1, 1, 1, 1, 1, 0, 0])  # two generators, five fakes each, at two points
    densities = torch.tensor([[2 / 5, 2 / 5, 3 / 4], [3 / 5, 3 / 5, 1 / 4]])
    logits = densities.log().requires_grad_()
    (slope,) = torch.autograd.grad(LOSSES.judges(logits[real], logits[fake])["d_loss"], logits)
    torch.testing.assert_close(slope, torch.zeros(2, 3), atol=1e-6, rtol=0)


def test_told_is_the_likeliest_generator_even_where_real_is_likelier() -> None:
    _, d = built((2,))
    with torch.no_grad():
        d.logits.weight.zero_()
        d.logits.bias.copy_(torch.tensor([0.0, 2.0, 1.0, 9.0]))
    assert d.tell(torch.randn(4, 2)).tolist() == [1] * 4


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)])
def test_generators_share_all_but_their_last_layers(shape: tuple[int, ...]) -> None:
    def first_own(own_layers: int) -> int:
        """How many layers with weights come before the first that is each one's own."""
        g, _ = built(shape, own_layers=own_layers)
        assert list(g.shared.parameters()) == []
        sizes = [p.shape for p in g.wide.parameters()]
        other, _ = built(shape, own_layers=own_layers, generators=K + 1)
        return [a == b for a, b in zip(sizes, (p.shape for p in other.wide.parameters()), strict=True)].index(False)

    places = [first_own(own_layers) for own_layers in (1, 2, 0)]
    assert places[0] > places[1] > places[2] == 0


def test_logits_are_linear_in_the_trunk() -> None:
    for shape in ((2,), (1, 8, 8)):
        _, d = built(shape)
        assert isinstance(d.logits, nn.Linear)
        assert d(torch.randn(6, *shape)).shape == (6, K + 1)
