"""Differentiable augmentation: its laws, and that gradients and colours survive it."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from ganzoo_torch import augmentation
from ganzoo_torch.names import Augment


def images(n: int = 400, size: int = 16) -> torch.Tensor:
    return torch.rand(n, 3, size, size) * 2 - 1


def test_every_named_policy_is_made_of_known_steps() -> None:
    x = images(4)
    for name in get_args(Augment):
        assert augmentation.policy(name)(x).shape == x.shape
    assert augmentation.policy("none")(x) is x


@pytest.mark.parametrize("name", ["colour", "translation", "cutout"])
def test_gradients_pass_and_samples_have_draws_of_their_own(name: str) -> None:
    x = images(1).repeat(64, 1, 1, 1).requires_grad_()
    y = augmentation.policy(name)(x)
    y.sum().backward()
    assert x.grad.abs().sum() > 0
    assert len({tuple(row.flatten().tolist()) for row in y.detach()}) > 5


def test_translation_moves_whole_images_by_at_most_an_eighth() -> None:
    x = torch.zeros(300, 1, 16, 16)
    x[:, :, 8, 8] = 1.0
    places = augmentation.translate(x).flatten(1).argmax(1)
    assert set((places // 16 - 8).tolist()) == set(range(-2, 3))
    assert set((places % 16 - 8).tolist()) == set(range(-2, 3))


def test_small_images_move_too() -> None:
    x = torch.zeros(100, 1, 3, 3)
    x[:, :, 1, 1] = 1.0
    assert len(augmentation.translate(x).flatten(1).argmax(1).unique()) == 9


def test_translation_brings_in_grey() -> None:
    y = augmentation.translate(torch.ones(100, 3, 8, 8))
    assert set(y.unique().tolist()) == {0.0, 1.0}


def test_cutout_takes_at_most_a_rectangle_of_half_the_sides() -> None:
    y = augmentation.cutout(torch.ones(500, 3, 16, 16))
    missing = (y == 0).float()
    assert torch.equal(missing[:, 0], missing[:, 2]), "all channels alike"
    shares = missing[:, 0].mean((1, 2))
    assert shares.max() == 0.25
    assert shares.min() >= 1 / 16, "the centre is never outside"
    rows = missing[:, 0].amax(2).sum(1)
    assert rows.max() == 8


def test_colour_moves_brightness_saturation_and_contrast_within_their_ranges() -> None:
    torch.manual_seed(0)
    flat = torch.zeros(4000, 3, 2, 2)
    moved = augmentation.colour(flat)[:, 0, 0, 0]
    assert -0.5 <= moved.min() < -0.48
    assert 0.48 < moved.max() <= 0.5
    x = images(4000, 4)
    y = augmentation.colour(x)
    spread = (y - y.mean((1, 2, 3), keepdim=True)).mean(1).flatten(1).std(1)
    before = (x - x.mean((1, 2, 3), keepdim=True)).mean(1).flatten(1).std(1)
    ratio = spread / before
    assert 0.5 <= ratio.min() < 0.52
    assert 1.48 < ratio.max() <= 1.5
    colourful = (
        (y - y.mean(1, keepdim=True)).flatten(1).std(1) / (x - x.mean(1, keepdim=True)).flatten(1).std(1) / ratio
    )
    assert 0 <= colourful.min() < 0.05
    assert 1.95 < colourful.max() <= 2.0001
