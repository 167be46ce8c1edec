"""GMAN's unlike discriminators, the λ that G learns, and the update of all networks at once."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from ganzoo_torch import gman as plugin
from ganzoo_torch import kit
from ganzoo_torch.models import gman
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus
from torch.nn.utils import parameters_to_vector

from ganzoo import testing
from ganzoo.training.loop import MemoryCheckpoints

SMALL: dict[str, Any] = {"batch": 4, "z_dim": 3, "width": 8, "hidden": 16, "discriminators": 3, "dropout": 0.0}
SHAPES = [(2,), (1, 8, 8)]


def options(**changed: Any) -> plugin.GmanOptions:
    return plugin.GmanOptions(**{**SMALL, **changed})


def vector(net: nn.Module) -> Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


@pytest.mark.parametrize(
    ("name", "value"),
    [("discriminators", 1), ("lambda_", -0.1), ("reward", -1.0), ("dropout", 1.0), ("objective", "mgda")],
)
def test_what_makes_no_sense_is_refused(name: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert({name: value}, plugin.GmanOptions)


@pytest.mark.parametrize("shape", SHAPES)
def test_discriminators_differ_in_width_dropout_and_weights(shape: tuple[int, ...]) -> None:
    _, judges = gman.build(options(dropout=0.4), shape)
    widths = [next(p for p in judge.parameters() if p.dim() > 1).shape[0] for judge in judges]
    full = 16 if len(shape) == 1 else 8
    assert widths == [full, full * 3 // 4, full // 2]
    dropped = [{part.p for part in judge.modules() if isinstance(part, nn.Dropout)} for judge in judges]
    assert dropped == [set(), {0.2}, {0.4}]
    x = torch.randn(5, *shape)
    with torch.no_grad():
        answers = [judge.eval()(x) for judge in judges]
    assert all(not torch.equal(one, other) for one, other in pairwise(answers))


def test_without_dropout_no_discriminator_drops() -> None:
    assert not any(isinstance(part, nn.Dropout) for part in gman.build(options(), (2,))[1].modules())


@pytest.mark.parametrize("shape", SHAPES)
def test_each_discriminator_has_samples_of_its_own(shape: tuple[int, ...]) -> None:
    o = options()
    _, judges = gman.build(o, shape)
    real, fake = torch.randn(12, *shape), torch.randn(12, *shape)
    before = gman.losses(o, judges, real, fake)
    real[4:8] += 1
    fake[4:8] -= 1
    after = gman.losses(o, judges, real, fake)
    for old, new in zip(before, after, strict=True):
        assert (old != new).tolist() == [False, True, False]


@pytest.mark.parametrize("batch", [4, 7])
def test_a_batch_counts_the_samples_of_one_discriminator(batch: int) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_points(), {**SMALL, "steps": 1, "batch": batch})
    asked: list[int] = []
    draw = run.indices
    run.indices = lambda batch, tick, **k: (asked.append(batch), draw(batch, tick, **k))[1]  # type: ignore[method-assign]
    plugin.train(run)
    assert asked == [3 * batch]


@pytest.mark.parametrize("loss", ["minimax", "nonsaturating"])
def test_losses_are_cross_entropies(loss: str) -> None:
    o = options(loss=loss)
    _, judges = gman.build(o, (2,))
    real, fake = torch.randn(12, 2), torch.randn(12, 2)
    of_d, of_g = gman.losses(o, judges, real, fake)
    for number, judge in enumerate(judges):
        r, f = (judge(x[4 * number : 4 * number + 4]) for x in (real, fake))
        ones, zeros = torch.ones(4), torch.zeros(4)
        bce = binary_cross_entropy_with_logits
        torch.testing.assert_close(of_d[number], bce(r, ones) + bce(f, zeros))
        torch.testing.assert_close(of_g[number], bce(f, ones) if loss == "nonsaturating" else -bce(f, zeros))


def test_objectives_are_what_they_are_called() -> None:
    losses, regulator = torch.tensor([-0.4, -1.0, -2.5]), gman.Regulator()

    def value(**changed: Any) -> Tensor:
        return gman.combined(options(**changed), losses, regulator).detach()

    torch.testing.assert_close(value(objective="mean"), losses.mean())
    torch.testing.assert_close(value(objective="softmax", lambda_=0.0), losses.mean())
    torch.testing.assert_close(value(objective="max"), losses.max())
    torch.testing.assert_close(value(objective="softmax", lambda_=1e3), losses.max())
    found = float(softplus(torch.tensor(-2.0)))
    soft = float(value(objective="softmax", lambda_=found))
    assert float(value(objective="learned", reward=0.5)) == pytest.approx(soft - 0.5 * found)


@pytest.mark.parametrize("through", [False, True])
@pytest.mark.parametrize("objective", ["softmax", "learned"])
def test_whether_weights_carry_gradient_is_an_option(objective: str, through: bool) -> None:
    losses = torch.tensor([0.2, 1.0, 2.5], requires_grad=True)
    regulator = gman.Regulator()
    o = options(objective=objective, through_weights=through, lambda_=0.7)
    (found,) = torch.autograd.grad(gman.combined(o, losses, regulator), losses)
    sharpness = 0.7 if objective == "softmax" else float(regulator().detach())
    w = torch.softmax(sharpness * losses.detach(), 0)
    expected = w * (1 + sharpness * (losses - (w * losses).sum())).detach() if through else w
    torch.testing.assert_close(found, expected)


def test_lambda_begins_small_and_falls_unless_a_large_one_is_rewarded() -> None:
    losses, regulator = torch.tensor([0.2, 1.0, 2.5]), gman.Regulator()
    assert float(regulator().detach()) == pytest.approx(float(np.log1p(np.exp(-2))))
    variance = (
        float(torch.softmax(regulator().detach() * losses, 0) @ losses.square())
        - float(torch.softmax(regulator().detach() * losses, 0) @ losses) ** 2
    )
    slope_of_softplus = float(torch.sigmoid(torch.tensor(-2.0)))
    for reward in (0.0, 0.1, 10.0):
        o = options(objective="learned", reward=reward)
        (slope,) = torch.autograd.grad(gman.combined(o, losses, regulator), regulator.raw)
        assert float(slope) == pytest.approx((variance - reward) * slope_of_softplus, rel=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("objective", ["mean", "softmax", "max", "learned"])
def test_all_gradients_are_taken_before_any_network_moves(shape: tuple[int, ...], objective: str) -> None:
    o = options(objective=objective)
    g, judges = gman.build(o, shape)
    regulator = gman.Regulator()
    nets = nn.ModuleList([g, judges, regulator]).double()
    real, z = torch.rand(12, *shape).double(), torch.rand(12, 3).double()
    mine = [*g.parameters(), *(regulator.parameters() if objective == "learned" else ())]
    of_d, of_g = gman.losses(o, judges, real, g(z))
    for_judges = torch.autograd.grad(of_d.sum(), list(judges.parameters()), retain_graph=True)
    for_g = torch.autograd.grad(gman.combined(o, of_g, regulator), mine)
    expected = {id(p): p - 0.1 * d for p, d in zip([*judges.parameters(), *mine], [*for_judges, *for_g], strict=True)}
    optimisers = kit.sgd(mine, 0.1, 0), kit.sgd(judges.parameters(), 0.1, 0)
    gman.step_all(o, (g, judges, regulator), optimisers, real, z)
    for parameter in nets.parameters():
        assert parameter.grad is None
        torch.testing.assert_close(parameter, expected.get(id(parameter), parameter))


def test_one_adam_of_all_discriminators_is_an_adam_for_each() -> None:
    o = options()
    g, judges = gman.build(o, (2,))
    apart = copy.deepcopy(judges)
    optimisers = kit.adam(g.parameters(), 1e-9, 0.5), kit.adam(judges.parameters(), 0.01, 0.5)
    each = [kit.adam(judge.parameters(), 0.01, 0.5) for judge in apart]
    for _ in range(3):
        real, z = torch.randn(12, 2), torch.rand(12, 3)
        with torch.no_grad():
            fake = copy.deepcopy(g)(z)
        for number, optimiser in enumerate(each):
            kit.descend(optimiser, gman.losses(o, apart, real, fake)[0][number])
            apart.zero_grad(set_to_none=True)
        gman.step_all(o, (g, judges, gman.Regulator()), optimisers, real, z)
    torch.testing.assert_close(vector(judges), vector(apart))


@pytest.mark.parametrize("objective", ["softmax", "learned"])
def test_lambda_moves_only_where_it_is_learned_and_is_saved(objective: str) -> None:
    run = testing.memory_run(
        plugin.describe(),
        testing.toy_points(),
        {**SMALL, "steps": 3, "objective": objective, "lr": 1e-2},
        checkpoints=MemoryCheckpoints(),
    )
    logged: list[dict[str, Any]] = []
    run.log = lambda **scalars: logged.append(scalars)  # type: ignore[method-assign]
    plugin.train(run)
    raw = float(run._checkpoints.last.arrays["net.lambda.raw"])
    assert (raw == -2.0) == (objective == "softmax")
    assert ("lambda_" in logged[0]) == (objective == "learned")


def test_a_resume_goes_on_with_lambda() -> None:
    o = {**SMALL, "steps": 7, "objective": "learned", "lr": 1e-2, "dropout": 0.3}
    straight, stopped = testing.interrupt_and_resume(plugin, plugin.describe(), testing.toy_images(), o, 3)
    assert straight.keys() == stopped.keys()
    assert float(straight["net.lambda.raw"]) != -2.0
    for key, value in straight.items():
        np.testing.assert_array_equal(value, stopped[key], err_msg=key)
