"""Every adversarial loss, held to its definition, to finite differences, and to known mistakes of others."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from ganzoo_torch.divergences import DIVERGENCES
from ganzoo_torch.names import DivergenceName, LossName
from ganzoo_torch.objectives import OBJECTIVES, f_gan, least_squares, smoothed
from torch import Tensor

NAMES = sorted(OBJECTIVES)
# Logits of real and generated samples at which no loss has a kink.
REAL = torch.tensor([1.7, -0.4, 0.3, 2.2, -1.3], dtype=torch.float64)
FAKE = torch.tensor([-0.9, 0.6, -2.1, 0.2, 1.4], dtype=torch.float64)


def sides(name: str) -> tuple[Tensor, Tensor]:
    objective = OBJECTIVES[name]
    return objective.discriminator(REAL, FAKE), objective.generator(REAL, FAKE)


def test_options_name_what_there_is() -> None:
    assert set(get_args(LossName)) == set(OBJECTIVES)
    assert set(get_args(DivergenceName)) == set(DIVERGENCES)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    objective = OBJECTIVES[name]
    inputs = (REAL.clone().requires_grad_(), FAKE.clone().requires_grad_())
    assert torch.autograd.gradcheck(objective.discriminator, inputs)
    assert torch.autograd.gradcheck(objective.generator, inputs)


@pytest.mark.parametrize("name", NAMES)
def test_the_discriminator_separates_and_the_generator_follows(name: str) -> None:
    objective = OBJECTIVES[name]
    even = torch.full((4,), 0.5, dtype=torch.float64)
    real, fake = even.clone().requires_grad_(), even.clone().requires_grad_()
    objective.discriminator(real, fake).backward()
    assert (real.grad < 0).all(), "D's loss falls as D(x) rises"
    assert (fake.grad > 0).all(), "D's loss falls as D(G(z)) falls"
    fake = even.clone().requires_grad_()
    objective.generator(even, fake).backward()
    assert (fake.grad < 0).all(), "G's loss falls as D(G(z)) rises"


@pytest.mark.parametrize("name", NAMES)
def test_only_relativistic_generators_look_at_real_samples(name: str) -> None:
    real = REAL.clone().requires_grad_()
    loss = OBJECTIVES[name].generator(real, FAKE)
    (found,) = torch.autograd.grad(loss, real, allow_unused=True) if loss.requires_grad else (None,)
    assert (found is not None) == OBJECTIVES[name].needs_real == name.startswith("relativistic")


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_means_over_the_batch(name: str) -> None:
    for mine, twice in zip(sides(name), _doubled(name), strict=True):
        torch.testing.assert_close(mine, twice)


def _doubled(name: str) -> tuple[Tensor, Tensor]:
    objective = OBJECTIVES[name]
    return objective.discriminator(REAL.repeat(2), FAKE.repeat(2)), objective.generator(REAL.repeat(2), FAKE.repeat(2))


def test_cross_entropy_is_that_of_probabilities() -> None:
    real, fake = torch.sigmoid(REAL), torch.sigmoid(FAKE)
    d_loss, g_loss = sides("nonsaturating")
    torch.testing.assert_close(d_loss, -(real.log().mean() + (1 - fake).log().mean()))
    torch.testing.assert_close(g_loss, -fake.log().mean())
    torch.testing.assert_close(sides("minimax"), (d_loss, (1 - fake).log().mean()))


def test_least_squares_have_no_sigmoid_and_square_before_the_mean() -> None:
    d_loss, g_loss = sides("lsgan")
    torch.testing.assert_close(d_loss, (((REAL - 1) ** 2).mean() + (FAKE**2).mean()) / 2)
    torch.testing.assert_close(g_loss, ((FAKE - 1) ** 2).mean() / 2)
    assert d_loss > 1, "a sigmoid would keep it below"
    assert not torch.isclose(g_loss, (FAKE - 1).mean() ** 2 / 2)


def test_least_squares_take_the_papers_other_coding() -> None:
    pearson = least_squares(-1.0, 1.0, 0.0)
    torch.testing.assert_close(
        pearson.discriminator(REAL, FAKE), (((REAL - 1) ** 2).mean() + ((FAKE + 1) ** 2).mean()) / 2
    )
    torch.testing.assert_close(pearson.generator(REAL, FAKE), (FAKE**2).mean() / 2)


def test_only_the_discriminator_of_the_hinge_has_a_hinge() -> None:
    far = torch.tensor([5.0, 5.0])
    hinge = OBJECTIVES["hinge"]
    assert hinge.discriminator(far, -far) == 0
    assert hinge.generator(far, -far) == 5
    torch.testing.assert_close(sides("hinge")[0], (1 - REAL).clamp(min=0).mean() + (1 + FAKE).clamp(min=0).mean())


def test_wasserstein_critic_is_higher_on_real_samples() -> None:
    torch.testing.assert_close(sides("wasserstein"), (FAKE.mean() - REAL.mean(), -FAKE.mean()))


def test_relativistic_pairs_each_real_sample_with_one_fake() -> None:
    pairs = REAL - FAKE
    d_loss, g_loss = sides("relativistic")
    torch.testing.assert_close(d_loss, -torch.sigmoid(pairs).log().mean())
    torch.testing.assert_close(g_loss, -torch.sigmoid(-pairs).log().mean())
    shuffled = OBJECTIVES["relativistic"].discriminator(REAL, FAKE.flip(0))
    assert not torch.isclose(d_loss, shuffled), "which fake a real sample is compared with matters"


def test_relativistic_average_compares_with_the_other_sides_mean() -> None:
    over, under = REAL - FAKE.mean(), FAKE - REAL.mean()
    d_loss, g_loss = sides("relativistic-average")
    torch.testing.assert_close(d_loss, -torch.sigmoid(over).log().mean() - (1 - torch.sigmoid(under)).log().mean())
    torch.testing.assert_close(g_loss, -torch.sigmoid(under).log().mean() - (1 - torch.sigmoid(over)).log().mean())
    assert not torch.isclose(g_loss, -torch.sigmoid(FAKE).log().mean()), "G's loss is not the plain one"


def test_f_gan_applies_the_conjugate_to_the_activation() -> None:
    pearson = f_gan(DIVERGENCES["pearson"])
    torch.testing.assert_close(pearson.discriminator(REAL, FAKE), (FAKE**2 / 4 + FAKE).mean() - REAL.mean())
    kl = f_gan(DIVERGENCES["reverse-kl"])
    torch.testing.assert_close(kl.discriminator(REAL, FAKE), (FAKE - 1).mean() + torch.exp(-REAL).mean())


def test_f_gan_has_the_papers_generator_and_the_heuristic_one() -> None:
    divergence = DIVERGENCES["gan"]
    torch.testing.assert_close(f_gan(divergence).generator(REAL, FAKE), sides("nonsaturating")[1])
    torch.testing.assert_close(f_gan(divergence, heuristic=False).generator(REAL, FAKE), sides("minimax")[1])
    torch.testing.assert_close(f_gan(divergence).discriminator(REAL, FAKE), sides("nonsaturating")[0])


@pytest.mark.parametrize("name", ["nonsaturating", "minimax", "lsgan"])
def test_smoothing_is_one_sided(name: str) -> None:
    plain, soft = OBJECTIVES[name], smoothed(name, 0.9)
    torch.testing.assert_close(smoothed(name, 1.0).discriminator(REAL, FAKE), plain.discriminator(REAL, FAKE))
    assert soft.generator is plain.generator
    fake = [FAKE.clone().requires_grad_() for _ in range(2)]
    for side, x in zip((plain, soft), fake, strict=True):
        side.discriminator(REAL, x).backward()
    torch.testing.assert_close(fake[0].grad, fake[1].grad)


def test_smoothed_labels_are_the_target_of_real_samples() -> None:
    entropy, squares = smoothed("nonsaturating", 0.9), smoothed("lsgan", 0.9)
    p = torch.sigmoid(REAL)
    expected = -(0.9 * p.log() + 0.1 * (1 - p).log()).mean() - (1 - torch.sigmoid(FAKE)).log().mean()
    torch.testing.assert_close(entropy.discriminator(REAL, FAKE), expected)
    torch.testing.assert_close(squares.discriminator(REAL, FAKE), ((REAL - 0.9) ** 2).mean() / 2 + (FAKE**2).mean() / 2)
    with pytest.raises(KeyError):
        smoothed("hinge", 0.9)
