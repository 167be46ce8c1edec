"""Penalties on D: values against finite differences, and the mistakes that are known of gradient penalties."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from ganzoo_torch import penalties
from ganzoo_torch.names import PenaltyName
from ganzoo_torch.penalties import PENALTIES
from torch import Tensor, nn

SHAPE = (2, 4, 4)


def critic() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(32, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(0)).double()


def batches() -> tuple[Tensor, Tensor]:
    return torch.randn(3, *SHAPE, dtype=torch.float64), torch.randn(3, *SHAPE, dtype=torch.float64)


def numerical(net: nn.Module, x: Tensor) -> Tensor:
    """Each sample's gradient by central differences: [N, k]."""
    flat, step = x.flatten(1), 1e-5
    columns = []
    for k in range(flat.shape[1]):
        move = torch.zeros_like(flat)
        move[:, k] = step
        up, down = ((flat + sign * move).view_as(x) for sign in (1, -1))
        columns.append((net(up) - net(down)).detach() / (2 * step))
    return torch.stack(columns, 1)


def test_options_name_what_there_is() -> None:
    assert set(get_args(PenaltyName)) == {"none", *PENALTIES}


def test_gradients_are_each_samples_own() -> None:
    net, (real, _) = critic(), batches()
    torch.testing.assert_close(penalties.gradients(net, real), numerical(net, real), atol=1e-8, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "where", "rule"),
    [
        ("r1", "real", lambda g: 0.5 * (g**2).sum(1)),
        ("r2", "fake", lambda g: 0.5 * (g**2).sum(1)),
        ("zero-centred", "between", lambda g: (g**2).sum(1)),
        ("gp", "between", lambda g: ((g**2).sum(1).sqrt() - 1) ** 2),
        ("gp-one-sided", "between", lambda g: ((g**2).sum(1).sqrt() - 1).clamp(min=0) ** 2),
    ],
)
def test_value_is_that_of_numerical_gradients(name: str, where: str, rule: object) -> None:
    """The norm is over all axes of a sample, and the mean over samples."""
    net, (real, fake) = critic(), batches()
    net[3].weight.data *= 20  # norms around 1, on both sides of it
    torch.manual_seed(3)
    found = PENALTIES[name].term(net, real, fake)
    torch.manual_seed(3)
    place = {"real": real, "fake": fake, "between": penalties.interpolates(real, fake)}[where]
    torch.testing.assert_close(found, rule(numerical(net, place)).mean(), atol=1e-7, rtol=1e-6)  # type: ignore[operator]


def test_r1_and_r2_are_added() -> None:
    net, (real, fake) = critic(), batches()
    both = PENALTIES["r1+r2"].term(net, real, fake)
    torch.testing.assert_close(both, PENALTIES["r1"].term(net, real, fake) + PENALTIES["r2"].term(net, real, fake))


@pytest.mark.parametrize("name", sorted(set(PENALTIES) - {"consistency"}))
def test_the_penalty_moves_the_discriminator_as_finite_differences_say(name: str) -> None:
    net, (real, fake) = critic(), batches()
    net[3].weight.data *= 20
    weight = net[1].weight

    def value() -> Tensor:
        torch.manual_seed(5)
        return PENALTIES[name].term(net, real, fake)

    (slope,) = torch.autograd.grad(value(), weight)
    with torch.no_grad():
        weight[0, 0] += 1e-6
    up = value().item()
    with torch.no_grad():
        weight[0, 0] -= 2e-6
    assert slope[0, 0].item() == pytest.approx((up - value().item()) / 2e-6, rel=1e-4, abs=1e-7)


def test_one_alpha_for_each_sample_not_for_each_pixel() -> None:
    real, fake = torch.zeros(50, *SHAPE), torch.ones(50, *SHAPE)
    alphas = penalties.interpolates(real, fake).flatten(1)
    assert torch.equal(alphas, alphas[:, :1].expand_as(alphas))
    assert len(alphas[:, 0].unique()) == 50
    assert 0 <= alphas.min() < 0.1
    assert 0.9 < alphas.max() <= 1


def test_noise_around_real_samples_is_gaussian_and_scaled_by_their_deviation() -> None:
    seen: list[Tensor] = []

    def spy(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return x.flatten(1).sum(1)

    real = 3 * torch.randn(2000, *SHAPE)
    PENALTIES["dragan"].term(spy, real, torch.full_like(real, 100.0))
    delta = (seen[0] - real) / (0.5 * real.std())
    assert delta.mean().item() == pytest.approx(0, abs=0.02)
    assert delta.std().item() == pytest.approx(1, abs=0.02)
    assert (delta.abs() < 1).float().mean().item() == pytest.approx(0.683, abs=0.01)


def test_zero_gradients_give_no_nan() -> None:
    net, (real, fake) = critic(), batches()
    for parameter in net.parameters():
        parameter.data.zero_()
    for name, penalty in PENALTIES.items():
        if not penalty.images_only:
            penalty.term(net, real, fake).backward()
            assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None), name


def test_consistency_is_nothing_for_a_critic_that_does_not_see_shifts() -> None:
    real = torch.zeros(8, 1, 16, 16)
    real[:, :, 6:10, 6:10] = 1.0
    assert PENALTIES["consistency"].term(lambda x: x.sum((1, 2, 3)), real, real) == 0
    corner = PENALTIES["consistency"].term(lambda x: x[:, 0, 6, 6] * 1.0, real, real)
    assert corner > 0
