"""k generators in one network: each is a generator of its own, chosen by the code c, and how they are trained."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from ganzoo_torch import components, kit
from ganzoo_torch.components import Generators, LinearApart
from ganzoo_torch.judges import usual_generator
from torch import nn

import ganzoo
from ganzoo import testing
from ganzoo.data.mixtures import load_mixture, ring_mixture
from ganzoo.generator import engine

SMALL: dict[str, Any] = {"generators": 3, "batch": 8, "fakes": 5, "z_dim": 4, "width": 4, "hidden": 8, "steps": 2}
K, SIZES = 3, {"width": 2, "hidden": 5}
OWN = {"first": slice(0, 1), "last": slice(-1, None), "two": slice(-2, None), "all": slice(None)}
SHAPES = [(2,), (3, 9, 16)]


@pytest.fixture(params=["madgan", "mgan"])
def many(request: pytest.FixtureRequest) -> ModuleType:
    """The hook module of each variant with several generators."""
    return importlib.import_module(f"ganzoo_torch.{request.param}")


def built(shape: tuple[int, ...], own: str) -> Generators:
    g = components.usual_generators(K, 4, shape, **SIZES, own=OWN[own])
    for part in g.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.bias, 0.1, 1)  # some units live
            nn.init.uniform_(part.running_mean, -1, 1)
            nn.init.uniform_(part.running_var, 0.5, 2)
    return g


def share(wide: nn.Module, whole: torch.Tensor, like: torch.Tensor, i: int) -> torch.Tensor:
    """What of ``whole``, a parameter of the layer ``wide``, is generator ``i``'s: all of it where it is shared."""
    if isinstance(wide, LinearApart):
        return whole[i].t() if like.dim() == 2 else whole[i, 0]
    axis = next((a for a, (n, m) in enumerate(zip(like.shape, whole.shape, strict=True)) if n != m), None)
    return whole if axis is None else whole.chunk(K, axis)[i]


@torch.no_grad()
def alone(g: Generators, shape: tuple[int, ...], i: int) -> nn.Module:
    """Generator ``i`` as a network of its own, by the weights that are its, or everybody's."""
    one = usual_generator(4, shape, **SIZES)
    for part, wide in zip(one.layers, [*g.wide, *g.shared], strict=True):
        whole = wide.state_dict()
        for name, value in part.state_dict().items():
            value.copy_(share(wide, whole[name], value, i))
    return one


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("own", OWN)
def test_each_is_a_generator_of_its_own(shape: tuple[int, ...], own: str) -> None:
    g, z = built(shape, own).eval(), torch.randn(6, 4)
    made = g.each(z).chunk(K)
    for i, samples in enumerate(made):
        torch.testing.assert_close(samples, alone(g, shape, i).eval()(z))
    assert (made[0] - made[1]).abs().max() > 1e-3


@pytest.mark.parametrize("own", ["last", "two", "all"])
def test_batch_norm_of_own_layers_is_of_each_generators_batch(own: str) -> None:
    g, z = built((1, 8, 8), own), torch.randn(6, 4)
    ones = [alone(g, (1, 8, 8), i) for i in range(K)]
    torch.testing.assert_close(g.each(z), torch.cat([one(z) for one in ones]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("own", OWN)
def test_the_code_chooses_the_generator(shape: tuple[int, ...], own: str) -> None:
    g, z = built(shape, own).eval(), torch.randn(6, 4)
    numbers = torch.tensor([2, 0, 1, 1, 2, 0])
    made = torch.stack(g.each(z).chunk(K))
    torch.testing.assert_close(g(z, torch.eye(K)[numbers]), made[numbers, torch.arange(6)])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("own", OWN)
def test_a_generators_fakes_give_no_gradient_to_the_others_weights(shape: tuple[int, ...], own: str) -> None:
    g = built(shape, own).eval()  # in training batch norm makes the fakes of one depend on the others', if it is shared
    made = g.each(torch.randn(6, 4))
    made[components.makers(K, made) == 1].square().sum().backward()
    counts = {True: 0, False: 0}
    for part, wide in zip(usual_generator(4, shape, **SIZES).layers, [*g.wide, *g.shared], strict=True):
        for name, parameter in wide.named_parameters():
            like = dict(part.named_parameters())[name]
            own_one = like.numel() < parameter.numel()
            counts[own_one] += 1
            assert parameter.grad is not None
            moved = [bool(share(wide, parameter.grad, like, i).abs().max() > 0) for i in range(K)]
            assert moved == ([False, True, False] if own_one else [True] * K)
    assert counts[True] > 0
    assert (counts[False] == 0) == (own == "all")


def test_makers_are_in_the_order_of_each() -> None:
    g = built((2,), "all")
    with torch.no_grad():
        g.wide[-1].bias.copy_(100 * torch.arange(K)[:, None, None])
    made = g.each(torch.randn(6, 4))
    assert torch.equal(components.makers(K, made), (made[:, 0] / 100).round().long())


def test_exported_file_makes_the_samples_of_the_chosen_generator(many: ModuleType, tmp_path: Path) -> None:
    for shape in ((2,), (1, 8, 8)):
        data = testing.toy_points() if len(shape) == 1 else testing.toy_images(shape)
        run = testing.memory_run(many.describe(), data, SMALL)
        g = many.train(run)
        many.export(g, tmp_path / "g.onnx")
        session = engine.Session(engine.read_model(tmp_path / "g.onnx"), "g", device="cpu")
        z = run.latents(7, 0, stream="test")["z"]
        with kit.inference(g):
            made = g.each(torch.from_numpy(z)).chunk(3)
        for i in range(3):
            c = np.repeat(np.eye(3, dtype=np.float32)[i : i + 1], 7, 0)
            (x,) = session.run({"z": z, "c": c}).values()
            np.testing.assert_allclose(x, made[i], atol=1e-5)
            np.testing.assert_allclose(many.sample(g, {"z": z, "c": c}), made[i], atol=1e-5)


def test_one_generator_is_refused(many: ModuleType) -> None:
    with pytest.raises(msgspec.ValidationError, match="generators"):
        msgspec.convert({"generators": 1}, many.describe().options)


def test_the_component_is_the_code(many: ModuleType) -> None:
    variant = many.describe()
    run = testing.memory_run(variant, testing.toy_points(), SMALL)
    assert (run.latent.names, run.latent.categorical, run.latent.continuous) == (("z", "c"), 3, 0)


def test_a_step_takes_fakes_of_the_same_z_from_every_generator(many: ModuleType) -> None:
    run = testing.memory_run(many.describe(), testing.toy_points(), SMALL)
    asked: list[int] = []
    draw = run.latents
    run.latents = lambda batch, tick, **k: (asked.append(batch), draw(batch, tick, **k))[1]  # type: ignore[method-assign]
    many.train(run)
    assert asked == [5, 5]  # each of the two steps has one draw, for both updates


def test_labels_of_the_data_are_never_looked_at(many: ModuleType) -> None:
    data = testing.toy_images((1, 8, 8))
    assert data.y is not None
    made = []
    for labels in (data.y, 2 - data.y, None):
        run = testing.memory_run(many.describe(), replace(data, y=labels), SMALL)
        made.append(many.train(run).eval()(torch.ones(3, 4), torch.eye(3)))
    assert torch.equal(made[0], made[1])
    assert torch.equal(made[0], made[2])


class Means:
    """Losses that are means of what D says."""

    def judges(self, of_real: torch.Tensor, of_fake: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"d_loss": of_fake.mean() - of_real.mean(), "other": 2 * of_fake.mean()}

    def generators(self, of_fake: torch.Tensor) -> torch.Tensor:
        return -of_fake.mean()


def test_d_descends_the_sum_of_its_losses_and_gives_generators_no_gradient() -> None:
    d = nn.Linear(2, 1)
    before = d.weight.detach().clone()
    real, fake = torch.randn(4, 2), torch.randn(6, 2, requires_grad=True)
    terms = components.judges_step(Means(), d, kit.sgd(d.parameters(), 1.0, 0.0), real, fake)
    torch.testing.assert_close(d.weight, before - 3 * fake.mean(0, keepdim=True) + real.mean(0, keepdim=True))
    assert list(terms) == ["d_loss", "other"]
    assert not any(term.requires_grad for term in terms.values())
    assert fake.grad is None
    assert d.weight.grad is None


def test_generators_move_through_the_updated_d_which_stays(monkeypatch: pytest.MonkeyPatch, many: ModuleType) -> None:
    seen: list[tuple[str, torch.Tensor]] = []
    for name in ("judges_step", "generators_step"):
        step = getattr(components, name)

        def spied(losses: Any, d: nn.Module, *rest: Any, name: str = name, step: Any = step) -> Any:
            seen.append((f"before {name}", nn.utils.parameters_to_vector(d.parameters()).detach().clone()))
            result = step(losses, d, *rest)
            seen.append((f"after {name}", nn.utils.parameters_to_vector(d.parameters()).detach().clone()))
            return result

        monkeypatch.setattr(components, name, spied)
    many.train(testing.memory_run(many.describe(), testing.toy_images((1, 8, 8)), SMALL | {"steps": 1}))
    order = ["before judges_step", "after judges_step", "before generators_step", "after generators_step"]
    assert [name for name, _ in seen] == order
    assert not torch.equal(seen[0][1], seen[1][1])
    assert torch.equal(seen[1][1], seen[2][1])
    assert torch.equal(seen[2][1], seen[3][1])


def measured(g: Generators, many: ModuleType) -> tuple[ganzoo.Estimate, Any]:
    data = testing.toy_points()
    run = testing.memory_run(many.describe(), data, SMALL)
    return many.measure(g, testing.measure_run(run, data))["component_purity"], run


def test_purity_is_the_share_of_fakes_that_are_told(many: ModuleType) -> None:
    g = built((2,), "all")
    g.tell = lambda x: torch.zeros(len(x), dtype=torch.int64)
    found, run = measured(g, many)
    size = 3 * 5  # as large as a batch of fakes in training
    c = np.concatenate([run.latents(size, tick, stream="measure")["c"] for tick in range(found.n // size)])
    assert 5000 <= found.n == len(c) < 5000 + size
    assert found.value == pytest.approx(c[:, 0].mean())
    assert found.se == pytest.approx((found.value * (1 - found.value) / found.n) ** 0.5)


def test_purity_of_generators_that_are_the_same_is_chance(many: ModuleType) -> None:
    g = built((2,), "all")
    with torch.no_grad():
        g.wide[0].weight.copy_(g.wide[0].weight.chunk(K)[0].repeat(K, 1))
        g.wide[0].bias.copy_(g.wide[0].bias.chunk(K)[0].repeat(K))
        for part in g.wide:
            for parameter in part.parameters() if isinstance(part, LinearApart) else ():
                parameter.copy_(parameter[:1].expand_as(parameter))
    g.tell = lambda x: (10 * x[:, 0]).long() % K
    found, _ = measured(g, many)
    assert found.se is not None
    assert abs(found.value - 1 / K) < 4 * found.se


def test_purity_of_trained_generators_is_that_of_what_was_trained_beside_them(many: ModuleType) -> None:
    data = testing.toy_points()
    variant = many.describe()
    shares = []
    for steps in (1, 150):
        changes = {"steps": steps, "hidden": 32, "lr_g": 1e-3, "lr_d": 5e-3}
        run = testing.memory_run(variant, data, SMALL | changes)
        shares.append(many.measure(many.train(run), testing.measure_run(run, data))["component_purity"].value)
    assert [each.name for each in variant.reports] == ["component_purity"]
    assert shares[1] > max(shares[0], 0.5)


def test_together_they_cover_the_ring_and_each_only_a_part_of_it(many: ModuleType) -> None:
    ring = ring_mixture()
    variant = many.describe()
    options = {"generators": 8, "fakes": 8, "z_dim": 2, "hidden": 64, "lr_g": 5e-4, "lr_d": 4e-3, "ema": 0.98}
    options |= {"steps": 600, "beta": 0.125} if variant.name == "mgan" else {"steps": 600}
    run = testing.memory_run(variant, load_mixture("ring", ring).train, options)
    inputs = run.latents(4000, 0, stream="test")
    x = many.sample(many.train(run), inputs)
    distance = np.linalg.norm(x[:, None] - ring.centres, axis=2)
    near = np.where(distance.min(1) < 0.1, distance.argmin(1), 8)  # eight is nowhere
    covered = [
        int((np.bincount(near[chosen], minlength=9)[:8] > 0.05 * chosen.sum()).sum())
        for chosen in (np.ones(4000, bool), *(inputs["c"].T == 1))
    ]
    assert covered[0] >= 7
    assert 0 < max(covered[1:]) <= 4
