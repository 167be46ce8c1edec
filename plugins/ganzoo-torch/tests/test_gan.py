"""The workbench: every combination trains, or is refused with a reason; each option does what its help says."""

from __future__ import annotations

import itertools
from typing import Any, get_args

import numpy as np
import pytest
import torch
from ganzoo_torch import adversarial, combinations, gan, kit
from ganzoo_torch.gan import GanOptions
from ganzoo_torch.models import gan as model
from ganzoo_torch.names import LossName, Norm, PenaltyName
from ganzoo_torch.objectives import OBJECTIVES
from torch import Tensor, nn

import ganzoo
from ganzoo import testing
from ganzoo.errors import Interrupted
from ganzoo.training.loop import MemoryCheckpoints

IMAGES = ganzoo.DataSpec(name="toy", kind="image", shape=(1, 8, 8), classes=3)
POINTS = ganzoo.DataSpec(name="dots", kind="points", shape=(2,))
NETS = ("dcgan", "resnet", "densenet", "mlp")
TINY: dict[str, Any] = {"batch": 8, "z_dim": 3, "width": 4, "hidden": 8}


def options(**changed: Any) -> GanOptions:
    return GanOptions(**{**TINY, **changed})


def trained(changed: dict[str, Any], *, steps: int = 2, checkpoints: Any = None, points: bool = False) -> nn.Module:
    data = testing.toy_points() if points else testing.toy_images()
    run = testing.memory_run(gan.describe(), data, {**TINY, "steps": steps, **changed}, checkpoints=checkpoints)
    return gan.train(run)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("classes", [0, 3])
def test_every_norm_fits_every_network(net: str, classes: int) -> None:
    tried = 0
    for norm, norm_g in itertools.product(get_args(Norm), repeat=2):
        o = options(net=net, norm=norm, norm_g=norm_g)
        if combinations.fault(o, IMAGES):
            continue
        g, d = model.build(o, IMAGES.shape, classes)
        labels = {"y": torch.tensor([0, 1, 2, 0])} if classes else {}
        x = g(z=torch.randn(4, 3), **labels)
        assert x.shape == (4, 1, 8, 8)
        assert x.abs().max() <= 1
        d(x, labels.get("y")).sum().backward()
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in [*g.parameters(), *d.parameters()])
        tried += 1
    assert tried == (25 if net == "mlp" else 36)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (2, 9, 13), (3, 64, 64), (1, 8, 64)])
@pytest.mark.parametrize("net", NETS)
def test_every_network_makes_every_size(net: str, shape: tuple[int, ...]) -> None:
    g, d = model.build(options(net=net), shape, 0)
    x = g(torch.randn(2, 3))
    assert x.shape == (2, *shape)
    assert d(x).shape == (2,)


@pytest.mark.parametrize("loss", get_args(LossName))
def test_every_loss_trains(loss: str) -> None:
    clip = {"clip": 0.05} if loss == "wasserstein" else {}
    net = trained({"loss": loss, **clip})
    assert all(torch.isfinite(p).all() for p in net.parameters())


@pytest.mark.parametrize("penalty", get_args(PenaltyName))
@pytest.mark.parametrize("points", [False, True])
def test_every_penalty_trains(penalty: str, points: bool) -> None:
    if points and penalty == "consistency":
        pytest.skip("refused on points: test_senseless_combinations")
    assert all(torch.isfinite(p).all() for p in trained({"penalty": penalty}, points=points).parameters())


REFUSED = [
    ({"net": "resnet"}, POINTS, "net=mlp"),
    ({"augment": "cutout"}, POINTS, "augment=none"),
    ({"penalty": "consistency"}, POINTS, "shifts images"),
    ({"net": "mlp", "norm": "instance"}, IMAGES, "maps of more than one value"),
    ({"norm_g": "instance"}, POINTS, "maps of more than one value"),
    ({"norm": "batch", "penalty": "r1"}, IMAGES, "mixes the samples"),
    ({"norm": "batch", "loss": "relativistic"}, IMAGES, "normalises real and fake apart"),
    ({"loss": "wasserstein"}, IMAGES, "slope is bounded"),
    ({"loss": "wasserstein", "penalty": "consistency"}, IMAGES, "slope is bounded"),
    ({"loss": "hinge", "smoothing": 0.9}, IMAGES, "has none"),
    ({"norm": "spectral", "clip": 0.1}, IMAGES, "undoes it"),
]


@pytest.mark.parametrize(("changed", "data", "reason"), REFUSED)
def test_senseless_combinations_are_refused(changed: dict[str, Any], data: ganzoo.DataSpec, reason: str) -> None:
    found = combinations.fault(options(**changed), data)
    assert reason in found
    assert gan.validate(options(**changed), data) == found
    assert found.endswith(".")
    assert found.count("\n") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"norm": "batch", "penalty": "consistency"},
        {"loss": "wasserstein", "penalty": "gp"},
        {"loss": "wasserstein", "clip": 0.1},
        {"loss": "wasserstein", "norm": "spectral"},
        {"loss": "lsgan", "smoothing": 0.9},
        {"net": "resnet", "norm": "instance", "augment": "colour"},
    ],
)
def test_what_has_sense_is_not(changed: dict[str, Any]) -> None:
    assert combinations.fault(options(**changed), IMAGES) == ""


def test_points_get_an_mlp_and_images_dcgan() -> None:
    assert combinations.network(options(), (2,)) == "mlp"
    assert combinations.network(options(), (1, 8, 8)) == "dcgan"
    assert combinations.network(options(net="densenet"), (1, 8, 8)) == "densenet"


def test_conditional_takes_labels_and_obeys_them() -> None:
    run = testing.memory_run(gan.describe(), testing.toy_images(), {**TINY, "steps": 2, "conditional": True})
    assert run.latent.names == ("z", "y")
    net = gan.train(run)
    net.layers[3].scale.weight.data[1] *= 3
    z = np.ones((2, 3), np.float32)
    one, other = (gan.sample(net, {"z": z, "y": np.full(2, label)}) for label in (0, 1))
    assert np.abs(one - other).max() > 1e-4


RANDOM = {"dropout": 0.3, "noise": 0.2, "augment": "translation+cutout", "penalty": "dragan", "n_critic": 2, "ema": 0.9}


def test_a_resume_sees_the_same_noise() -> None:
    data, o, checkpoints = testing.toy_images(), {**TINY, "steps": 3, **RANDOM}, MemoryCheckpoints()
    stopped = testing.memory_run(gan.describe(), data, o, checkpoints=checkpoints)
    stopped.request_stop("a test")
    with pytest.raises(Interrupted):
        gan.train(stopped)
    assert checkpoints.last is not None
    assert checkpoints.last.step == 1
    resumed = gan.train(testing.memory_run(gan.describe(), data, o, checkpoints=checkpoints))
    whole = trained(RANDOM, steps=3)
    for mine, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_training_leaves_torchs_generator_as_it_was() -> None:
    before = torch.random.get_rng_state()
    trained(RANDOM)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_steps_and_seeds_have_noise_of_their_own() -> None:
    draws = set()
    for seed, step in itertools.product(range(3), range(50)):
        run = testing.memory_run(gan.describe(), testing.toy_images(), {**TINY, "steps": 1}, seed=seed)
        with torch.random.fork_rng(devices=[]):
            kit.reseed(run, step)
            draws.add(torch.rand(1).item())
    assert len(draws) == 150


def weights(net: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in net.parameters()]


def test_noise_falls_to_nothing_over_the_run() -> None:
    see = model.view(options(noise=2.0, steps=10))
    x = torch.zeros(5000, 1, 1, 1)
    assert see(x, 0).std().item() == pytest.approx(2, rel=0.05)
    assert see(x, 5).std().item() == pytest.approx(1, rel=0.05)
    assert see(x, 10).std().item() == 0
    assert model.view(options())(x, 0) is x


def test_weight_penalties_are_of_weights_alone() -> None:
    net = nn.Linear(2, 1)
    net.weight.data = torch.tensor([[3.0, -4.0]])
    net.bias.data.fill_(100.0)
    assert model.decay(options(l1=2.0))(net) == 14
    assert model.decay(options(l2=2.0))(net) == 25
    assert model.decay(options())(net) == 0


def test_clip_bounds_every_parameter_of_d_and_none_of_g() -> None:
    g, d = model.build(options(), (1, 8, 8), 0)
    model.clip(0.01)(d)
    assert max(p.abs().max().item() for p in d.parameters()) == pytest.approx(0.01)
    before = weights(g)
    model.clip(0.0)(g)
    assert all(map(torch.equal, before, weights(g)))


def test_optimisers_by_name() -> None:
    parameters = list(nn.Linear(1, 1).parameters())
    adam = model.optimiser(options(beta1=0.1, beta2=0.9), parameters, 0.3)
    assert isinstance(adam, torch.optim.Adam)
    assert (adam.defaults["lr"], adam.defaults["betas"]) == (0.3, (0.1, 0.9))
    sgd = model.optimiser(options(optimiser="sgd", beta1=0.7), parameters, 0.3)
    assert isinstance(sgd, torch.optim.SGD)
    assert (sgd.defaults["lr"], sgd.defaults["momentum"]) == (0.3, 0.7)
    assert isinstance(model.optimiser(options(optimiser="rmsprop"), parameters, 0.3), torch.optim.RMSprop)


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
def test_two_rates_move_two_networks(optimiser: str) -> None:
    """With one rate almost nothing, its network stands still."""
    for still, moving in (("lr_d", "lr_g"), ("lr_g", "lr_d")):
        checkpoints = MemoryCheckpoints()
        trained({"optimiser": optimiser, still: 1e-30, moving: 1e-2}, steps=1, checkpoints=checkpoints)
        assert checkpoints.last is not None
        seen = checkpoints.last.arrays
        o = options(steps=1)
        with kit.seeded(0):
            g, d = model.build(o, (1, 8, 8), 0)
        moved = {
            name: any(
                np.abs(p.detach().numpy() - seen[f"net.{name}.{key}"]).max() > 1e-9 for key, p in net.named_parameters()
            )
            for name, net in (("g", g), ("d", d))
        }
        assert moved == {"g": moving == "lr_g", "d": moving == "lr_d"}


def test_one_pass_over_both_batches_gives_the_logits_of_two() -> None:
    _, d = model.build(options(norm="layer"), (1, 8, 8), 3)
    real, fake, y = torch.randn(4, 1, 8, 8), torch.randn(4, 1, 8, 8), torch.tensor([0, 1, 2, 0])
    for mine, theirs in zip(
        adversarial.logits(d, real, fake, y, apart=False), adversarial.logits(d, real, fake, y, apart=True), strict=True
    ):
        torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=1e-5)


def test_batch_norm_keeps_real_and_fake_apart() -> None:
    assert model.rules(options(norm="batch")).apart
    assert not model.rules(options(norm="layer")).apart


def player(net: nn.Module, lr: float = 0.1) -> adversarial.Player:
    return adversarial.Player(net, torch.optim.SGD(net.parameters(), lr=lr))


def test_each_step_moves_its_own_network_and_leaves_no_gradient() -> None:
    o = options(norm="layer", loss="relativistic")
    game = model.rules(o)
    g, d = model.build(o, (1, 8, 8), 0)
    real, z = torch.randn(8, 1, 8, 8), torch.randn(8, 3)
    for step, mover, other in (
        (lambda: adversarial.discriminator_step(game, player(d), (real, None), g(z).detach(), 0), d, g),
        (lambda: adversarial.generator_step(game, player(g), player(d), (real, None), {"z": z}, 0), g, d),
    ):
        before = {id(net): weights(net) for net in (g, d)}
        step()
        assert not all(map(torch.equal, before[id(mover)], weights(mover)))
        assert all(map(torch.equal, before[id(other)], weights(other)))
        assert all(p.grad is None and p.requires_grad for p in [*g.parameters(), *d.parameters()])


def test_each_player_knows_the_gradient_of_its_own_last_step() -> None:
    o = options(norm="none")
    game = model.rules(o)
    g, d = model.build(o, (1, 8, 8), 0)
    of_g, of_d = player(g), player(d)
    real, z = torch.randn(8, 1, 8, 8), torch.randn(8, 3)
    fake = g(z).detach()
    loss = game.objective.discriminator(*adversarial.logits(d, real, fake, None, apart=False))
    expected = torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(d.parameters()))]).norm()
    adversarial.discriminator_step(game, of_d, (real, None), fake, 0)
    adversarial.generator_step(game, of_g, of_d, None, {"z": z}, 0)
    assert float(of_d.gradient) == pytest.approx(expected.item(), rel=1e-5)
    assert float(of_g.gradient) > 0


def test_the_penalty_is_in_the_update_but_not_in_the_logged_loss() -> None:
    o = options(norm="none", penalty="r1", penalty_weight=3.0)
    _, d = model.build(o, (1, 8, 8), 0)
    d.double()
    real, fake = (torch.randn(8, 1, 8, 8, dtype=torch.float64) for _ in range(2))
    loss = OBJECTIVES["nonsaturating"].discriminator(d(real), d(fake))
    (x,) = torch.autograd.grad(d(leaf := real.clone().requires_grad_()).sum(), leaf, create_graph=True)
    total = loss + 3.0 * 0.5 * x.square().sum((1, 2, 3)).mean()
    expected = [
        p - 0.1 * g for p, g in zip(d.parameters(), torch.autograd.grad(total, list(d.parameters())), strict=True)
    ]
    logged = adversarial.discriminator_step(model.rules(o), player(d), (real, None), fake, 0)
    torch.testing.assert_close(logged, loss.detach())
    for mine, theirs in zip(d.parameters(), expected, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_fakes_have_the_labels_of_the_reals_they_stand_beside() -> None:
    y = torch.tensor([2, 1])
    assert adversarial.beside((torch.zeros(2), y), {"z": torch.ones(2), "y": torch.zeros(2)})["y"] is y
    inputs = {"z": torch.ones(2)}
    assert adversarial.beside((torch.zeros(2), None), inputs) is inputs
