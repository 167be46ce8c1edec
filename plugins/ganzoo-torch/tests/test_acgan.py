"""AC-GAN's two heads, its class losses and who learns from what."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_torch import acgan as plugin
from ganzoo_torch import kit
from ganzoo_torch.models import acgan
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax
from torch.nn.utils import parameters_to_vector, parametrize

from ganzoo import latents, testing
from ganzoo.errors import Incompatible

SHAPE = (1, 8, 8)
N, CLASSES = 12, 3
SMALL: dict[str, Any] = {"batch": N, "z_dim": 5, "width": 4}
Y = torch.arange(N) % CLASSES


def options(**changes: Any) -> plugin.AcganOptions:
    return plugin.AcganOptions(**{**SMALL, "norm": "none", **changes})


def nets(**changes: Any) -> tuple[acgan.Generator, acgan.Discriminator]:
    with kit.seeded(0):
        return acgan.build(options(**changes), SHAPE, CLASSES)


def inputs() -> dict[str, torch.Tensor]:
    return {"z": torch.randn(N, 5), "y": (Y + 1) % CLASSES}


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def log_likelihoods(judged: tuple[torch.Tensor, torch.Tensor], real: bool, y: torch.Tensor) -> tuple[Any, Any]:
    """The terms of eq. 2 and 3 for a batch, from D's logits."""
    source, classes = judged
    of_source = -binary_cross_entropy_with_logits(source, torch.full((N,), float(real)))
    return of_source, log_softmax(classes, 1)[torch.arange(N), y].mean()


def test_class_loss_takes_logits_without_a_softmax_before() -> None:
    one_hot, y = torch.eye(10), torch.arange(10)
    assert acgan.class_loss(60 * one_hot, y).item() == pytest.approx(0, abs=1e-6)
    assert acgan.class_loss(torch.zeros(10, 10), y).item() == pytest.approx(math.log(10))


def test_both_heads_of_d_are_linear() -> None:
    _, d = nets()
    assert not any(isinstance(part, nn.Softmax | nn.LogSoftmax | nn.Sigmoid) for part in d.modules())
    source, classes = d(torch.randn(N, *SHAPE))
    assert (source.shape, classes.shape) == ((N,), (N, CLASSES))
    h = d.trunk(torch.randn(N, *SHAPE))
    for head in (d.source, d.classes):
        torch.testing.assert_close(head(3 * h) - head.bias, 3 * (head(h) - head.bias))


@pytest.mark.parametrize(("class_fakes", "weight"), [(True, 1.0), (True, 0.3), (False, 1.0)])
def test_d_climbs_the_papers_objective(class_fakes: bool, weight: float) -> None:
    """L_S + weight · L_C of eq. 2 and 3; without ``class_fakes`` the fakes' part of L_C is missing."""
    o = options(class_fakes=class_fakes, class_weight=weight)
    _, d = nets()
    real, fake = (torch.rand(N, *SHAPE), Y), (torch.rand(N, *SHAPE), (Y + 1) % CLASSES)
    of_real, of_fake = log_likelihoods(d(real[0]), True, real[1]), log_likelihoods(d(fake[0]), False, fake[1])
    of_class = of_real[1] + (of_fake[1] if class_fakes else 0)
    gradient = torch.autograd.grad(of_real[0] + of_fake[0] + weight * of_class, list(d.parameters()))
    expected = vector(d) + 0.1 * parameters_to_vector(gradient)
    source, classes = acgan.discriminator_step(d, kit.sgd(d.parameters(), 0.1, 0), real, fake, o)
    torch.testing.assert_close(vector(d), expected)
    torch.testing.assert_close((source, classes), (-(of_real[0] + of_fake[0]).detach(), -of_class.detach()))


@pytest.mark.parametrize("weight", [1.0, 0.3])
def test_g_climbs_its_own_class_and_seems_real(weight: float) -> None:
    g, d = nets()
    asked, before = inputs(), vector(d)
    source, classes = log_likelihoods(d(g(**asked)), True, asked["y"])
    gradient = torch.autograd.grad(source + weight * classes, list(g.parameters()))
    expected = vector(g) + 0.1 * parameters_to_vector(gradient)
    acgan.generator_step(g, d, kit.sgd(g.parameters(), 0.1, 0), asked, options(class_weight=weight))
    torch.testing.assert_close(vector(g), expected)
    assert torch.equal(vector(d), before)
    assert all(p.grad is None and p.requires_grad for p in d.parameters())


def test_the_generator_is_given_the_one_hot_label_beside_z() -> None:
    g, _ = nets()
    first = next(part for part in g.modules() if isinstance(part, nn.Linear))
    assert first.in_features == 5 + CLASSES
    given: list[torch.Tensor] = []
    first.register_forward_pre_hook(lambda part, args: given.append(args[0]))
    asked = inputs()
    g(**asked)
    torch.testing.assert_close(given[0][:, :5], asked["z"])
    assert torch.equal(given[0][:, 5:].argmax(1), asked["y"])
    assert given[0][:, 5:].sum() == N


def test_real_and_fake_are_judged_apart() -> None:
    """With batch norm in one batch of both, D would see of each what the other is."""
    _, d = nets(norm="batch")
    seen: list[int] = []
    d.trunk.register_forward_pre_hook(lambda part, args: seen.append(len(args[0])))
    acgan.discriminator_step(
        d, kit.sgd(d.parameters(), 0.1, 0), (torch.rand(N, *SHAPE), Y), (torch.rand(N, *SHAPE), Y), options()
    )
    assert seen == [N, N]


@pytest.mark.parametrize("norm", ["none", "batch", "layer", "group", "instance", "spectral"])
def test_every_norm_trains(norm: str) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), {**SMALL, "steps": 2, "norm": norm})
    assert all(torch.isfinite(p).all() for p in plugin.train(run).parameters())
    _, d = nets(norm=norm)
    assert any(parametrize.is_parametrized(part) for part in d.modules()) == (norm == "spectral")


def test_dropout_is_drawn_anew_from_seed_and_step() -> None:
    """Another dropout, another D; the same seed, the same."""
    found = []
    for dropout in (0.5, 0.5, 0.1):
        run = testing.memory_run(plugin.describe(), testing.toy_images(), {**SMALL, "steps": 3, "dropout": dropout})
        found.append(vector(plugin.train(run)))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_samples_are_of_the_class_that_was_asked_for() -> None:
    o = {**SMALL, "batch": 32, "width": 8, "lr": 2e-3, "steps": 200}
    run = testing.memory_run(plugin.describe(), testing.toy_images(), o)
    model = plugin.train(run)
    asked = latents.samples(run.latent, 0, 0, 200)
    x = plugin.sample(model, asked)
    means = np.stack([run.data.scaled()[run.data.y == label].mean(0) for label in range(3)])
    nearest = np.square(x[:, None] - means).mean((2, 3, 4)).argmin(1)
    assert (nearest == asked["y"]).mean() > 0.9


@pytest.mark.parametrize("classes", [0, 1])
def test_data_without_classes_are_refused_before_training(classes: int) -> None:
    with pytest.raises(Incompatible, match="acgan is conditional and needs class labels, but toy has none"):
        testing.memory_run(plugin.describe(), testing.toy_images(classes=classes), SMALL)
