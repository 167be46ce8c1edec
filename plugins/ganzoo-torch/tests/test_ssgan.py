"""The semi-supervised GAN's losses, its few labels, what G is shown, and the error that it reports."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from ganzoo_torch import kit
from ganzoo_torch import ssgan as plugin
from ganzoo_torch.models import ssgan
from torch import nn
from torch.nn.functional import log_softmax, pad
from torch.nn.utils import parameters_to_vector

from ganzoo import testing
from ganzoo.errors import GanzooError, Incompatible, OptionError

SHAPE = (1, 8, 8)
N, CLASSES = 12, 3
SMALL: dict[str, Any] = {"batch": N, "z_dim": 5, "hidden": 16, "hidden_g": 8, "labelled": 4}
Y = np.arange(60) % CLASSES


def nets(**changes: Any) -> tuple[ssgan.Generator, ssgan.Discriminator]:
    with kit.seeded(0):
        return ssgan.build(plugin.SsganOptions(**{**SMALL, **changes}), SHAPE, CLASSES)


def trained(data: Any = None, *, seed: int = 0, **options: Any) -> tuple[Any, Any]:
    given = testing.toy_images() if data is None else data
    run = testing.memory_run(plugin.describe(), given, {**SMALL, "steps": 2, **options}, seed=seed)
    return plugin.train(run), run


def vector(net: nn.Module) -> torch.Tensor:
    return parameters_to_vector(net.parameters()).detach().clone()


def test_unlabelled_loss_is_that_of_a_class_more_whose_logit_is_0() -> None:
    """−½ log(1 − p(K+1 | x)) − ½ log p(K+1 | G(z)), the softmax over K + 1 written out (section 5)."""
    real, fake = 5 * torch.randn(2, 40, CLASSES)
    of_real, of_fake = (log_softmax(pad(logits, (0, 1)), 1) for logits in (real, fake))
    expected = -0.5 * of_real[:, :-1].logsumexp(1).mean() - 0.5 * of_fake[:, -1].mean()
    torch.testing.assert_close(ssgan.unlabelled_loss(real, fake), expected)


def test_unlabelled_loss_is_the_authors_form() -> None:
    real, fake = 5 * torch.randn(2, 40, CLASSES)
    of_real, of_fake = torch.logsumexp(real, 1), torch.logsumexp(fake, 1)
    softplus = nn.functional.softplus
    expected = (-0.5 * of_real + 0.5 * softplus(of_real) + 0.5 * softplus(of_fake)).mean()
    torch.testing.assert_close(ssgan.unlabelled_loss(real, fake), expected)


def test_losses_of_huge_logits_are_finite() -> None:
    huge = torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4]])
    assert torch.isfinite(ssgan.unlabelled_loss(huge, huge))


def test_labelled_loss_takes_logits_without_a_softmax_before() -> None:
    one_hot, y = torch.eye(10), torch.arange(10)
    assert ssgan.labelled_loss(60 * one_hot, y).item() == pytest.approx(0, abs=1e-6)
    assert ssgan.labelled_loss(torch.zeros(10, 10), y).item() == pytest.approx(math.log(10))
    _, d = nets()
    assert isinstance(list(d.classes)[-1], ssgan.Dense)


def test_matching_is_of_means_and_not_of_samples() -> None:
    real, fake = torch.randn(8, 5), torch.randn(6, 5)
    assert ssgan.matching_loss(real, real.flip(0)) < 1e-12
    expected = np.square(real.numpy().mean(0) - fake.numpy().mean(0)).mean()
    assert ssgan.matching_loss(real, fake).item() == pytest.approx(float(expected), rel=1e-5)


def test_the_networks_are_the_papers() -> None:
    o = plugin.SsganOptions()
    g, d = ssgan.build(o, (1, 28, 28), 10)
    denses = [part for part in d.modules() if isinstance(part, ssgan.Dense)]
    assert [tuple(part.direction.shape) for part in denses] == [
        (1000, 784), (500, 1000), (250, 500), (250, 250), (250, 250), (10, 250),
    ]  # fmt: skip
    assert [part.sigma for part in d.modules() if isinstance(part, ssgan.Noise)] == [0.3, *[0.5] * 5]
    assert [isinstance(part.scale, nn.Parameter) for part in denses] == [*[False] * 5, True]
    assert d.features(torch.zeros(2, 1, 28, 28)).shape == (2, 250)
    assert sum(isinstance(part, nn.BatchNorm2d) for part in g.modules()) == 2
    assert plugin.describe().inputs.law == "uniform"
    assert (o.z_dim, o.labelled, o.batch, o.lr, o.beta1, o.ema_d) == (100, 10, 100, 3e-3, 0.5, 0.9999)


def test_a_units_weights_have_the_length_of_its_scale() -> None:
    layer = ssgan.Dense(5, 4, learnt=True)
    with torch.no_grad():
        layer.scale.copy_(torch.tensor([0.5, 1, 2, 3]))
        layer.direction.mul_(7)
    weight = layer(torch.eye(5)).t()
    torch.testing.assert_close(weight.norm(dim=1), layer.scale.detach())
    torch.testing.assert_close(nn.functional.normalize(weight), nn.functional.normalize(layer.direction))


def test_first_weights_are_fitted_to_the_data() -> None:
    _, d = nets(noise_in=0, noise=0)
    x = torch.rand(200, *SHAPE) * 2 - 1
    d.fit(x)
    for outputs in (d(x), d.hidden[1](d.hidden[0](ssgan.as_grey_levels(x)))):
        torch.testing.assert_close(outputs.mean(0), torch.zeros(outputs.shape[1]), atol=1e-4, rtol=0)
        torch.testing.assert_close(outputs.std(0, correction=0), torch.ones(outputs.shape[1]), atol=1e-3, rtol=0)


def test_noise_is_on_in_training_alone() -> None:
    _, d = nets()
    x = torch.rand(N, *SHAPE)
    assert not torch.equal(d(x), d(x))
    d.eval()
    assert torch.equal(d(x), d(x))


@pytest.mark.parametrize("each", [1, 7, 20])
@pytest.mark.parametrize("seed", [0, 1, 2**63])
def test_so_many_of_each_class_are_labelled(each: int, seed: int) -> None:
    rows = ssgan.labelled_rows(Y, CLASSES, each, seed)
    assert len(set(rows)) == len(rows) == CLASSES * each
    assert np.bincount(Y[rows]).tolist() == [each] * CLASSES
    assert np.array_equal(rows, ssgan.labelled_rows(Y, CLASSES, each, seed))


def test_another_seed_labels_others() -> None:
    chosen = [set(ssgan.labelled_rows(Y, CLASSES, 5, seed)) for seed in range(3)]
    assert chosen[0] != chosen[1] != chosen[2]
    assert all(max(rows) > 15 for rows in chosen), "they are the first ones of the data"


def shown(monkeypatch: pytest.MonkeyPatch, **options: Any) -> list[tuple[Any, ...]]:
    """What each of D's steps is given."""
    seen: list[tuple[Any, ...]] = []
    step = ssgan.discriminator_step

    def watching(*given: Any) -> Any:
        seen.append(given)
        return step(*given)

    monkeypatch.setattr(ssgan, "discriminator_step", watching)
    trained(**options)
    return seen


def test_only_the_labelled_are_ever_shown_with_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels drawn anew for each batch would use all of them up."""
    seen = shown(monkeypatch, steps=9)
    data = testing.toy_images()
    rows = ssgan.labelled_rows(data.y, CLASSES, 4, 0)
    allowed = {(x.tobytes(), int(y)) for x, y in zip(data.scaled()[rows], data.y[rows], strict=True)}
    given = [(x.numpy().tobytes(), int(y)) for step in seen for x, y in zip(*step[2], strict=True)]
    assert set(given) == allowed
    assert len(given) == 9 * N


def test_all_of_the_data_are_the_unlabelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few samples, all of them labelled: the unlabelled are the same."""
    data = testing.toy_images(n=12)
    seen: set[bytes] = set()
    step = ssgan.discriminator_step

    def watching(d: Any, optimiser: Any, labelled: Any, real: torch.Tensor, fake: Any, weight: float) -> Any:
        seen.update(x.numpy().tobytes() for x in real)
        return step(d, optimiser, labelled, real, fake, weight)

    monkeypatch.setattr(ssgan, "discriminator_step", watching)
    trained(data, steps=10)
    assert seen == {x.tobytes() for x in data.scaled()}


@pytest.mark.parametrize("size", [5, 12, 30])
def test_every_label_comes_once_in_each_epoch_in_a_new_order(size: int) -> None:
    run = testing.memory_run(plugin.describe(), testing.toy_images(), SMALL)
    rows = ssgan.labelled_rows(run.data.y, CLASSES, 4, 0)
    feed = ssgan.LabelledFeed(kit.Feed(run, torch.device("cpu")), rows, 0)
    dealt = torch.cat([feed.batch(size, step)[0] for step in range(12)])
    epochs = [sorted(x.numpy().tobytes() for x in epoch) for epoch in dealt.split(12)]
    assert epochs.count(epochs[0]) == len(epochs) == size
    assert epochs[0] == sorted(x.tobytes() for x in run.data.scaled()[rows])
    assert not torch.equal(dealt[:12], dealt[12:24])


def test_no_label_reaches_the_generator_but_through_d(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the labelled loss cut off, a training with other labels gives the same G; with it, another one."""
    data = testing.toy_images()
    others = (data, replace(data, y=(data.y + 1) % CLASSES))
    assert not torch.equal(*(vector(trained(given, steps=3)[0]) for given in others))
    monkeypatch.setattr(ssgan, "labelled_loss", lambda logits, y: 0 * logits.sum())
    assert torch.equal(*(vector(trained(given, steps=3)[0]) for given in others))


def test_generator_step_follows_the_features_and_moves_g_alone() -> None:
    g, d = nets(noise_in=0, noise=0)
    real, z, before = torch.rand(N, *SHAPE), torch.rand(N, 5), vector(d)
    loss = ssgan.matching_loss(d.features(real), d.features(g(z)))
    gradient = torch.autograd.grad(loss, list(g.parameters()))
    expected = vector(g) - 0.1 * parameters_to_vector(gradient)
    assert ssgan.generator_step(g, d, kit.sgd(g.parameters(), 0.1, 0), real, z).item() == pytest.approx(loss.item())
    torch.testing.assert_close(vector(g), expected)
    assert torch.equal(vector(d), before)
    assert all(p.grad is None and p.requires_grad for p in d.parameters())


@pytest.mark.parametrize("weight", [1.0, 0.2])
def test_discriminator_step_follows_both_losses(weight: float) -> None:
    _, d = nets(noise_in=0, noise=0)
    (x, real, fake), y = torch.rand(3, N, *SHAPE), torch.arange(N) % CLASSES
    loss = ssgan.labelled_loss(d(x), y) + weight * ssgan.unlabelled_loss(d(real), d(fake))
    gradient = torch.autograd.grad(loss, list(d.parameters()))
    expected = vector(d) - 0.1 * parameters_to_vector(gradient)
    ssgan.discriminator_step(d, kit.sgd(d.parameters(), 0.1, 0), (x, y), real, fake, weight)
    torch.testing.assert_close(vector(d), expected)


def test_the_error_is_that_of_the_average_of_d_without_noise() -> None:
    model, run = trained(steps=5)
    arrays = run._checkpoints.last.arrays
    for key, value in model.classifier.d.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), arrays[f"net.ema_d.{key}"])
    assert not np.array_equal(arrays["net.d.classes.1.direction"], arrays["net.ema_d.classes.1.direction"])
    heldout = testing.toy_images(seed=1)
    first, second = (plugin.measure(model, testing.measure_run(run, heldout)) for _ in range(2))
    assert first == second
    model.classifier.d.train()
    assert plugin.measure(model, testing.measure_run(run, heldout)) == first
    plain, run = trained(steps=5, ema_d=0.0)
    assert not any(key.startswith("net.ema_d") for key in run._checkpoints.last.arrays)
    np.testing.assert_array_equal(
        plain.classifier.d.state_dict()["classes.1.direction"].numpy(), arrays["net.d.classes.1.direction"]
    )


def test_the_error_counts_what_is_wrong() -> None:
    class Bands(nn.Module):
        """Knows the toy images but takes the last class for the first."""

        def __init__(self) -> None:
            super().__init__()
            self.none = nn.Parameter(torch.zeros(0))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            bright = torch.stack([x[..., 2 * k : 2 * k + 2].mean((1, 2, 3)) for k in range(3)], 1)
            return torch.cat((bright.amax(1, keepdim=True) * 0.5, bright[:, 1:2], bright[:, 2:] - 9), 1)

    data = testing.toy_images(n=600)
    found = ssgan.Classifier(Bands()).error(data)
    assert (found.value, found.n) == (pytest.approx(1 / 3), 600)
    assert found.se == pytest.approx(math.sqrt(2 / 9 / 600), rel=0.01)


def test_a_faultless_classifier_has_an_error_all_the_same() -> None:
    """√(0 · 1 / n) would say that it is known to be faultless."""
    model, run = trained(steps=150, labelled=10, hidden=64, batch=30)
    heldout = testing.toy_images(seed=1)
    number = plugin.measure(model, testing.measure_run(run, heldout))["ssl_error"]
    assert number.value < 0.05, "a third are right by chance"
    assert number.n == len(heldout)
    assert 0 < number.se < 0.03


def test_the_classifier_is_not_in_the_file(tmp_path: Any) -> None:
    model, _ = trained()
    plugin.export(model, tmp_path / "x.onnx")
    floats = sum(math.prod(each.dims) for each in onnx.load(tmp_path / "x.onnx").graph.initializer)
    g, _ = nets()
    assert floats < sum(p.numel() for p in g.parameters()) + sum(b.numel() for b in g.buffers()) + 200
    assert set(model.state_dict()) == set(g.state_dict())


def test_too_few_labels_of_a_class_are_a_sentence_before_the_first_update() -> None:
    data = testing.toy_images(n=192)
    rare = np.flatnonzero(data.y == 1)[3:]
    few = replace(data, x=np.delete(data.x, rare, 0), y=np.delete(data.y, rare))
    run = testing.memory_run(plugin.describe(), few, SMALL)
    with pytest.raises(GanzooError, match="labelled=4 asks for 4 labels of each class, but class 1 has 3") as caught:
        plugin.train(run)
    assert caught.value.hint
    assert run.steps_done == 0
    assert trained(few, labelled=3)[1].steps_done == 2


def test_a_run_without_steps_may_have_few_samples() -> None:
    """So are rehearsals and looks at a run: they see a few of the samples."""
    run = testing.memory_run(plugin.describe(), testing.toy_images(n=6), SMALL)
    run.steps = lambda total, state: iter(())  # type: ignore[method-assign,assignment]
    assert plugin.train(run).classifier.classify(torch.zeros(2, *SHAPE)).shape == (2,)


def test_no_labels_at_all_are_refused() -> None:
    with pytest.raises(OptionError, match="labelled=0"):
        testing.memory_run(plugin.describe(), testing.toy_images(), {"labelled": 0})
    for classes in (0, 1):
        with pytest.raises(Incompatible, match="ssgan needs class labels, but toy has none"):
            testing.memory_run(plugin.describe(), testing.toy_images(classes=classes), SMALL)
