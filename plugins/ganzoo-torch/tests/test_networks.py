"""The shared networks, and the mistakes that well-known implementations make in them."""

from __future__ import annotations

import pytest
import torch
from ganzoo_torch.fast_layers import ThinConv, ThinUpsampling
from ganzoo_torch.models import dcgan, infogan, wgan
from ganzoo_torch.networks import (
    ConvGenerator,
    ConvTrunk,
    Upsample,
    pyramid,
)
from ganzoo_torch.norms import batch
from torch import nn

NORMS = nn.BatchNorm1d | nn.BatchNorm2d
SHAPE = (3, 32, 32)


def all_nets() -> list[nn.Module]:
    generator = ConvGenerator({"z": 16, "c": 4}, SHAPE, 8, hidden=32)
    return [generator, dcgan.Discriminator(SHAPE, 8), infogan.Discriminator(SHAPE, 8), infogan.QHead(128, 8, 10, 2)]


def test_pyramid_halves_to_a_small_base() -> None:
    assert pyramid(8, 8) == [(8, 8), (4, 4), (2, 2)]
    assert pyramid(28, 28) == [(28, 28), (14, 14), (7, 7), (4, 4)]
    assert pyramid(28, 28, dense=True) == [(28, 28), (14, 14), (7, 7)]
    assert pyramid(64, 64)[-1] == (4, 4)
    assert pyramid(12, 20)[-1] == (3, 5)


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 9, 9), (1, 28, 28), (4, 64, 64), (1, 12, 20), (3, 63, 8), (1, 8, 64)])
def test_any_size_fits(shape: tuple[int, int, int]) -> None:
    images = ConvGenerator({"z": 5}, shape, 2)(torch.randn(3, 5))
    assert images.shape == (3, *shape)
    assert dcgan.Discriminator(shape, 2)(images).shape == (3,)
    assert wgan.ConvCritic(shape, 2, norm=True)(images).shape == (3,)


def test_an_odd_size_loses_one_row_and_column() -> None:
    assert Upsample(1, 2, (7, 8), bias=True)(torch.zeros(1, 1, 4, 4)).shape == (1, 2, 7, 8)


def test_batch_norm_arguments_are_not_swapped() -> None:
    norms = [part for net in all_nets() for part in net.modules() if isinstance(part, NORMS)]
    assert len(norms) > 6
    assert {(norm.eps, norm.momentum) for norm in [*norms, batch(3)]} == {(1e-5, 0.1)}


def test_generator_normalises_everything_but_its_output() -> None:
    layers = list(ConvGenerator({"z": 16}, SHAPE, 8).layers)
    assert isinstance(layers[-1], nn.Tanh)
    assert isinstance(layers[-2], Upsample)
    convs = [i for i, layer in enumerate(layers[:-2]) if isinstance(layer, Upsample)]
    assert len(convs) == 2
    assert all(isinstance(layers[i + 1], nn.BatchNorm2d) and isinstance(layers[i + 2], nn.ReLU) for i in convs)


def test_discriminator_does_not_normalise_its_input() -> None:
    layers = list(ConvTrunk(SHAPE, 8, norm="batch").layers)
    assert isinstance(layers[0], nn.Conv2d)
    assert isinstance(layers[1], nn.LeakyReLU)
    convs = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    assert all(isinstance(layers[i + 1], nn.BatchNorm2d) for i in convs[1:])
    assert {layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)} == {0.2}


def test_weights_start_at_std_02_and_batch_norm_scales_near_one() -> None:
    for net in [
        ConvGenerator({"z": 100}, SHAPE, 32),
        dcgan.Discriminator(SHAPE, 32),
        wgan.ConvCritic(SHAPE, 32, norm=True),
    ]:
        for part in net.modules():
            if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                assert part.weight.std().item() == pytest.approx(0.02, rel=0.15)
                assert abs(part.weight.mean().item()) < 0.002
            if isinstance(part, NORMS):
                assert part.weight.mean().item() == pytest.approx(1, abs=0.02)
                assert 0.01 < part.weight.std().item() < 0.03
            if getattr(part, "bias", None) is not None:
                assert not part.bias.any()


def test_only_generators_keep_running_averages() -> None:
    generator, *others = all_nets()
    assert any("running_mean" in name for name, _ in generator.named_buffers())
    assert [name for net in others for name, _ in net.named_buffers()] == []


@pytest.mark.parametrize(("kind", "plain"), [(ThinConv, nn.Conv2d), (ThinUpsampling, nn.ConvTranspose2d)])
@pytest.mark.parametrize("size", [(8, 8), (7, 12)])
def test_thin_layers_compute_what_the_plain_ones_do(
    kind: type[nn.Module], plain: type[nn.Module], size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    thin = kind(2, 3, kernel_size=4, stride=2, padding=1)
    usual = plain(2, 3, kernel_size=4, stride=2, padding=1)
    usual.load_state_dict(thin.state_dict())
    results = []
    for layer in (thin, usual):
        x = torch.arange(2 * 2 * size[0] * size[1], dtype=torch.float32).view(2, 2, *size).sin().requires_grad_()
        y = layer(x)
        y.square().sum().backward()
        results.append((y, x.grad, *(p.grad for p in layer.parameters())))
    for mine, theirs in zip(*results, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-5)
