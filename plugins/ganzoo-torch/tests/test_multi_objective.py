"""One loss from several: every gradient against its closed form, and the shortest combination of gradients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from ganzoo_torch import multi_objective
from ganzoo_torch.multi_objective import common_descent, hypervolume, largest, mean, shortest, softmax
from scipy.optimize import minimize
from torch import Tensor

LOSSES = torch.tensor([0.3, 2.0, 0.9, 1.1], dtype=torch.float64)


def weights(of: Callable[[Tensor], Tensor], losses: Tensor = LOSSES) -> Tensor:
    """What the gradient of each loss counts."""
    leaf = losses.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(of(leaf), leaf)
    return gradient


def test_the_mean_weighs_all_alike() -> None:
    torch.testing.assert_close(weights(mean), torch.full((4,), 0.25, dtype=torch.float64))
    torch.testing.assert_close(mean(LOSSES), LOSSES.mean())


def test_the_largest_has_all_the_weight_and_equal_ones_share_it() -> None:
    torch.testing.assert_close(weights(largest), torch.tensor([0, 1, 0, 0], dtype=torch.float64))
    torch.testing.assert_close(weights(largest, torch.tensor([2.0, 1.0, 2.0])), torch.tensor([0.5, 0, 0.5]))


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_softmaxs_weights_carry_gradient(sharpness: float) -> None:
    w = (sharpness * LOSSES).exp() / (sharpness * LOSSES).exp().sum()
    value = (w * LOSSES).sum()
    torch.testing.assert_close(softmax(LOSSES, sharpness), value)
    torch.testing.assert_close(weights(lambda x: softmax(x, sharpness)), w * (1 + sharpness * (LOSSES - value)))
    torch.testing.assert_close(weights(lambda x: softmax(x, sharpness, through=False)), w)


def test_through_its_weights_an_easy_discriminator_counts_less_than_nothing() -> None:
    assert float(weights(lambda x: softmax(x, 3.0))[0]) < 0
    assert bool((weights(lambda x: softmax(x, 3.0, through=False)) > 0).all())


@pytest.mark.parametrize("through", [False, True])
def test_the_softmax_goes_from_the_mean_to_the_largest(through: bool) -> None:
    for sharpness, limit in ((0.0, mean), (1e-9, mean), (500.0, largest)):
        torch.testing.assert_close(softmax(LOSSES, sharpness, through=through), limit(LOSSES))
        found = weights(lambda x, s=sharpness: softmax(x, s, through=through))
        torch.testing.assert_close(found, weights(limit), atol=1e-8, rtol=0)


@pytest.mark.parametrize("through", [False, True])
def test_the_slope_in_lambda_is_the_variance_under_the_weights(through: bool) -> None:
    sharpness = torch.tensor(0.8, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(softmax(LOSSES, sharpness, through=through), sharpness)
    w = torch.softmax(0.8 * LOSSES, 0)
    torch.testing.assert_close(slope, (w * LOSSES.square()).sum() - (w * LOSSES).sum() ** 2)


@pytest.mark.parametrize("slack", [1.01, 1.1, 2.0])
def test_the_hypervolumes_weights_are_the_inverse_distances_to_a_constant_nadir(slack: float) -> None:
    nadir = slack * 2.0
    torch.testing.assert_close(hypervolume(LOSSES, slack), -(nadir - LOSSES).log().sum(), rtol=1e-6, atol=0)
    found = weights(lambda x: hypervolume(x, slack))
    torch.testing.assert_close(found, 1 / (nadir - LOSSES), rtol=1e-5, atol=0)
    assert found.argsort().tolist() == LOSSES.argsort().tolist()
    assert bool((found > 0).all())


def test_the_slack_goes_from_the_largest_to_the_mean() -> None:
    near, far = (weights(lambda x, s=slack: hypervolume(x, s)) for slack in (1 + 1e-6, 1e6))
    torch.testing.assert_close(near / near.sum(), weights(largest), atol=1e-5, rtol=0)
    torch.testing.assert_close(far / far.sum(), weights(mean), atol=1e-5, rtol=0)


def test_losses_that_have_vanished_leave_the_hypervolume_finite() -> None:
    zeros = torch.zeros(3)
    assert bool(hypervolume(zeros, 1.1).isfinite())
    assert bool(weights(lambda x: hypervolume(x, 1.1), zeros).isfinite().all())


def test_the_shortest_of_two_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        one, other = rng.normal(size=(2, 3)) * rng.uniform(0.01, 10, size=(2, 1))
        share = np.clip(other @ (other - one) / ((one - other) @ (one - other)), 0, 1)
        gram = np.array([[one @ one, one @ other], [one @ other, other @ other]])
        np.testing.assert_allclose(shortest(gram), [share, 1 - share], atol=1e-9)


@pytest.mark.parametrize("dimensions", [2, 3, 20])
@pytest.mark.parametrize("k", [2, 3, 8])
def test_the_shortest_combination_is_that_of_a_general_solver(k: int, dimensions: int) -> None:
    rng = np.random.default_rng(10 * k + dimensions)
    for shift in (0.0, 1.0):
        vectors = rng.normal(size=(k, dimensions)) + shift
        gram = vectors @ vectors.T
        found = shortest(gram)
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1)
        other = minimize(
            lambda w, gram=gram: w @ gram @ w,
            np.full(k, 1 / k),
            jac=lambda w, gram=gram: 2 * gram @ w,
            bounds=[(0, 1)] * k,
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert found @ gram @ found <= other.fun + 1e-8 * gram.trace()
        assert (gram @ found).min() >= found @ gram @ found - 1e-8 * gram.trace()  # none is nearer to the origin


@pytest.mark.parametrize(
    ("vectors", "length"),
    [
        ([[1.0, 0], [-1, 0], [0, 3]], 0),  # 0 is among the combinations
        ([[1.0, 2], [1, 2], [1, 2]], 5),  # all the same
        ([[1.0, 0], [2, 0], [5, 0]], 1),  # all in one direction: the first is the shortest itself
        ([[0.0, 0], [2, 1], [1, 1]], 0),
        ([[0.0, 0], [0, 0], [0, 0]], 0),
        ([[1e-12, 0], [0, 1e-12], [5e-13, 5e-13]], 5e-25),
    ],
)
def test_the_shortest_of_degenerate_vectors(vectors: list[list[float]], length: float) -> None:
    gram = np.array(vectors) @ np.array(vectors).T
    found = shortest(gram)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    assert found @ gram @ found == pytest.approx(length, abs=1e-9 * max(gram.trace(), 1e-300))


def conflicting(k: int) -> tuple[Tensor, list[torch.nn.Parameter]]:
    """Losses of two parameters that pull in unlike directions."""
    generator = torch.Generator().manual_seed(k)
    parameters = [torch.nn.Parameter(torch.randn(size, generator=generator).double()) for size in ((2, 3), (4,))]
    aims = torch.randn(k, 10, generator=generator).double() + 3
    flat = torch.cat([p.flatten() for p in parameters])
    return (flat - aims).square().sum(1) * torch.linspace(0.2, 5, k).double(), parameters


@pytest.mark.parametrize("k", [2, 5])
def test_the_common_descent_lowers_every_loss_and_is_the_shortest(k: int) -> None:
    losses, parameters = conflicting(k)
    found, combination = common_descent(losses, parameters)
    each = [torch.autograd.grad(loss, parameters, retain_graph=True) for loss in losses]
    flat = torch.stack([torch.cat([part.flatten() for part in gradient]) for gradient in each])
    direction = torch.cat([part.flatten() for part in combination])
    assert [part.shape for part in combination] == [p.shape for p in parameters]
    torch.testing.assert_close(direction, found @ flat)
    assert float(direction.norm()) > 0
    assert bool((flat @ direction >= direction @ direction * (1 - 1e-9)).all())  # so it is a descent for each
    for mix in torch.distributions.Dirichlet(torch.ones(k)).sample((200,)).double():
        assert float((mix @ flat).norm()) >= float(direction.norm()) - 1e-9


def test_there_is_no_common_descent_where_two_losses_are_opposed() -> None:
    x = torch.nn.Parameter(torch.tensor([0.5], dtype=torch.float64))
    found, (direction,) = common_descent(torch.cat((x, -3 * x)), [x])
    torch.testing.assert_close(found, torch.tensor([0.75, 0.25], dtype=torch.float64))
    torch.testing.assert_close(direction, torch.zeros(1, dtype=torch.float64))


def test_a_solver_that_is_cut_short_still_gives_a_convex_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_objective, "TOLERANCE", -1.0)  # never content: the loop's bound ends it
    vectors = np.random.default_rng(3).normal(size=(6, 2))
    found = shortest(vectors @ vectors.T)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
