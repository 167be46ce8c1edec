"""DRAGAN against cases worked out by hand and a NumPy version of a step, and the mistakes known of implementations."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ganzoo_jax.models import dragan
from ganzoo_jax.options import DraganOptions

from ganzoo import testing

RNG = np.random.default_rng(0)
FORMS = ("gaussian", "positive-uniform", "centred-uniform")
IMAGES = (2, 8, 8)


def normal(*shape: int) -> Any:
    return RNG.standard_normal(shape, np.float32)


def moved(form: str, x: Any, c: float = 0.04, seed: int = 0) -> tuple[Any, Any]:
    """The perturbed samples and the draws behind them."""
    o = DraganOptions(noise=form, c=c, batch=len(x))  # type: ignore[arg-type]
    drawn = {name: values[0] for name, values in dragan.noise(o, x.shape[1:], seed, range(1)).items()}
    return np.asarray(dragan.PERTURBED[form](jnp.asarray(x), drawn, c)), drawn


def test_defaults_are_those_of_the_authors_code_and_the_papers_noise() -> None:
    o = DraganOptions()
    assert (o.penalty, o.lr, o.beta1, o.beta2, o.batch, o.z_dim) == (10.0, 1e-4, 0.5, 0.9, 128, 100)
    assert o.noise == "gaussian"


def test_every_form_of_the_noise_can_be_chosen() -> None:
    assert tuple(dragan.PERTURBED) == FORMS


def test_gaussian_noise_has_the_variance_c_for_every_sample() -> None:
    """Known mistakes: c as the standard deviation; and an interpolation, which makes it small for some samples."""
    x = np.tanh(normal(64, *IMAGES))
    delta = moved("gaussian", x)[0] - x
    assert abs(delta.mean()) < 0.01
    assert delta.var() == pytest.approx(0.04, rel=0.05)
    assert delta.reshape(64, -1).std(axis=1).min() > 0.2 * 0.7
    assert (delta < 0).mean() == pytest.approx(0.5, abs=0.03)
    np.testing.assert_array_equal(moved("gaussian", x, c=0.0)[0], x)


def test_the_first_codes_noise_is_positive_with_one_share_per_sample() -> None:
    x = 3 * normal(64, *IMAGES)
    around, drawn = moved("positive-uniform", x)
    delta, largest = around - x, 0.5 * x.std()
    assert delta.min() > -1e-5
    assert delta.max() < largest
    for i in range(64):
        np.testing.assert_allclose(delta[i], drawn["share"][i] * largest * drawn["uniform"][i], atol=1e-5)
    assert len(np.unique(drawn["share"])) == 64
    assert delta.mean() == pytest.approx(largest / 4, rel=0.15)


def test_centred_noise_is_symmetric_and_keeps_images_in_their_range() -> None:
    points = 3 * normal(512, 2)
    delta, largest = moved("centred-uniform", points)[0] - points, 0.5 * points.std()
    assert np.abs(delta).max() <= largest * (1 + 1e-5)
    assert delta.var() == pytest.approx(largest**2 / 3, rel=0.1)
    assert abs(delta.mean()) < 0.1 * largest
    images = np.tanh(3 * normal(32, *IMAGES))
    around = moved("centred-uniform", images)[0]
    assert np.abs(around).max() == 1
    assert np.abs(around - images).max() > 0.25 * images.std()


@pytest.mark.parametrize("form", FORMS)
def test_the_noise_differs_between_values_samples_steps_and_seeds(form: str) -> None:
    o = DraganOptions(noise=form, batch=4)  # type: ignore[arg-type]
    first, second = (dragan.noise(o, IMAGES, 0, steps) for steps in (range(3), range(3, 5)))
    for name, values in dragan.noise(o, IMAGES, 0, range(5)).items():
        np.testing.assert_array_equal(np.concatenate((first[name], second[name])), values)
        assert values.shape == ((5, 4) if name == "share" else (5, 4, *IMAGES))
        assert len(np.unique(values)) > 0.99 * values.size
        assert not np.array_equal(dragan.noise(o, IMAGES, 1, range(5))[name], values)


def test_each_network_has_latents_of_its_own_at_each_step(dragan_case: Any) -> None:
    run = dragan_case.run()
    first, second, whole = (dragan.draws(run, steps) for steps in (range(4), range(4, 6), range(6)))
    for name, value in whole.items():
        np.testing.assert_array_equal(np.concatenate((first[name], second[name])), value, err_msg=name)
    latents = np.concatenate((whole["d_z"], whole["g_z"]))
    assert len(np.unique(latents)) > 0.99 * latents.size
    assert np.abs(latents).max() <= 1


def half_square(x: Any) -> Any:
    """f = x²/2, whose slope is the point that it is taken at."""
    return (x**2).sum(1) / 2


def test_the_penalty_is_taken_around_the_data_and_nowhere_else() -> None:
    """A known mistake: WGAN-GP's points, between real and generated."""
    real, around = jnp.full((4, 1), 2.0), jnp.full((4, 1), 3.0)
    for fake in (0.0, 5.0):
        loss, penalty = dragan.discriminator_loss(half_square, real, jnp.full((4, 1), fake), around, 10.0)
        assert float(penalty) == pytest.approx((3 - 1) ** 2)
        assert float(loss) == pytest.approx(np.log1p(np.exp(-2)) + np.log1p(np.exp(fake**2 / 2)) + 40, rel=1e-5)


def test_the_penalty_is_on_the_logit() -> None:
    """A known mistake: the sigmoid's slope, which vanishes where D is sure."""
    x = jnp.full((4, 1), 30.0)
    _, penalty = dragan.discriminator_loss(lambda batch: 3 * batch[:, 0], x, -x, x, 10.0)
    assert float(penalty) == pytest.approx(4.0)


def test_losses_are_those_of_the_gan_on_sigmoids() -> None:
    def logit(x: Any) -> Any:
        return x[:, 0]

    r, f = normal(64, 1), normal(64, 1)
    d, _ = dragan.discriminator_loss(logit, jnp.asarray(r), jnp.asarray(f), jnp.asarray(r), 0.0)
    real, fake = (1 / (1 + np.exp(-logits)) for logits in (r, f))
    assert float(d) == pytest.approx(-np.log(real).mean() - np.log(1 - fake).mean(), rel=1e-5)
    assert float(dragan.generator_loss(logit, jnp.asarray(f))) == pytest.approx(-np.log(fake).mean(), rel=1e-5)


def test_the_generators_loss_does_not_saturate_and_no_loss_overflows() -> None:
    def loss(x: Any) -> Any:
        return dragan.generator_loss(lambda batch: batch[:, 0], x)

    sure = jnp.full((1, 1), -1000.0)
    assert float(jax.grad(loss)(sure)[0, 0]) == -1.0
    d, _ = dragan.discriminator_loss(lambda batch: batch[:, 0], -1e4 * sure, 1e4 * sure, sure, 1.0)
    assert np.isfinite(float(d))


class Mlp:
    """Three ReLU layers and a linear one in NumPy, float64, with the gradients worked out by hand."""

    def __init__(self, params: Any) -> None:
        self.w = [np.float64(layer["w"]) for layer in params]
        self.b = [np.float64(layer["b"]) for layer in params]

    def forward(self, x: Any) -> tuple[Any, list[Any]]:
        """The output, and each layer's input."""
        inputs = [np.float64(x)]
        for w, b in zip(self.w[:-1], self.b[:-1], strict=True):
            inputs.append(np.maximum(inputs[-1] @ w + b, 0))
        return inputs[-1] @ self.w[-1] + self.b[-1], inputs

    def backward(self, inputs: list[Any], upstream: Any) -> tuple[list[Any], list[Any], Any]:
        """Gradients of w and b for ``upstream``, that of the output; and of the first input."""
        of_w, of_b = [], []
        for number in (3, 2, 1, 0):
            of_w.insert(0, inputs[number].T @ upstream)
            of_b.insert(0, upstream.sum(axis=0))
            upstream = (upstream @ self.w[number].T) * (inputs[number] > 0 if number else 1)
        return of_w, of_b, upstream

    def penalty(self, x: Any, weight: float) -> list[Any]:
        """Gradients of w of λ · mean (‖∇f‖ − 1)²; b has none, since the layers' masks do not move.

        ``below``: the gradient of f for each layer's output; ∇f is the product of w[0] and the first of them.
        """
        _, inputs = self.forward(x)
        below = [np.ones((len(x), 1))]
        for number in (3, 2, 1):
            below.insert(0, (below[0] @ self.w[number].T) * (inputs[number] > 0))
        slope = below[0] @ self.w[0].T
        norm = np.linalg.norm(slope, axis=1, keepdims=True)
        across, found = weight * 2 * (norm - 1) * slope / norm / len(x), []
        for number in range(4):
            found.append(across.T @ below[number])
            across = across @ self.w[number] * (inputs[number + 1] > 0 if number < 3 else 1)
        return found


def first_adam(value: Any, gradient: Any, lr: float) -> Any:
    """Adam's first step, in which both moments stand corrected for the gradient and its square."""
    return value - lr * gradient / (np.abs(gradient) + 1e-8)


def agree(after: Any, start: Mlp, of_w: list[Any], of_b: list[Any], lr: float) -> None:
    """Each parameter is where Adam's first step takes it, but for those whose gradient is rounding noise."""
    gradients = [g for pair in zip(of_w, of_b, strict=True) for g in pair]
    starts = [p for pair in zip(start.w, start.b, strict=True) for p in pair]
    found = [layer[name] for layer in after for name in ("w", "b")]
    compared = 0
    for mine, begin, gradient in zip(found, starts, gradients, strict=True):
        clear = (np.abs(gradient) > 1e-5) | (gradient == 0)
        compared += int((np.abs(gradient) > 1e-5).sum())
        expected = first_adam(begin, gradient, lr)
        np.testing.assert_allclose(np.asarray(mine)[clear], expected[clear], atol=0.02 * lr)
    assert compared > 200


def test_one_update_is_that_of_numpy() -> None:
    """D with its penalty, gradients by hand; then G through the D that has just learnt."""
    n, lr = 8, 0.01
    o = DraganOptions(batch=n, z_dim=4, hidden=16, noise="positive-uniform", lr=lr)
    before = dragan.start(o, (2,), 0)
    data, rows = normal(32, 2), RNG.integers(32, size=n).astype("i4")
    d_z, g_z, uniform, share = normal(n, 4), normal(n, 4), RNG.random((n, 2), "f4"), RNG.random(n, "f4")
    drawn = {"rows": rows, "d_z": d_z, "g_z": g_z, "uniform": uniform, "share": share}
    after, losses = jax.jit(dragan.make_update(o, (2,)))(before, data, drawn)

    real = data[rows]
    around = real + share[:, None] * uniform * 0.5 * real.std()
    g, d = Mlp(before["g"]), Mlp(before["d"])
    fake, _ = g.forward(d_z)
    logits, inputs = d.forward(np.concatenate((real, fake)))
    on_fake = np.repeat([0.0, 1.0], n)[:, None]
    of_w, of_b, _ = d.backward(inputs, (1 / (1 + np.exp(-logits)) - (1 - on_fake)) / n)
    of_w = [plain + extra for plain, extra in zip(of_w, d.penalty(around, 10.0), strict=True)]
    agree(after["d"], d, of_w, of_b, lr)

    learnt = Mlp(after["d"])
    fake, through_g = g.forward(g_z)
    logits, through_d = learnt.forward(fake)
    assert float(losses["g_loss"]) == pytest.approx(np.log1p(np.exp(-logits)).mean(), rel=1e-4)
    _, _, of_fake = learnt.backward(through_d, -1 / (1 + np.exp(logits)) / n)
    of_w, of_b, _ = g.backward(through_g, of_fake)
    agree(after["g"], g, of_w, of_b, lr)


def test_the_penalty_holds_the_slope_around_the_data_at_one(dragan_case: Any) -> None:
    slopes = []
    data = testing.toy_points()
    for weight in (0.0, 10.0):
        state = dragan_case.state(dragan_case.run(data, steps=300, lr=2e-3, penalty=weight))
        d = Mlp([{key: state[f"d.{i}.{key}"] for key in ("w", "b")} for i in range(4)])
        _, inputs = d.forward(data.x)
        slopes.append(np.linalg.norm(d.backward(inputs, np.ones((len(data.x), 1)))[2], axis=1).mean())
    assert abs(slopes[1] - 1) < 0.2
    assert abs(slopes[1] - 1) < 0.5 * abs(slopes[0] - 1), slopes
