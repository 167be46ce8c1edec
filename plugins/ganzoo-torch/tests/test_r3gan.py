"""R3GAN's loss with both penalties, its schedules, and its networks without normalisation."""

from __future__ import annotations

import dataclasses
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_torch import filters, kit, normfree, penalties
from ganzoo_torch import r3gan as plugin
from ganzoo_torch.models import r3gan
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, softplus

from ganzoo import latents, testing

SMALL: dict[str, Any] = {"batch": 8, "z_dim": 6, "width": 4, "hidden": 16, "blocks": 1, "cardinality": 2}


def options(**changes: Any) -> Any:
    return plugin.R3ganOptions(**SMALL | {"steps": 4} | changes)


class Quadratic(nn.Module):
    """D(x) = ½ a ‖x‖² has the gradient a x."""

    def __init__(self, a: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(a))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * self.a * x.square().sum(1)


def test_both_penalties_are_half_gamma_times_the_mean_squared_gradient() -> None:
    """Each of R1 and R2 is a mean over its own batch, of sums over a sample's values, and differentiable."""
    d, real, fake, gamma, lr = Quadratic(0.7), torch.randn(16, 3), torch.randn(16, 3), 0.8, 1e-3
    of_real, of_fake = d(real), d(fake)
    squares = (real.square().sum(1) + fake.square().sum(1)).mean().item()
    a = torch.tensor(0.7, requires_grad=True)
    half = [0.5 * a * x.square().sum(1) for x in (real, fake)]
    total = softplus(half[1] - half[0]).mean() + gamma / 2 * a.square() * squares
    (slope,) = torch.autograd.grad(total, a)
    loss = r3gan.discriminator_step(d, torch.optim.SGD(d.parameters(), lr), real, fake, gamma)
    torch.testing.assert_close(loss, softplus(of_fake - of_real).mean().detach())
    assert d.a.item() == pytest.approx(0.7 - lr * slope.item(), abs=1e-6)


def test_one_pass_over_reals_and_fakes_is_two_passes() -> None:
    _, d = r3gan.build(options(), (1, 8, 8))
    stir(d)
    real, fake = torch.randn(5, 1, 8, 8), torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(d(torch.cat((real, fake))), torch.cat((d(real), d(fake))), rtol=1e-4, atol=1e-5)


def test_generator_step_pairs_fakes_with_reals_and_moves_g_alone() -> None:
    g, d = r3gan.build(options(), (2,))
    real, z = torch.randn(8, 2), torch.randn(8, 6)
    expected = softplus(d(real) - d(g(z))).mean().detach()
    before, weights = [[p.detach().clone() for p in net.parameters()] for net in (d, g)]
    loss = r3gan.generator_step(g, d, kit.adam(g.parameters(), 1e-3, 0.0, 0.9), real, z)
    torch.testing.assert_close(loss, expected)
    assert all(torch.equal(a, b) for a, b in zip(d.parameters(), before, strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(g.parameters(), weights, strict=True))
    assert all(p.grad is None and p.requires_grad for p in d.parameters())


def test_schedules_run_from_begin_to_end_on_half_a_cosine() -> None:
    o = options(steps=100, ema=0.999)
    assert r3gan.cosine(2.0, 0.5, o, 0) == 2.0
    assert r3gan.cosine(2.0, 0.5, o, 50) == pytest.approx(1.25)
    assert r3gan.cosine(2.0, 0.5, o, 100) == pytest.approx(0.5)
    assert r3gan.cosine(2.0, 0.5, o, 25) > 1.625  # slow at the begin, unlike a line
    assert r3gan.decay(o, 0) == 0.0
    assert r3gan.decay(o, 100) == pytest.approx(0.999)
    assert r3gan.decay(o, 50) == pytest.approx(0.999**2)  # half of the half-life


def test_training_sets_rate_and_beta_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, ...]] = []
    original = r3gan.discriminator_step

    def watching(d: nn.Module, optimiser: Any, real: Any, fake: Any, gamma: float) -> torch.Tensor:
        group = optimiser.param_groups[0]
        seen.append((group["lr"], *group["betas"], gamma))
        return original(d, optimiser, real, fake, gamma)

    monkeypatch.setattr(r3gan, "discriminator_step", watching)
    changes = {"steps": 2, "lr": 1e-3, "lr_end": 2e-4, "beta2": 0.9, "beta2_end": 0.98, "gamma": 1.0, "gamma_end": 0.1}
    plugin.train(testing.memory_run(plugin.describe(), testing.toy_points(), SMALL | changes))
    assert seen[0] == (1e-3, 0.0, 0.9, 1.0)
    assert seen[1] == pytest.approx((6e-4, 0.0, 0.94, 0.55))


@pytest.mark.parametrize("data", ["points", "images"])
def test_resume_is_bit_exact_with_schedules(data: str) -> None:
    given = testing.toy_points() if data == "points" else testing.toy_images()
    straight, stopped = testing.interrupt_and_resume(plugin, plugin.describe(), given, SMALL | {"steps": 6}, 3)
    for name, value in straight.items():
        np.testing.assert_array_equal(value, stopped[name], err_msg=name)


def test_images_are_clipped_in_evaluation_alone_and_in_the_file(tmp_path: Path) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"steps": 1})
    g = plugin.train(run)
    with torch.no_grad():
        g.layers[-1].weight.mul_(100)
    inputs = latents.samples(run.latent, 0, 0, 50)
    x = plugin.sample(g, inputs)
    assert np.abs(x).max() == 1.0
    assert g.train()(torch.from_numpy(inputs["z"])).abs().max() > 1
    assert testing.onnx_difference(plugin, g.eval(), run, tmp_path / "g.onnx") <= 1e-4


def test_networks_have_no_normalisation() -> None:
    for net in r3gan.build(options(), (3, 16, 16)):
        names = {type(part).__name__ for part in net.modules()}
        assert not any("Norm" in name for name in names), names


def stir(net: nn.Module) -> None:
    """Weights as after a training: none is 0 any more."""
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.05 * torch.randn_like(p))


def test_blocks_begin_as_the_identity_and_shrink_with_their_number() -> None:
    x = torch.randn(2, 64, 4, 4)
    blocks = {count: normfree.Block(64, 8, count) for count in (1, 16)}
    for block in blocks.values():
        torch.testing.assert_close(block(x), x)
        assert not block.layers[-1].weight.any()
    for place, entry in ((0, 64), (2, 16 * 9)):  # 128 channels in 8 groups
        one, many = (blocks[count].layers[place].weight.std().item() for count in (1, 16))
        assert one == pytest.approx(math.sqrt(2 / 1.04) / math.sqrt(entry), rel=0.05)
        assert many == pytest.approx(one / 2, rel=0.05)  # 16^(−1/4)


def test_matrix_products_are_the_convolutions_that_are_exported() -> None:
    """Outputs, and gradients of gradients, of a D in training and of the same in evaluation."""
    _, d = r3gan.build(options(blocks=2), (2, 9, 12))
    stir(d)
    found = []
    x = torch.randn(3, 2, 9, 12)
    for mode in (True, False):
        d.train(mode)
        logits = d(x.requires_grad_())
        squares = penalties.slopes(logits, x).square().sum(1)
        slopes = torch.autograd.grad(squares.sum(), list(d.parameters()), allow_unused=True)
        found.append([logits, *(slope for slope in slopes if slope is not None)])
    assert len(found[0]) > 10
    for mine, plain in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-3, atol=1e-5)


def test_only_nonlinearities_have_a_bias() -> None:
    for net in r3gan.build(options(), (1, 16, 16)):
        assert all(part.bias is None for part in net.modules() if isinstance(part, nn.Conv2d | nn.Linear))


@pytest.mark.parametrize(("size", "small"), [((8, 6), (4, 3)), ((9, 5), (5, 3)), ((13, 9), (7, 5))])
def test_resampling_is_the_binomial_filter(size: tuple[int, int], small: tuple[int, int]) -> None:
    row = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(row, row)[None, None]
    x = torch.randn(2, 1, *size)
    down = filters.Resampling(size, up=False)(x)
    assert down.shape[2:] == small
    torch.testing.assert_close(down, conv2d(x, kernel, stride=2, padding=1))
    y = torch.randn(2, 1, *small)
    up = filters.Resampling(size, up=True)(y)
    extra = tuple(large - (2 * side - 1) for large, side in zip(size, small, strict=True))
    torch.testing.assert_close(up, conv_transpose2d(y, 4 * kernel, stride=2, padding=1, output_padding=extra))
    inside = filters.Resampling(size, up=True)(torch.ones(1, 1, *small))[..., :-2, :-2]
    torch.testing.assert_close(inside, torch.ones_like(inside))


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (64, 64), (12, 20), (9, 15)])
def test_sizes_end_at_four_to_seven(size: tuple[int, int]) -> None:
    found = normfree.sizes(*size)
    assert found[0] == size
    assert 4 <= min(found[-1]) <= 7
    assert all(b == tuple(-(-side // 2) for side in a) for a, b in pairwise(found))


def test_the_base_is_a_learnt_picture_times_a_linear_map() -> None:
    g, _ = r3gan.build(options(), (1, 8, 8))
    assert g.basis.shape == (8, 4, 4)
    first, second = torch.randn(1, 6), torch.randn(1, 6)
    torch.testing.assert_close(g(first) + g(second), g(first + second))  # blocks begin as the identity: all is linear


def test_ring_keeps_all_its_modes() -> None:
    """The paper's point: relativistic pairing with R1 and R2 drops no mode, here within seconds."""
    angles = 2 * np.pi * np.arange(8) / 8
    modes = np.stack((np.cos(angles), np.sin(angles)), 1)
    rng = np.random.default_rng(0)
    x = modes[rng.integers(8, size=2000)] + rng.normal(0, 0.05, (2000, 2))
    data = dataclasses.replace(testing.toy_points(), x=x.astype(np.float32))
    rates = {"lr": 3e-3, "lr_end": 5e-4, "gamma": 0.2, "gamma_end": 0.02, "ema": 0.99}
    changes = {"steps": 600, "batch": 64, "z_dim": 2, "hidden": 32, **rates}
    run = testing.memory_run(plugin.describe(), data, changes)
    found = plugin.sample(plugin.train(run), latents.samples(run.latent, 0, 0, 500))
    nearest = np.linalg.norm(found[:, None] - modes, axis=2)
    good = nearest.min(1) < 0.25
    assert len(set(nearest.argmin(1)[good])) == 8
