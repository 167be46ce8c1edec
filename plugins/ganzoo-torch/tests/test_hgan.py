"""hGAN's fixed projections, its objectives, and the updates of all discriminators and of G."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from ganzoo_torch import hgan as plugin
from ganzoo_torch import kit
from ganzoo_torch.adversarial import Player
from ganzoo_torch.models import hgan
from ganzoo_torch.multi_objective import common_descent
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import parameters_to_vector

import ganzoo
from ganzoo import testing
from ganzoo.training.loop import MemoryCheckpoints

SMALL: dict[str, Any] = {"batch": 6, "z_dim": 3, "width_g": 4, "width_d": 4, "hidden": 12, "discriminators": 3}
SHAPES = [(2,), (1, 8, 8)]
OBJECTIVES = ["hypervolume", "mean", "softmax", "max", "mgda"]


def options(**changed: Any) -> plugin.HganOptions:
    return plugin.HganOptions(**{**SMALL, **changed})


def vector(net: nn.Module) -> Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def weights_of_projections(panel: nn.Module) -> list[Tensor]:
    return [part.weight.clone() for part in panel.modules() if isinstance(part, hgan.Projection)]


@pytest.mark.parametrize(
    ("name", "value"),
    [("discriminators", 1), ("slack", 1.0), ("lambda_", -0.1), ("filters", 0), ("objective", "learned")],
)
def test_what_makes_no_sense_is_refused(name: str, value: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match=name):
        msgspec.convert({name: value}, plugin.HganOptions)


@pytest.mark.parametrize(("shape", "most"), [((1, 8, 8), 3), ((3, 32, 32), 11)])
def test_a_projection_that_is_no_smaller_than_the_image_is_refused(shape: tuple[int, ...], most: int) -> None:
    data = ganzoo.DataSpec(name="some", kind="image", shape=shape)
    assert plugin.validate(options(filters=most), data) == ""
    assert f"at most {most}" in plugin.validate(options(filters=most + 1), data)


def test_points_are_not_projected() -> None:
    data = ganzoo.DataSpec(name="ring", kind="points", shape=(2,))
    assert plugin.validate(options(filters=100), data) == ""
    assert weights_of_projections(hgan.build(options(), (2,))[1]) == []


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 32, 32), (1, 28, 28), (4, 9, 15)])
@pytest.mark.parametrize("filters", [1, 3])
def test_a_projection_halves_the_size_by_random_filters_of_length_one(shape: tuple[int, ...], filters: int) -> None:
    channels, height, width = shape
    projection = hgan.Projection(channels, filters)
    x = torch.randn(2, *shape)
    assert projection(x).shape == (2, filters, height // 2, width // 2)
    torch.testing.assert_close(projection.weight.flatten(1).norm(dim=1), torch.ones(filters))
    torch.testing.assert_close(projection(2 * x), 2 * projection(x))
    assert list(projection.parameters()) == []


def test_each_discriminator_has_a_projection_of_its_own_and_answers_differently() -> None:
    _, panel = hgan.build(options(filters=2), (1, 8, 8))
    projections = weights_of_projections(panel)
    assert len(projections) == 3
    assert not torch.equal(projections[0], projections[1])
    judged = panel(torch.randn(5, 1, 8, 8))
    assert judged.shape == (5, 3)
    assert len({tuple(column.tolist()) for column in judged.t()}) == 3


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_projections_stay_as_they_were_through_training_and_resume(objective: str) -> None:
    o = {**SMALL, "steps": 5, "objective": objective, "lr": 1e-2}
    run = testing.memory_run(
        plugin.describe(), testing.toy_images(), {**o, "steps": 1}, checkpoints=MemoryCheckpoints()
    )
    plugin.train(run)
    after_one = run._checkpoints.last.arrays
    straight, stopped = testing.interrupt_and_resume(plugin, plugin.describe(), testing.toy_images(), o, 2)
    fixed = [key for key in straight if "projection" in key]
    assert len(fixed) == 3
    for key in straight:
        np.testing.assert_array_equal(straight[key], stopped[key], err_msg=key)
    for key in fixed:
        np.testing.assert_array_equal(straight[key], after_one[key])
    moved = [key for key in straight if key.startswith("net.d.") and key not in fixed]
    assert moved
    assert all(not np.array_equal(straight[key], after_one[key]) for key in moved)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_discriminator_moves_along_its_own_loss_by_an_adam_of_its_own(shape: tuple[int, ...]) -> None:
    _, panel = hgan.build(options(), shape)
    apart = copy.deepcopy(panel)
    d = Player(panel, kit.adam(panel.parameters(), 0.01, 0.5))
    each = [kit.adam(judge.parameters(), 0.01, 0.5) for judge in apart.judges]
    for _ in range(3):
        real, fake = torch.randn(6, *shape), torch.randn(6, *shape)
        losses = []
        for judge, optimiser in zip(apart.judges, each, strict=True):
            of_real, of_fake = judge(real), judge(fake)
            loss = binary_cross_entropy_with_logits(of_real, torch.ones(6))
            losses.append(loss + binary_cross_entropy_with_logits(of_fake, torch.zeros(6)))
            kit.descend(optimiser, losses[-1])
        torch.testing.assert_close(hgan.discriminators_step(d, real, fake), torch.stack(losses).detach().mean())
    torch.testing.assert_close(vector(panel), vector(apart))
    assert all(p.grad is None for p in panel.parameters())


def expected_weights(o: plugin.HganOptions, losses: Tensor, g: nn.Module) -> Tensor:
    """What the gradient of each loss counts in G's step."""
    if o.objective == "hypervolume":
        return 1 / (o.slack * losses.max() - losses)
    if o.objective == "softmax":
        return torch.softmax(o.lambda_ * losses, 0)
    if o.objective == "max":
        return (losses == losses.max()).float()
    if o.objective == "mean":
        return torch.full((3,), 1 / 3)
    return common_descent(losses, list(g.parameters()))[0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_generator_moves_along_the_weighted_gradients_and_nothing_else_does(
    shape: tuple[int, ...], objective: str
) -> None:
    o = options(objective=objective, slack=1.3)
    g, panel = hgan.build(o, shape)
    for judge in panel.judges:
        nn.init.normal_(judge.logit.weight)
    z, before = torch.randn(6, 3), vector(panel)
    judged = panel(g(z)).t()
    losses = torch.stack([binary_cross_entropy_with_logits(row, torch.ones(6)) for row in judged])
    weights = expected_weights(o, losses, g).detach()
    slope = parameters_to_vector(torch.autograd.grad(weights @ losses, list(g.parameters())))
    expected = vector(g) - 0.01 * slope
    player = Player(g, kit.sgd(g.parameters(), 0.01, 0))
    found = hgan.generator_step(o, player, Player(panel, kit.sgd(panel.parameters(), 0.01, 0)), z)
    torch.testing.assert_close(vector(g), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found, (losses.detach().mean(), losses.detach().max()))
    assert torch.equal(vector(panel), before)
    assert all(p.grad is None for net in (g, panel) for p in net.parameters())


def test_a_small_step_of_multiple_gradient_descent_lowers_the_loss_with_every_discriminator() -> None:
    o = options(objective="mgda")
    g, panel = (net.double() for net in hgan.build(o, (2,)))
    z = torch.randn(6, 3).double()

    def losses() -> Tensor:
        judged = panel(g(z)).t()
        return torch.stack([hgan.OBJECTIVE.generator(row, row) for row in judged]).detach()

    before = losses()
    hgan.generator_step(
        o, Player(g, kit.sgd(g.parameters(), 1e-3, 0)), Player(panel, kit.sgd(panel.parameters(), 1e-3, 0)), z
    )
    assert bool((losses() < before).all())


def test_all_discriminators_see_the_same_samples() -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), {**SMALL, "steps": 1})
    asked: list[int] = []
    draw = run.indices
    run.indices = lambda batch, tick, **k: (asked.append(batch), draw(batch, tick, **k))[1]  # type: ignore[method-assign]
    plugin.train(run)
    assert asked == [6]
