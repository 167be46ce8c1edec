"""PacGAN's packs, networks and joint update."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from ganzoo_torch import kit
from ganzoo_torch import pacgan as plugin
from ganzoo_torch.models import pacgan
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import parameters_to_vector

from ganzoo import testing

SMALL: dict[str, Any] = {"batch": 5, "z_dim": 3, "width": 4, "hidden": 12}


def built(shape: tuple[int, ...], **options: Any) -> tuple[nn.Module, pacgan.PackJudge]:
    return pacgan.build(plugin.PacganOptions(**{**SMALL, **options}), shape)


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


@pytest.mark.parametrize("shape", [(2,), (3, 8, 8)])
@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_each_sample_is_in_one_pack_and_whole(shape: tuple[int, ...], m: int) -> None:
    x = torch.arange(5 * m * int(np.prod(shape))).view(5 * m, *shape)
    packs = pacgan.packed(x, m)
    assert packs.shape == (5, m * shape[0], *shape[1:])
    parts = packs.unflatten(1, (m, shape[0]))
    assert torch.equal(parts.flatten(0, 1), x)  # all of them, none twice, features and channels in their order


@pytest.mark.parametrize("pack", [0, 5])
def test_packs_have_one_to_four_samples(pack: int) -> None:
    with pytest.raises(msgspec.ValidationError, match="pack"):
        msgspec.convert({"pack": pack}, plugin.PacganOptions)


def test_only_the_first_layer_of_d_knows_of_packs() -> None:
    for shape in ((2,), (1, 8, 8)):
        sizes = [[tuple(p.shape) for p in built(shape, pack=m)[1].parameters()] for m in (2, 4)]
        assert [a == b for a, b in zip(*sizes, strict=True)].count(False) == 1
        assert sizes[0][0][1] * 2 == sizes[1][0][1]


def test_a_fake_is_judged_by_what_it_is_packed_with() -> None:
    _, d = built((2,), pack=2)
    nn.init.normal_(d.judge.logit.weight)
    one, other, third = torch.randn(3, 2).unbind()
    judged = d(torch.stack([one, other, one, third]))
    assert judged.shape == (2,)
    assert judged[0] != judged[1]


def test_the_networks_for_points_are_the_papers() -> None:
    g, d = pacgan.build(plugin.PacganOptions(z_dim=2), (2,))
    assert [tuple(p.shape) for p in g.parameters() if p.dim() > 1] == [(400, 2), *[(400, 400)] * 3, (2, 400)]
    assert sum(isinstance(part, nn.BatchNorm2d) for part in g.modules()) == 4
    assert [tuple(p.shape) for p in d.parameters() if p.dim() > 1] == [(1000, 4), *[(1000, 200)] * 2, (1, 200)]
    assert not any(isinstance(part, nn.BatchNorm2d) for part in d.modules())
    for net in (g, d):
        assert float(torch.cat([p.detach().flatten() for p in net.parameters() if p.dim() > 1]).std()) == pytest.approx(
            0.02, rel=0.02
        )


def test_maxout_is_the_largest_piece() -> None:
    layer = pacgan.Maxout(3, 4, 5)
    x = torch.randn(6, 3)
    pieces = torch.stack(
        [x @ layer.linear.weight[4 * i : 4 * i + 4].t() + layer.linear.bias[4 * i : 4 * i + 4] for i in range(5)]
    )
    torch.testing.assert_close(layer(x), pieces.amax(0))


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)])
def test_both_gradients_are_taken_before_either_network_moves(shape: tuple[int, ...]) -> None:
    g, d = built(shape, pack=2)
    real, z = torch.rand(10, *shape), torch.randn(10, 3)
    lr = 0.1
    fake = g(z)
    of_real, of_fake = d(real), d(fake)
    ones, zeros = torch.ones(5), torch.zeros(5)
    d_loss = binary_cross_entropy_with_logits(of_real, ones) + binary_cross_entropy_with_logits(of_fake, zeros)
    g_loss = binary_cross_entropy_with_logits(of_fake, ones)
    expected = [
        parameters_to_vector(net.parameters())
        - lr * parameters_to_vector(torch.autograd.grad(loss, list(net.parameters()), retain_graph=True))
        for net, loss in ((d, d_loss), (g, g_loss))
    ]
    optimisers = kit.sgd(g.parameters(), lr, 0), kit.sgd(d.parameters(), lr, 0)
    losses = pacgan.step_both(g, d, optimisers, real, z)
    torch.testing.assert_close(losses, (d_loss.detach(), g_loss.detach()))
    for net, vector_ in zip((d, g), expected, strict=True):
        torch.testing.assert_close(parameters_to_vector(net.parameters()), vector_)
        assert all(p.grad is None for p in net.parameters())


def test_the_generators_gradient_reaches_every_sample_of_a_pack() -> None:
    _, d = built((2,), pack=3)
    fake = torch.randn(6, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(pacgan.OBJECTIVE.generator(d(fake), d(fake)), fake)
    assert bool((gradient.abs().sum(1) > 0).all())


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)])
def test_a_pack_of_one_is_a_plain_gan(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's row "GAN": the same networks, and D sees single samples."""
    seen: list[tuple[int, ...]] = []
    forward = pacgan.Judge.forward
    monkeypatch.setattr(pacgan.Judge, "forward", lambda self, x: (seen.append(tuple(x.shape)), forward(self, x))[1])
    data = testing.toy_points() if len(shape) == 1 else testing.toy_images(shape)
    run = testing.memory_run(plugin.describe(), data, {**SMALL, "steps": 3, "pack": 1})
    before = vector(built(shape, pack=1)[0]).shape
    assert vector(plugin.train(run)).shape == before
    assert run.steps_done == 3
    each = {(10, *shape)} if len(shape) == 1 else {(5, *shape)}
    assert set(seen) == each, "points: reals and fakes together; images: apart"


@pytest.mark.parametrize("pack", [1, 2, 3])
def test_a_batch_counts_packs(pack: int) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_points(), {**SMALL, "steps": 1, "pack": pack})
    asked: list[int] = []
    draw = run.indices
    run.indices = lambda batch, tick, **k: (asked.append(batch), draw(batch, tick, **k))[1]  # type: ignore[method-assign]
    plugin.train(run)
    assert asked == [5 * pack]
