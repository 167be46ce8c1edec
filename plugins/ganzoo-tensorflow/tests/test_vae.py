"""The bound against closed forms and NumPy, and the mistakes that are known of autoencoders' implementations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ganzoo_tensorflow.options import VaeOptions

import ganzoo
from ganzoo import latents, testing

RNG = np.random.default_rng(5)


def points(x: Any) -> Any:
    spec = ganzoo.DataSpec(name="line", kind="points", shape=x.shape[1:])
    return ganzoo.Split(spec, x.astype(np.float32), None)


def terms(model: Any, x: Any, noise: Any) -> list[Any]:
    from ganzoo_tensorflow.runtime import tf

    found = model.terms(tf.constant(x, tf.float32), tf.constant(noise, tf.float32))
    return [term.numpy().astype(float) for term in found]


def bound(model: Any, x: Any, z_dim: int) -> Any:
    """−ELBO of each row of ``x`` without sampling error, where it is a square in ε: by ±√k along each of k axes."""
    ends = np.concatenate([np.eye(z_dim), -np.eye(z_dim)]) * np.sqrt(z_dim)
    each = sum(terms(model, np.repeat(x, len(ends), 0), np.tile(ends, (len(x), 1))))
    return each.reshape(len(x), len(ends)).mean(1)


def evidence(x: Any, mean: Any, covariance: Any) -> Any:
    """−log N(x; mean, covariance) of each row."""
    away = x - mean
    _, logdet = np.linalg.slogdet(2 * np.pi * covariance)
    return (logdet + np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)) / 2


def test_with_the_exact_posterior_the_bound_is_the_evidence(vae: Any) -> None:
    sigma, w, b = 0.5, np.array([[1.0, 0.6], [2.0, -0.3], [0.0, 0.9]]), np.array([0.3, -1.0, 0.2])
    assert w[:, 0] @ w[:, 1] == pytest.approx(0)  # so that the posterior is diagonal, as the encoder's is
    x = RNG.normal(0, 2, (40, 3))
    options = {"likelihood": "gaussian", "sigma": sigma, "depth": 0, "z_dim": 2}
    model = vae.gan(vae.run(points(x), **options))
    spread = 1 / (1 + (w**2).sum(0) / sigma**2)
    gain = (w * spread).T / sigma**2
    kernel = np.concatenate([gain.T, np.zeros((3, 2))], 1)
    model.encoder.get_layer("q").set_weights([kernel, np.concatenate([-gain @ b, np.log(spread)])])
    model.generator.get_layer("out").set_weights([w.T, b])
    exact = evidence(x, b, w @ w.T + sigma**2 * np.eye(3))
    np.testing.assert_allclose(bound(model, x, 2), exact, rtol=1e-5)
    model.encoder.get_layer("q").set_weights([kernel, np.concatenate([-gain @ b, np.log(spread) + 1])])
    gap = (np.e - 1 - 1) / 2 * 2  # KL(q ‖ posterior) where each of two variances is e times too large
    np.testing.assert_allclose(bound(model, x, 2), exact + gap, rtol=1e-5)


def test_a_linear_one_learns_probabilistic_pca(vae: Any) -> None:
    """Tipping and Bishop 1999: the best likelihood is known, σ² is the mean of the eigenvalues left out."""
    x = RNG.normal(0, 1, (1024, 1)) @ [[1.0, -0.5, 0.4]] + RNG.normal(0, 0.3, (1024, 3)) + 0.5
    run = vae.run(points(x), depth=0, z_dim=1, steps=1500, lr=5e-3, batch=256)
    model = vae.gan(run)
    from ganzoo_tensorflow import kit

    kit.fit(model, run)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    noise = values[:2].mean()
    best = evidence(x, x.mean(0), noise * np.eye(3) + (values[2] - noise) * np.outer(vectors[:, 2], vectors[:, 2]))
    assert bound(model, x, 1).mean() == pytest.approx(best.mean(), abs=0.01)
    assert float(model.likelihood.variance) == pytest.approx(noise, rel=0.1)


def test_the_kl_is_a_sum_over_z_and_one_number_an_image() -> None:
    from ganzoo_tensorflow.models.vae import divergence
    from ganzoo_tensorflow.runtime import tf

    mean, log_variance = np.array([[0.7, -1.2, 0.0], [2.0, 0.0, 0.5]]), np.array([[-1.0, 0.4, 0.0], [0.0, -3.0, 1.0]])
    found = divergence(tf.constant(mean), tf.constant(log_variance)).numpy()
    grid, step = np.linspace(-30, 30, 60_001, retstep=True)
    variance = np.exp(log_variance)[..., None]
    log_q = -((grid - mean[..., None]) ** 2) / (2 * variance) - np.log(2 * np.pi * variance) / 2
    log_p = -(grid**2) / 2 - np.log(2 * np.pi) / 2
    by_quadrature = (np.exp(log_q) * (log_q - log_p)).sum(-1) * step
    np.testing.assert_allclose(found, by_quadrature.sum(1), rtol=1e-6)
    assert found.shape == (2,)
    assert float(divergence(tf.zeros((1, 9)), tf.zeros((1, 9)))[0]) == 0


def test_the_cross_entropy_is_a_sum_over_pixels_of_grey_levels_from_0_to_1() -> None:
    from ganzoo_tensorflow.models.vae import Bernoulli
    from ganzoo_tensorflow.runtime import tf

    logits, x = RNG.normal(0, 2, (4, 3, 5, 6)), RNG.uniform(-1, 1, (4, 3, 5, 6))
    p, t = 1 / (1 + np.exp(-logits)), (x + 1) / 2
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum((1, 2, 3))
    likelihood = Bernoulli()
    np.testing.assert_allclose(likelihood.negative_log(tf.constant(x), tf.constant(logits)), expected, rtol=1e-9)
    np.testing.assert_allclose(likelihood.mean(tf.constant(logits)), 2 * p - 1, rtol=1e-6, atol=1e-12)
    far = likelihood.negative_log(tf.constant([[1.0, -1.0]]), tf.constant([[-1e4, 1e4]]))
    np.testing.assert_allclose(far, [2e4])  # no logarithm of a sigmoid that is 0


@pytest.mark.parametrize("bounded", [True, False])
def test_the_gaussian_has_its_constant_and_its_sigma(bounded: bool) -> None:
    from ganzoo_tensorflow.models.vae import Gaussian
    from ganzoo_tensorflow.runtime import tf

    natural, x = RNG.normal(0, 1, (4, 2, 3)), RNG.uniform(-1, 1, (4, 2, 3))
    mean = np.tanh(natural) if bounded else natural
    density = np.exp(-((x - mean) ** 2) / (2 * 0.3**2)) / np.sqrt(2 * np.pi * 0.3**2)
    for sigma, spread in ((0.3, 9.0), (0.0, 0.3)):
        likelihood = Gaussian(sigma, spread, bounded=bounded)
        assert len(likelihood.variables) == (not sigma)
        found = likelihood.negative_log(tf.constant(x, tf.float32), tf.constant(natural, tf.float32))
        np.testing.assert_allclose(found, -np.log(density).sum((1, 2)), rtol=1e-4)


def test_sigma_cannot_shrink_to_nothing() -> None:
    from ganzoo_tensorflow.models.vae import SHARPEST, Gaussian

    likelihood = Gaussian(0.0, 2.0, bounded=True)
    likelihood.variables[0].assign(-1000.0)
    assert float(likelihood.variance) == pytest.approx((SHARPEST * 2) ** 2)


def test_the_gradient_is_that_of_a_numpy_autoencoder(vae: Any) -> None:
    from ganzoo_tensorflow.runtime import tf

    run = vae.run(beta=0.7)
    model = vae.gan(run)
    drawn = {name: value[0] for name, value in model.draws(run, range(1)).items()}
    weights = [variable.numpy().astype(float) for variable in model.adam.variables]
    x = run.data.scaled()[drawn["rows"]].reshape(16, 64).astype(float)
    loss, reconstruction, kl, gradients = numpy_step(weights, x, drawn["noise"].astype(float), beta=0.7)
    scalars = model.update(
        {"x": tf.constant(run.data.scaled())}, {name: tf.constant(value) for name, value in drawn.items()}
    )
    found = [float(scalars[name]) for name in ("loss", "reconstruction", "kl")]
    np.testing.assert_allclose(found, [loss, reconstruction, kl], rtol=1e-5)
    for moment, gradient in zip(model.adam.first, gradients, strict=True):  # 0.1 of the first gradient
        np.testing.assert_allclose(moment.numpy() * 10, gradient, rtol=1e-3, atol=1e-5)


def numpy_step(weights: list[Any], x: Any, noise: Any, beta: float) -> tuple[float, float, float, list[Any]]:
    """−ELBO of a batch and its gradients in the order of ``weights``: decoder, then encoder, one hidden layer each."""
    dw1, db1, dw2, db2, ew1, eb1, ew2, eb2 = weights
    n, k = len(x), dw1.shape[0]
    t = (x + 1) / 2
    a = t @ ew1 + eb1
    h = np.maximum(a, 0)
    mean, log_variance = np.split(h @ ew2 + eb2, 2, axis=1)
    z = mean + np.exp(log_variance / 2) * noise
    c = z @ dw1 + db1
    g = np.maximum(c, 0)
    p = 1 / (1 + np.exp(-(g @ dw2 + db2)))
    reconstruction = -(t * np.log(p) + (1 - t) * np.log(1 - p)).sum(1).mean()
    kl = (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1).mean() / 2
    to_logits = (p - t) / n
    to_c = to_logits @ dw2.T * (c > 0)
    to_z = to_c @ dw1.T
    to_q = np.concatenate(
        [
            to_z + beta * mean / n,
            to_z * noise * np.exp(log_variance / 2) / 2 + beta * (np.exp(log_variance) - 1) / 2 / n,
        ],
        axis=1,
    )
    assert to_q.shape == (n, 2 * k)
    to_a = to_q @ ew2.T * (a > 0)
    decoder = [z.T @ to_c, to_c.sum(0), g.T @ to_logits, to_logits.sum(0)]
    encoder = [t.T @ to_a, to_a.sum(0), h.T @ to_q, to_q.sum(0)]
    return reconstruction + beta * kl, reconstruction, kl, decoder + encoder


def test_more_beta_less_kl(vae: Any) -> None:
    spent = []
    for beta in (0.2, 50.0):
        run = vae.run(steps=200, beta=beta, hidden=32)
        logged: dict[str, Any] = {}
        run.log = logged.update
        vae.plugin.train(run)
        spent.append(float(logged["kl"]))
        assert float(logged["loss"]) == pytest.approx(float(logged["reconstruction"]) + beta * spent[-1], rel=1e-5)
    assert spent[0] > 2 > 0.1 > spent[1]


@pytest.mark.parametrize("extra", [{}, {"net": "conv", "width": 4}, {"likelihood": "gaussian"}], ids=str)
def test_a_step_trains_every_weight(vae: Any, extra: dict[str, Any]) -> None:
    from ganzoo_tensorflow import kit

    run = vae.run(**extra)
    model = vae.gan(run)
    before = model.state_arrays()
    kit.fit(model, run)
    still = [name for name, value in model.state_arrays().items() if np.array_equal(value, before[name])]
    assert still == []


def test_sigma_is_saved_with_the_rest(vae: Any) -> None:
    learned = vae.gan(vae.run(likelihood="gaussian")).state_arrays()
    given = vae.gan(vae.run(likelihood="gaussian", sigma=0.1)).state_arrays()
    assert learned.keys() - given.keys() == {"likelihood/log_sigma", "adam/first/8", "adam/second/8"}


def test_the_noise_is_that_of_its_step_alone_and_not_of_other_streams(vae: Any) -> None:
    run = vae.run()
    model = vae.gan(run)
    whole = model.draws(run, range(0, 5))["noise"]
    np.testing.assert_array_equal(model.draws(vae.run(), range(3, 5))["noise"], whole[3:])
    assert len(np.unique(whole.reshape(-1, 6), axis=0)) == 5 * 16  # each image and step has its own
    assert not np.array_equal(whole, run.latents(16, 0, 5)["z"])


@pytest.mark.parametrize(("net", "likelihood"), [("mlp", "bernoulli"), ("mlp", "gaussian"), ("conv", "bernoulli")])
def test_a_sample_is_the_mean_and_no_draw(vae: Any, net: str, likelihood: str) -> None:
    run = vae.run(net=net, likelihood=likelihood)
    model = vae.gan(run)
    z = latents.samples(run.latent, 0, 0, 8)["z"]
    natural = np.asarray(model.natural(z, training=False))
    expected = 2 / (1 + np.exp(-natural)) - 1 if likelihood == "bernoulli" else np.tanh(natural)
    x = vae.plugin.sample(model.result(), {"z": z})
    np.testing.assert_allclose(x, expected, atol=1e-6)
    np.testing.assert_array_equal(vae.plugin.sample(model.result(), {"z": z}), x)


def test_the_average_is_of_the_decoder_alone(vae: Any) -> None:
    model = vae.gan(vae.run(ema=0.9))
    assert [v.path for v in model.shadow.variables] == [v.path for v in model.generator.variables]
    assert not any(name.startswith("average/q") for name in model.state_arrays())


@pytest.mark.parametrize("options", [{"likelihood": "bernoulli"}, {"net": "conv"}], ids=str)
def test_what_is_for_images_is_refused_for_points(vae: Any, options: dict[str, Any]) -> None:
    (name, value) = next(iter(options.items()))
    asked, plain = VaeOptions(**options), VaeOptions()
    dots, images = testing.toy_points().spec, testing.toy_images().spec
    assert f"toy-points has points, and {name}={value} is " in vae.plugin.validate(asked, dots)
    assert [vae.plugin.validate(*case) for case in ((asked, images), (plain, dots))] == [None, None]


def test_data_that_are_all_the_same_start_from_a_finite_sigma(vae: Any) -> None:
    run = vae.run(points(np.zeros((32, 2))))
    vae.plugin.train(run)
    state = vae.gan(run).state_arrays()
    assert all(np.isfinite(value).all() for value in state.values())


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 5), (3, 64, 64)], ids=str)
def test_convolutions_take_the_smallest_and_the_largest(vae: Any, shape: tuple[int, int, int]) -> None:
    run = vae.run(testing.toy_images(shape, n=16), steps=1, net="conv", width=2)
    x = vae.plugin.sample(vae.plugin.train(run), latents.samples(run.latent, 0, 0, 2))
    assert x.shape == (2, *shape)


def test_it_learns_where_the_toy_classes_are(vae: Any) -> None:
    from ganzoo_tensorflow import kit

    run = vae.run(steps=1000, hidden=64, z_dim=2, lr=3e-3)
    model = vae.gan(run)
    kit.fit(model, run)

    def brightest(x: Any) -> Any:
        return np.stack([x[..., 2 * k : 2 * k + 2].mean((1, 2, 3)) for k in range(3)], 1).argmax(1)

    codes = np.asarray(model.encoder(run.data.scaled(), training=False))[:, :2]
    assert (brightest(np.asarray(model.generator(codes, training=False))) == run.data.y).mean() > 0.95
    x = vae.plugin.sample(model.result(), latents.samples(run.latent, 0, 0, 300))
    assert np.bincount(brightest(x), minlength=3).min() > 0.15 * 300  # z from N(0, 1) is where the codes are


def test_points_come_to_lie_on_their_modes_with_the_width_in_sigma(vae: Any) -> None:
    run = vae.run(testing.toy_points(), steps=2500, hidden=64, z_dim=2, lr=3e-3, batch=64)
    from ganzoo_tensorflow import kit

    model = vae.gan(run)
    kit.fit(model, run)
    x = vae.plugin.sample(model.result(), latents.samples(run.latent, 0, 0, 500))
    near = np.abs(np.abs(x[:, 0]) - 1) < 0.15
    assert near.mean() > 0.7  # the rest lies between: the mean is continuous in z
    assert 0.3 < (x[near, 0] > 0).mean() < 0.7
    assert float(model.likelihood.variance) ** 0.5 == pytest.approx(0.05, rel=0.25)
    assert x[near, 1].std() < 0.04  # narrower than the data's 0.05: the rest of it is in σ
