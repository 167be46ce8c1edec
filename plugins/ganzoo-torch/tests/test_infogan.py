"""InfoGAN's codes, its mutual-information term and who updates what."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from ganzoo_torch import infogan as plugin
from ganzoo_torch import kit
from ganzoo_torch.models import infogan
from torch import nn
from torch.nn.utils import parameters_to_vector

from ganzoo import registry, testing
from ganzoo.data.digits import load_digits
from ganzoo.errors import Interrupted
from ganzoo.training.loop import MemoryCheckpoints

SHAPE = (1, 8, 8)
OPTIONS = plugin.InfoganOptions(z_dim=6, width=4, categorical=3)
N = 8


@pytest.fixture
def nets() -> infogan.Nets:
    return infogan.build(OPTIONS, SHAPE)


@pytest.fixture
def latents() -> dict[str, torch.Tensor]:
    one_hot = nn.functional.one_hot(torch.arange(N) % 3, 3).float()
    return {"z": torch.rand(N, 6) * 2 - 1, "c": torch.cat((one_hot, torch.rand(N, 2) * 2 - 1), 1)}


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def test_latents_are_those_of_the_authors_run() -> None:
    inputs = plugin.describe().inputs
    assert (inputs.law, inputs.categorical, inputs.continuous) == ("uniform", "categorical", "continuous")
    o = plugin.InfoganOptions()
    assert (o.z_dim, o.categorical, o.continuous, o.lr_g, o.lr_d, o.beta1) == (62, 10, 2, 1e-3, 2e-4, 0.5)


def test_categorical_loss_takes_logits_without_a_softmax_before() -> None:
    one_hot = torch.eye(10)
    assert infogan.categorical_loss(60 * one_hot, one_hot).item() == pytest.approx(0, abs=1e-6)
    assert infogan.categorical_loss(torch.zeros(10, 10), one_hot).item() == pytest.approx(math.log(10))


def test_q_head_ends_in_a_linear_layer(nets: infogan.Nets) -> None:
    assert not any(isinstance(part, nn.Softmax | nn.LogSoftmax | nn.Sigmoid) for part in nets.q.modules())
    assert isinstance(list(nets.q.modules())[-1], nn.Linear)


def test_continuous_loss_is_the_gaussian_negative_log_likelihood() -> None:
    mean, log_std, code = torch.randn(5, 2), torch.randn(5, 2), torch.randn(5, 2)
    expected = -torch.distributions.Normal(mean, log_std.exp()).log_prob(code).sum(1).mean()
    torch.testing.assert_close(infogan.continuous_loss(mean, log_std, code), expected)


def test_lambdas_weigh_their_terms(latents: dict[str, torch.Tensor]) -> None:
    q = (torch.randn(N, 3), torch.randn(N, 2), torch.randn(N, 2))

    def loss(**changes: float) -> float:
        o = plugin.InfoganOptions(categorical=3, **changes)
        return infogan.information_loss(q, latents["c"], o).item()

    cat, cont = loss(lambda_cont=0.0), loss(lambda_cat=0.0)
    assert loss() == pytest.approx(cat + cont, rel=1e-5)
    assert loss(lambda_cat=2.0, lambda_cont=0.1) == pytest.approx(2 * cat + 0.1 * cont, rel=1e-5)


def test_fixed_variance_is_one_and_learned_variance_is_read(latents: dict[str, torch.Tensor]) -> None:
    logits, mean = torch.zeros(N, 3), torch.zeros(N, 2)
    narrow, wide = ((logits, mean, torch.full((N, 2), value)) for value in (-1.0, 1.0))
    fixed = plugin.InfoganOptions(categorical=3)
    learned = plugin.InfoganOptions(categorical=3, variance="learned")
    c = latents["c"]
    assert infogan.information_loss(narrow, c, fixed) == infogan.information_loss(wide, c, fixed)
    assert infogan.information_loss(narrow, c, learned) != infogan.information_loss(wide, c, learned)


def test_information_reaches_generator_q_and_trunk(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    _, features = nets.d(nets.g(**latents))
    infogan.information_loss(nets.q(features), latents["c"], OPTIONS).backward()
    for net in (nets.g, nets.q, nets.d.shared):
        assert all(p.grad is not None for p in net.parameters())
    assert nets.d.logit.weight.grad is None
    assert any(p.grad.abs().max() > 0 for p in nets.g.parameters())


def test_discriminator_step_moves_trunk_and_head_only(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    g, d, q = nets
    before = [vector(net) for net in nets]
    infogan.discriminator_step(nets, kit.adam(d.parameters(), 1e-3, 0.5), torch.rand(N, *SHAPE), latents, OPTIONS)
    assert [torch.equal(vector(net), b) for net, b in zip(nets, before, strict=True)] == [True, False, True]
    assert all(p.grad is None for net in (g, q) for p in net.parameters())


def test_generator_step_moves_generator_and_q_head_only(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    g, d, q = nets
    before = [vector(net) for net in nets]
    infogan.generator_step(nets, kit.adam([*g.parameters(), *q.parameters()], 1e-3, 0.5), latents, OPTIONS)
    assert [torch.equal(vector(net), b) for net, b in zip(nets, before, strict=True)] == [False, True, False]
    assert all(p.grad is None and p.requires_grad for p in d.parameters())


def test_the_term_is_in_the_discriminators_loss_too(latents: dict[str, torch.Tensor]) -> None:
    """With λ 0 the trunk moves elsewhere than with λ 1."""
    real, moved = torch.rand(N, *SHAPE), []
    for weight in (0.0, 1.0):
        o = plugin.InfoganOptions(z_dim=6, width=4, categorical=3, lambda_cat=weight, lambda_cont=weight)
        with kit.seeded(0):
            nets = infogan.build(o, SHAPE)
        infogan.discriminator_step(nets, kit.adam(nets.d.parameters(), 1e-3, 0.5), real, latents, o)
        moved.append(vector(nets.d.shared))
    assert not torch.equal(*moved)


def test_codes_become_readable(nets: infogan.Nets, latents: dict[str, torch.Tensor]) -> None:
    optimiser = kit.adam([*nets.g.parameters(), *nets.q.parameters()], 5e-3, 0.5)
    losses = [infogan.generator_step(nets, optimiser, latents, OPTIONS)[1].item() for _ in range(80)]
    floor = math.log(2 * math.pi)  # two codes known exactly, σ = 1; the categorical part can reach 0
    assert losses[-1] - floor < 0.4 * (losses[0] - floor)


def test_no_continuous_codes() -> None:
    o = plugin.InfoganOptions(z_dim=6, width=4, categorical=3, continuous=0)
    nets = infogan.build(o, SHAPE)
    c = torch.eye(3)
    _, features = nets.d(nets.g(torch.randn(3, 6), c))
    assert infogan.information_loss(nets.q(features), c, o).item() > 0


def test_leaky_slope_is_the_papers(nets: infogan.Nets) -> None:
    slopes = {part.negative_slope for net in nets for part in net.modules() if isinstance(part, nn.LeakyReLU)}
    assert slopes == {0.1}


def test_dense_norm_is_the_papers_and_can_be_left_out() -> None:
    def norms(o: plugin.InfoganOptions) -> int:
        return sum(isinstance(part, nn.BatchNorm1d) for part in infogan.build(o, SHAPE).d.modules())

    assert norms(plugin.InfoganOptions()) == 1
    assert norms(plugin.InfoganOptions(dense_norm=False)) == 0


SMALL: dict[str, Any] = {"steps": 3, "batch": 16, "z_dim": 6, "width": 4, "categorical": 3}


def trained(data: Any = None, *, seed: int = 0, **options: Any) -> tuple[Any, Any]:
    given = testing.toy_images() if data is None else data
    run = testing.memory_run(plugin.describe(), given, {**SMALL, **options}, seed=seed)
    return plugin.train(run), run


class Bands(nn.Module):
    """Stands for D and Q on the toy images: one logit for each band, how bright it is, in an order given."""

    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self.none = nn.Parameter(torch.zeros(0))
        self.order = order
        self.sizes = (len(order), 0, 0)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        bright = torch.stack([x[..., 2 * k : 2 * k + 2].mean((1, 2, 3)) for k in range(3)], 1)
        return torch.zeros(len(x)), torch.cat((bright, torch.full((len(x), 1), -9.0)), 1)[:, list(self.order)]


class Through(nn.Module):
    """Stands for Q: the features are the logits."""

    def __init__(self, values: int) -> None:
        super().__init__()
        self.sizes = (values, 0, 0)

    def forward(self, h: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return h, None, None


def bands(*order: int, batch: int = 7) -> infogan.Recogniser:
    return infogan.Recogniser(Bands(order), Through(len(order)), batch)


@pytest.mark.parametrize(
    ("counts", "right"),
    [
        ([[0, 5, 1], [4, 0, 0], [2, 0, 3]], 12),  # 0 → 1, 1 → 0, 2 → 2
        ([[5, 4], [4, 0]], 8),  # the best single pair, 5, is in no best matching
        ([[5, 0], [3, 0]], 5),  # two codes of one class: one of them is wrong
        ([[5, 1, 2]], 5),  # fewer codes than classes
        ([[1], [2], [6]], 6),  # more codes than classes
    ],
)
def test_codes_are_matched_to_classes_one_to_one(counts: list[list[int]], right: int) -> None:
    assert infogan.matched(np.array(counts)) == right


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2), (1, 3, 2, 0)])
def test_which_code_is_which_class_does_not_matter(order: tuple[int, ...]) -> None:
    found = bands(*order).error(testing.toy_images(n=300))
    assert (found.value, found.n) == (0, 300)
    assert found.se is not None and 0 < found.se < 0.01


def test_a_class_without_a_code_is_wrong() -> None:
    """The first and second code are for two classes; the samples of the third are put to either, and are wrong."""
    found = bands(1, 2).error(testing.toy_images(n=300))
    assert found.value == pytest.approx(1 / 3)
    assert found.se == pytest.approx(math.sqrt(2 / 9 / 300), rel=0.02)


@pytest.mark.parametrize("n", [1, 5, 7, 8, 21, 30])
def test_codes_are_in_the_order_of_the_samples_whatever_the_batch(n: int) -> None:
    data = testing.toy_images(n=n)
    assert bands(0, 1, 2).codes(torch.from_numpy(data.scaled())).tolist() == data.y.tolist()


def test_all_batches_have_the_size_of_training() -> None:
    sizes: list[int] = []

    class Counted(Bands):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            sizes.append(len(x))
            return super().forward(x)

    for n in (3, 7, 20):
        infogan.Recogniser(Counted((0, 1, 2)), Through(3), 7).codes(torch.zeros(n, *SHAPE))
    assert sizes == [7, 7, 7, 7, 7]


def test_batches_mix_the_classes_of_sorted_data() -> None:
    """A batch of one class, normed by its own statistics, would hide what the class is."""
    seen: list[int] = []

    class Watched(Bands):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            logits = super().forward(x)
            seen.append(len(logits[1].argmax(1).unique()))
            return logits

    data = testing.toy_images(n=90)
    order = np.argsort(data.y, kind="stable")
    infogan.Recogniser(Watched((0, 1, 2)), Through(3), 15).error(replace(data, x=data.x[order], y=data.y[order]))
    assert seen == [3] * 6


def test_the_error_needs_labels_and_says_nothing_without() -> None:
    data = testing.toy_images(classes=0)
    model, run = trained(data)
    assert plugin.measure(model, testing.measure_run(run, data)) == {}
    assert [report.name for report in plugin.describe().reports] == ["q_error"]
    assert not plugin.describe().labelled


def test_labels_teach_nothing() -> None:
    data = testing.toy_images()
    states = []
    for given in (data, replace(data, y=data.y[::-1].copy()), testing.toy_images(classes=0)):
        run = trained(given)[1]
        states.append(run._checkpoints.last.arrays)
    assert np.array_equal(data.x, testing.toy_images(classes=0).x)
    for other in states[1:]:
        assert states[0].keys() == other.keys()
        assert all(np.array_equal(value, other[key]) for key, value in states[0].items())


def test_the_measure_leaves_the_networks_as_they_are() -> None:
    model, run = trained()
    heldout = testing.measure_run(run, testing.toy_images(seed=1))
    nets = (model, model.recogniser.d, model.recogniser.q)
    modes, before = [net.training for net in nets], [vector(net) for net in nets]
    first, again = (plugin.measure(model, heldout) for _ in range(2))
    assert first == again
    assert [net.training for net in nets] == modes
    assert all(torch.equal(vector(net), was) for net, was in zip(nets, before, strict=True))
    assert "recogniser" not in "".join(model.state_dict())


def test_a_resumed_run_has_the_same_error() -> None:
    data, heldout = testing.toy_images(), testing.toy_images(seed=1, n=400)
    options = {**SMALL, "steps": 12}

    def run(checkpoints: MemoryCheckpoints) -> Any:
        return testing.memory_run(plugin.describe(), data, options, checkpoints=checkpoints)

    straight, kept = run(MemoryCheckpoints()), MemoryCheckpoints()
    expected = plugin.measure(plugin.train(straight), testing.measure_run(straight, heldout))
    stopped = run(kept)
    log = stopped.log
    stopped.log = lambda **scalars: (log(**scalars), stopped.steps_done >= 5 and stopped.request_stop("the test"))
    with pytest.raises(Interrupted):
        plugin.train(stopped)
    resumed = run(kept)
    assert plugin.measure(plugin.train(resumed), testing.measure_run(resumed, heldout)) == expected
    assert 5 <= stopped.steps_done < 12


def test_q_learns_to_tell_digits_that_nobody_named() -> None:
    """A tenth of the quick recipe's 2000 updates, after which one seed has 0.16; without skill it is near 0.9."""
    digits = load_digits()
    recipe = registry.load().recipe_options("infogan", "digits", quick=True)
    model, run = trained(digits.train, **{**recipe, "steps": 200, "categorical": 10, "z_dim": 62})
    found = plugin.measure(model, testing.measure_run(run, digits.heldout))["q_error"]
    assert found.n == 450
    assert found.value < 0.75
    assert found.se == pytest.approx(math.sqrt(found.value * (1 - found.value) / 450), rel=0.02)
