"""StyleGAN2: modulation, noise, truncation, the lazy terms and the path length."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_torch import filters, kit, modulated, normfree, path_length, penalties
from ganzoo_torch import stylegan as plugin
from ganzoo_torch.models import stylegan
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, pad

from ganzoo import latents, testing

SMALL: dict[str, Any] = {"batch": 8, "z_dim": 6, "w_dim": 5, "width": 4}
SHAPE, NOISE = (2, 9, 14), (3, 9, 14)


def options(**changes: Any) -> Any:
    return plugin.StyleganOptions(**SMALL | changes)


def nets(**changes: Any) -> tuple[stylegan.Generator, stylegan.Discriminator]:
    return stylegan.build(options(**changes), SHAPE, NOISE)


def stir(net: nn.Module) -> nn.Module:
    """Weights as after a training: no strength of noise and no bias is 0 any more."""
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.3 * torch.randn_like(p))
    return net


# Layers


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("doubles", [None, (10, 7), (9, 8)])
def test_scaling_before_and_after_is_a_convolution_with_weights_of_each_samples_own(
    demodulate: bool, doubles: tuple[int, int] | None
) -> None:
    layer = stir(modulated.ModulatedConv(5, 3, 4, 3, demodulate=demodulate, doubles=doubles))
    x, w = torch.randn(6, 3, 5, 4), torch.randn(6, 5)
    styles = layer.style(w)
    for i, found in enumerate(layer(x, w)):
        weight = styles[i][None, :, None, None] * layer.weight
        scale = weight.square().sum((1, 2, 3)).add(1e-8).rsqrt() if demodulate else torch.full((4,), 27**-0.5)
        weight = weight * scale[:, None, None, None]
        if doubles is None:
            own = conv2d(x[i : i + 1], weight, padding=1)
        else:
            wide = conv_transpose2d(x[i : i + 1], weight.transpose(0, 1), stride=2)
            row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
            blur = torch.outer(row, row).expand(4, 1, 4, 4)
            own = conv2d(wide, blur, padding=1, groups=4)[:, :, : doubles[0], : doubles[1]]
        torch.testing.assert_close(found, own[0], rtol=1e-4, atol=1e-5)


def test_demodulation_gives_unit_deviation_whatever_the_styles() -> None:
    layer = modulated.ModulatedConv(4, 32, 64, 3)
    with torch.no_grad():
        layer.style.weight.mul_(20)
    x = pad(torch.randn(8, 32, 30, 30), (1, 1, 1, 1))
    found = layer(x, torch.randn(8, 4))[:, :, 1:-1, 1:-1]
    torch.testing.assert_close(found.flatten(1).std(1)[1:], torch.ones(7), rtol=0.1, atol=0)
    bare = layer.style(torch.randn(8, 4)).square().mean(1).sqrt()
    assert bare.max() > 2 * bare.min(), "the styles themselves differ much"


def test_weights_are_scaled_where_they_are_used() -> None:
    """At first each layer keeps the size of its input, and so do its gain and leaky ReLU together."""
    x = torch.randn(4000, 48)
    for layer, y in (
        (modulated.Linear(48, 96), x),
        (modulated.Linear(48, 96, speed=0.01), x),
        (modulated.Conv(48, 96, 1), x[:, :, None, None]),
    ):
        assert layer(y).std().item() == pytest.approx(1, rel=0.1)
    both = modulated.active(modulated.Linear(48, 96, gain=math.sqrt(2))(x))
    assert both.square().mean().item() == pytest.approx(1.04, rel=0.1)  # (1 + .2²) / 2 of a gain of 2


def test_the_mapping_network_learns_at_a_hundredth_of_the_rate() -> None:
    slow, fast = (modulated.Linear(3, 3, speed=speed) for speed in (0.01, 1.0))
    x = torch.randn(5, 3)
    for layer, factor in ((slow, 0.01), (fast, 1.0)):
        before = layer(x)
        with torch.no_grad():
            layer.weight.add_(1.0)  # what Adam does, whatever the gradient's size
        torch.testing.assert_close(layer(x) - before, (factor * x.sum(1, keepdim=True) / 3**0.5).expand(5, 3))
    scales = [layer.scale for layer in nets()[0].mapping]
    assert scales == pytest.approx([0.01 * math.sqrt(2 / before) for before in (6, 5)])


def test_the_mapping_normalises_z() -> None:
    g, _ = nets()
    z = torch.randn(4, 6)
    torch.testing.assert_close(g.mapping(z), g.mapping(100 * z))
    assert (g.mapping(z) - g.mapping(-z)).abs().max() > 0.01


@pytest.mark.parametrize("size", [(8, 8), (9, 7)])
def test_halving_filters_and_rounds_up(size: tuple[int, int]) -> None:
    layer = modulated.halving_conv(2, 3, size, gain=1.5)
    x = torch.randn(2, 2, *size)
    row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    odd = [side % 2 for side in size]
    blurred = conv2d(pad(x, (2, 2 + odd[1], 2, 2 + odd[0])), torch.outer(row, row).expand(2, 1, 4, 4), groups=2)
    wanted = conv2d(blurred, layer[1].weight * 1.5 / 18**0.5, stride=2)
    torch.testing.assert_close(layer(x), wanted, rtol=1e-4, atol=1e-5)
    assert wanted.shape[2:] == tuple(-(-side // 2) for side in size)


def test_doubling_an_image_keeps_its_mean() -> None:
    doubled = filters.Resampling((9, 8), up=True, taps=filters.WIDE)(torch.ones(1, 1, 5, 4))
    assert doubled.shape == (1, 1, 9, 8)
    torch.testing.assert_close(doubled[..., 1:-1, 1:-1], torch.ones(1, 1, 7, 6))


def test_deviation_is_that_of_groups_over_all_values() -> None:
    x = torch.randn(6, 2, 3, 3)
    found = modulated.Deviation(4)(x)  # 6 and 4 have groups of 2: samples 0 and 3, 1 and 4, 2 and 5
    assert found.shape == (6, 3, 3, 3)
    torch.testing.assert_close(found[:, :2], x)
    for i in range(3):
        pair = torch.stack((x[i], x[i + 3]))
        wanted = (pair.var(0, correction=0) + 1e-8).sqrt().mean()
        for sample in (i, i + 3):
            torch.testing.assert_close(found[sample, 2], wanted.expand(3, 3))


# Noise


@pytest.mark.parametrize("size", [(h, w) for h in range(8, 65, 3) for w in (8, 9, 13, 28, 63, 64)])
def test_no_pixel_of_the_noise_is_used_twice_and_three_maps_are_enough(size: tuple[int, int]) -> None:
    numbered = torch.arange(3 * math.prod(size)).view(1, 3, *size)
    *larger, base = normfree.sizes(*size, stylegan.LEAST)
    found = stylegan.noise_of_layers(numbered, larger, base)
    wanted = [base, *(each for each in reversed(larger) for _ in range(2))]
    assert [tuple(each.shape[2:]) for each in found] == wanted
    used = torch.cat([each.flatten() for each in found])
    assert len(used.unique()) == len(used)
    torch.testing.assert_close(found[-1], numbered[:, :1])
    torch.testing.assert_close(found[-2], numbered[:, 1:2])


@pytest.mark.parametrize("maps", [2, 4])
def test_another_number_of_maps_is_refused(maps: int) -> None:
    assert plugin.describe().inputs.noise == stylegan.MAPS
    with pytest.raises(RuntimeError, match="split"):
        nets()[0](torch.randn(6, 6), torch.randn(6, maps, 9, 14))


def test_sizes_end_at_three_or_four() -> None:
    for size, wanted in (((8, 8), [8, 4]), ((28, 28), [28, 14, 7, 4]), ((64, 32), [64, 32, 16, 8])):
        assert [height for height, _ in normfree.sizes(*size, stylegan.LEAST)] == wanted


def test_noise_does_nothing_until_its_strength_is_learnt() -> None:
    g, _ = nets()
    z, noise = torch.randn(3, 6), torch.randn(3, *NOISE)
    torch.testing.assert_close(g(z, noise), g(z, -noise), rtol=0, atol=0)
    for layer in g.synthesis.layers:
        with torch.no_grad():
            layer.strength.fill_(0.5)
        assert (g(z, noise) - g(z, -noise)).abs().max() > 1e-3
        with torch.no_grad():
            layer.strength.zero_()


def test_every_map_reaches_the_images_after_one_step() -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"steps": 1})
    g = plugin.train(run)
    inputs = latents.samples(run.latent, 0, 0, 4)
    for number in range(3):
        noise = inputs["noise"].copy()
        noise[:, number] *= -1
        assert not np.array_equal(plugin.sample(g, inputs), plugin.sample(g, inputs | {"noise": noise}))


# Latents


@pytest.mark.parametrize("truncation", [0.0, 0.5, 1.0])
def test_truncation_draws_w_to_its_mean_in_evaluation_alone(truncation: float) -> None:
    g = stir(nets(truncation=truncation)[0])
    g.mean.copy_(torch.randn(5))
    z, noise = torch.randn(4, 6), torch.randn(1, *NOISE).expand(4, -1, -1, -1)
    w = g.mapping(z)
    for found in g.eval().latents(z):
        torch.testing.assert_close(found, g.mean + truncation * (w - g.mean))
    x = g(z, noise)
    assert (x.std(0).max() < 1e-5) == (truncation == 0), "at 0 every z gives the same image"
    torch.testing.assert_close(g.train().latents(z)[0], w)


def test_the_mean_of_w_is_followed_while_training_and_is_part_of_the_average() -> None:
    g, _ = nets()
    z = torch.randn(50, 6)
    for _ in range(2):
        g.latents(z)
    w = g.mapping(z).mean(0)
    torch.testing.assert_close(g.mean, (1 - 0.995**2) * w)
    g.eval().latents(torch.randn(50, 6))
    torch.testing.assert_close(g.mean, (1 - 0.995**2) * w)
    ema = kit.Ema(g, 0.9)
    g.mean.mul_(2)
    ema.follow(0.9)
    assert ema.average is not None
    torch.testing.assert_close(ema.average.mean, g.mean)


def test_styles_are_mixed_from_a_layer_on() -> None:
    g, _ = nets()
    z = torch.randn(3, 6)
    firsts = set()
    for _ in range(60):
        ws = g.mixed(z, 1.0)
        same = [torch.equal(w, ws[0]) for w in ws]
        first = same.index(False)
        assert 0 < first < len(ws)
        assert not any(same[first:])
        assert all(w is ws[first] for w in ws[first:])
        firsts.add(first)
    assert firsts == set(range(1, g.synthesis.styles))
    assert all(w is ws[0] for ws in [g.mixed(z, 0.0)] for w in ws)


def test_each_image_has_a_layer_of_its_own_styles() -> None:
    """One at the base, two at each size above; the last image has the last styles."""
    g = stir(nets()[0])
    z, noise = torch.randn(2, 6), torch.randn(2, *NOISE)
    ws = torch.stack(g.latents(z)).detach().requires_grad_()
    slopes = torch.autograd.grad(g.synthesis(ws.unbind(), noise).square().sum(), ws)[0]
    assert len(slopes) == g.synthesis.styles == 2 * len(g.synthesis.larger) + 2
    assert (slopes.abs().amax((1, 2)) > 0).all()


def test_images_are_clipped_in_evaluation_alone_and_in_the_file(tmp_path: Path) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"steps": 1, "truncation": 0.7})
    g = plugin.train(run)
    with torch.no_grad():
        for parameter in stir(g).synthesis.images.parameters():
            parameter.mul_(4)
    inputs = latents.samples(run.latent, 0, 0, 50)
    assert np.abs(plugin.sample(g, inputs)).max() == 1.0
    tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
    assert g.train()(**tensors).abs().max() > 1
    assert testing.onnx_difference(plugin, g.eval(), run, tmp_path / "g.onnx") <= 1e-4


# Discriminator and its terms


@pytest.mark.parametrize("residual", [True, False])
def test_the_discriminator_sees_how_alike_a_batch_is(residual: bool) -> None:
    d = stir(nets(residual=residual)[1])
    x = torch.randn(8, *SHAPE)
    assert d(x).shape == (8,)
    assert (d(x)[:1] - d(x[:1].expand(8, -1, -1, -1))[:1]).abs() > 1e-4
    assert any(isinstance(part, filters.Resampling) for part in d.modules() if residual) == residual


class Quadratic(nn.Module):
    """D(x) = ½ a ‖x‖² has the gradient a x."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(0.7))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * self.a * x.square().flatten(1).sum(1)


def test_r1_is_half_gamma_times_a_mean_of_sums_over_a_samples_pixels() -> None:
    """γ/2 · E ‖∇D‖²; without the ½ the same name would mean twice as much."""
    d, real = Quadratic(), torch.randn(16, 1, 3, 4)
    squares = real.square().sum((1, 2, 3)).mean()
    term = stylegan.due(0.6, 5, step=10) * penalties.r1(d, real, real)
    torch.testing.assert_close(term, 5 * 0.6 / 2 * d.a.square() * squares)


def test_a_lazy_term_has_on_average_the_gradient_of_the_eager_one() -> None:
    d, real = Quadratic(), torch.randn(16, 5)
    (eager,) = torch.autograd.grad(0.6 * penalties.r1(d, real, real), d.a)
    weights = [stylegan.due(0.6, 16, step) for step in range(64)]
    assert sum(1 for weight in weights if weight) == 4
    lazy = sum(torch.autograd.grad(w * penalties.r1(d, real, real), d.a)[0] for w in weights if w)
    torch.testing.assert_close(lazy / 64, eager)


def test_rate_and_beta_are_those_of_as_many_updates() -> None:
    """In k steps there are k + 1 updates; moments of k steps ago must weigh as without the term."""
    _, d = nets()
    group = stylegan.lazy_adam(d, options(), 0.01, 16).param_groups[0]
    assert (group["lr"], *group["betas"]) == pytest.approx((2.5e-3 * 16 / 17, 0.0, 0.99 ** (16 / 17)))
    assert group["betas"][1] ** 17 == pytest.approx(0.99**16)
    group = stylegan.lazy_adam(d, options(), 0.0, 16).param_groups[0]
    assert (group["lr"], *group["betas"]) == (2.5e-3, 0.0, 0.99)


def test_training_makes_lazy_updates_when_they_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    descend = kit.descend
    monkeypatch.setattr(kit, "descend", lambda optimiser, loss: seen.append(id(optimiser)) or descend(optimiser, loss))
    changes = {"steps": 6, "r1_interval": 2, "path_weight": 2.0, "path_interval": 3, "mixing": 0.5}
    plugin.train(testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | changes))
    g, d = seen[0], seen[2]
    assert seen == [g, g, d, d, g, d, g, d, d, g, g, d, g, d, d, g, d]


def test_a_resumed_run_has_the_same_path_length_and_styles() -> None:
    changes = {"steps": 6, "r1_interval": 2, "path_weight": 2.0, "path_interval": 2, "mixing": 0.5}
    straight, stopped = testing.interrupt_and_resume(
        plugin, plugin.describe(), testing.toy_images(), SMALL | changes, 3
    )
    assert straight["net.path.mean"] > 0
    for name, value in straight.items():
        np.testing.assert_array_equal(value, stopped[name], err_msg=name)


def test_the_path_length_is_the_norm_of_the_slopes_by_w() -> None:
    """Of a synthesis that is linear in the layers' w the norm is known: ‖Aᵀy‖, its squares averaged over layers."""
    maps = torch.randn(2, 5, 12)

    def synthesis(ws: Any, noise: torch.Tensor) -> torch.Tensor:
        return sum(w @ a for w, a in zip(ws, maps, strict=True)).view(-1, 1, 3, 4)

    path, ws = stylegan.PathLength(), [torch.randn(40, 5, requires_grad=True)] * 2
    torch.manual_seed(1)
    penalty = path(synthesis, ws, torch.zeros(0))
    torch.manual_seed(1)
    y = torch.randn(40, 1, 3, 4).flatten(1) / 12**0.5
    lengths = torch.stack([(y @ a.t()).square().sum(1) for a in maps]).mean(0).sqrt()
    torch.testing.assert_close(path.mean, 0.01 * lengths.mean())
    torch.testing.assert_close(penalty, (lengths - path.mean).square().mean())


def test_the_averages_half_life_grows_with_the_steps() -> None:
    o = options(ema=0.5 ** (1 / 20), ema_ramp=0.1)
    assert stylegan.decay(o, 49) == pytest.approx(0.5 ** (1 / 5))
    assert stylegan.decay(o, 999) == pytest.approx(o.ema)


# The number of its own


def test_slerp_goes_along_the_sphere() -> None:
    a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 5.0]])
    for t, wanted in ((0.0, (1.0, 0.0)), (1 / 3, (3**0.5 / 2, 0.5)), (1.0, (0.0, 1.0))):
        torch.testing.assert_close(path_length.slerp(a, b, t), torch.tensor([wanted]))
    torch.testing.assert_close(path_length.slerp(a, a, 0.5), torch.tensor([[1.0, 0.0]]))


class Unit(nn.Module):
    """Images that are z on the unit sphere, three times as far out, on the noise of each sample."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, z: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        return (self.scale * z / z.norm(dim=1, keepdim=True)).view(-1, 1, 2, 3) + 100 * noise


def test_the_measured_path_is_known_where_the_generator_is() -> None:
    """Then the length is three times the angle between z and z', and its square what is averaged."""
    rng = np.random.default_rng(0)
    drawn = [{"z": rng.normal(size=(512, 6)), "noise": rng.normal(size=(512, 1, 2, 3))} for _ in range(2)]
    run: Any = SimpleNamespace(latents=lambda batch, tick: drawn[tick])
    a, b = (each["z"] / np.linalg.norm(each["z"], axis=1, keepdims=True) for each in drawn)
    squares = 9 * np.arccos((a * b).sum(1)) ** 2
    found = path_length.path_length(Unit(), run)
    assert found.value == pytest.approx(squares.mean(), rel=1e-5)
    assert found.se == pytest.approx(squares.std(ddof=1) / 512**0.5, rel=1e-5)
    assert found.n == 512


def test_the_hook_measures_the_generator_that_was_trained() -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL | {"steps": 2})
    g = plugin.train(run)
    before = {name: value.clone() for name, value in g.state_dict().items()}
    found = plugin.measure(g, testing.measure_run(run, testing.toy_images(seed=1)))
    assert found.keys() == {report.name for report in plugin.describe().reports}
    assert found["path_length_pixels"].value > 0
    assert all(torch.equal(value, before[name]) for name, value in g.state_dict().items())
    g.truncation = 0.0
    assert plugin.measure(g, testing.measure_run(run, testing.toy_images()))["path_length_pixels"].value == 0
