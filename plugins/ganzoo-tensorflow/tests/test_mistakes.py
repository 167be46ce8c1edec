"""Mistakes seen in well-known implementations; each test fails where one is made."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ganzoo import latents, testing


def changed(before: dict[str, Any], after: dict[str, Any], prefix: str) -> list[bool]:
    return [bool((before[name] != after[name]).any()) for name in before if name.startswith(prefix)]


def test_the_g_step_trains_all_of_g_and_nothing_of_d(pair: Any, step: Any) -> None:
    run = pair.run()
    gan = pair.gan(run)
    before = gan.state_arrays()
    step(gan, run, "generator")
    after = gan.state_arrays()
    assert all(changed(before, after, "generator/"))  # no gradient is cut on its way through D
    assert not any(changed(before, after, "discriminator/"))
    assert not any(changed(before, after, "d_adam/"))


def test_the_d_step_trains_all_of_d_and_no_weight_of_g(pair: Any, step: Any) -> None:
    run = pair.run()
    gan = pair.gan(run)
    weights = [variable.numpy().copy() for variable in gan.generator.trainable_variables]
    before = gan.state_arrays()
    step(gan, run, "discriminator")
    after = gan.state_arrays()
    assert all(changed(before, after, "discriminator/"))
    assert not any(changed(before, after, "g_adam/"))
    for old, new in zip(weights, gan.generator.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_a_network_gets_better_at_its_own_loss(pair: Any, step: Any, network: str) -> None:
    run = pair.run(lr=1e-3)
    gan = pair.gan(run)
    losses = [step(gan, run, network) for _ in range(20)]
    assert losses[-1] < losses[0] - 0.05


def test_the_d_loss_wants_reals_up_and_fakes_down() -> None:
    from ganzoo_tensorflow import kit
    from ganzoo_tensorflow.runtime import tf

    up, down, zero = tf.fill((4, 1), 20.0), tf.fill((4, 1), -20.0), tf.zeros((4, 1))
    assert float(kit.real_and_fake(up, down)) < 1e-6
    assert float(kit.real_and_fake(down, up)) == pytest.approx(40)
    # With a sigmoid before it, as where from_logits is wrong, this would be 1.67.
    assert float(kit.real_and_fake(zero, zero)) == pytest.approx(2 * np.log(2))
    assert np.isfinite(float(kit.real_and_fake(down * 1e3, up * 1e3)))


def test_both_g_losses_push_the_same_way_with_their_own_strength() -> None:
    from ganzoo_tensorflow.models.vanilla import generator_loss
    from ganzoo_tensorflow.runtime import tf

    logits = tf.constant([[-5.0], [0.0], [2.0]])
    d_fake = 1 / (1 + np.exp(-logits.numpy()))
    slopes = {}
    for loss in ("non-saturating", "minimax"):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            value = generator_loss(logits, loss)
        slopes[loss] = tape.gradient(value, logits).numpy()
    np.testing.assert_allclose(slopes["non-saturating"], -(1 - d_fake) / 3, rtol=1e-5)
    np.testing.assert_allclose(slopes["minimax"], -d_fake / 3, rtol=1e-5)


def test_the_loss_option_reaches_the_update(vanilla: Any, step: Any) -> None:
    losses = {}
    for loss in ("non-saturating", "minimax"):
        run = vanilla.run(loss=loss)
        losses[loss] = step(vanilla.gan(run), run, "generator")
    assert losses["minimax"] < 0 < losses["non-saturating"]


def test_d_gives_logits(pair: Any) -> None:
    run = pair.run()
    d = pair.gan(run).discriminator
    real = [run.data.scaled()[:8], run.data.y[:8]][: len(d.inputs)]
    before = np.asarray(d(real if len(real) > 1 else real[0]))
    logit = d.get_layer("logit")
    logit.kernel.assign(logit.kernel.value * 1000)
    np.testing.assert_allclose(np.asarray(d(real if len(real) > 1 else real[0])), before * 1000, rtol=1e-3, atol=1e-3)


def test_batch_norm_is_in_g_alone_and_has_the_arguments_meant(pair: Any) -> None:
    from ganzoo_tensorflow.runtime import keras

    gan = pair.gan(pair.run())

    def norms(net: Any) -> list[Any]:
        return [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]

    assert norms(gan.generator)
    assert {(n.momentum, n.epsilon) for n in norms(gan.generator)} == {(0.9, 1e-5)}
    assert not norms(gan.discriminator)  # real and fake share its batch


def test_sampling_is_inference_and_leaves_the_model_alone(pair: Any) -> None:
    run = pair.run()
    model = pair.plugin.train(run)
    before = [variable.numpy().copy() for variable in model.variables]
    inputs = latents.samples(run.latent, 0, 0, 8)
    x = pair.plugin.sample(model, inputs)
    for old, new in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())
    values = [inputs[name] for name in run.latent.names]
    trained = np.asarray(model(values if len(values) > 1 else values[0], training=True))
    assert np.abs(trained - x).max() > 1e-3


def test_training_moves_the_statistics_that_sampling_uses(pair: Any) -> None:
    model = pair.plugin.train(pair.run())
    moving = [variable.numpy() for variable in model.non_trainable_variables]
    assert moving
    assert all(np.ptp(value) > 0 for value in moving)


def test_networks_see_images_from_minus_one_to_one(case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo_tensorflow import kit

    run = case.run()
    run.data.x[0, 0, 0, :2] = 0, 255
    gan = case.gan(run)
    seen = []
    advance = gan.advance
    monkeypatch.setattr(gan, "advance", lambda data, *rest: seen.append(data["x"].numpy()) or advance(data, *rest))
    kit.fit(gan, run)
    assert (seen[0].min(), seen[0].max()) == (-1, 1)


def test_false_is_false(vanilla: Any) -> None:
    with_norm, without = (vanilla.gan(vanilla.run(batch_norm=word)).generator for word in ("true", "false"))
    assert with_norm.non_trainable_variables
    assert not without.non_trainable_variables


@pytest.mark.parametrize("k", [1, 3])
def test_d_takes_k_steps_for_one_of_g(vanilla: Any, k: int) -> None:
    from ganzoo_tensorflow import kit

    run = vanilla.run(k=k, steps=5)
    gan = vanilla.gan(run)
    kit.fit(gan, run)
    state = gan.state_arrays()
    assert (state["d_adam/step"], state["g_adam/step"]) == (5 * k, 5)


def test_each_step_has_latents_of_its_own(pair: Any) -> None:
    run = pair.run()
    drawn = pair.gan(run).draws(run, range(0, 3))
    z = np.concatenate([drawn["d_z"].reshape(-1, 6), drawn["g_z"].reshape(-1, 6)])
    assert len(np.unique(z, axis=0)) == len(z) == 2 * 3 * 16


def test_the_label_reaches_g_and_d(cgan: Any) -> None:
    run = cgan.run()
    gan = cgan.gan(run)
    z = np.zeros((3, 6), np.float32)
    x = np.asarray(gan.generator([z, np.arange(3)], training=False))
    assert len(np.unique(x.reshape(3, -1).round(7), axis=0)) == 3
    logits = np.asarray(gan.discriminator([np.repeat(x[:1], 3, 0), np.arange(3)]))
    assert len(np.unique(logits.round(7))) == 3


def test_real_images_keep_their_labels(cgan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganzoo_tensorflow.runtime import tf

    run = cgan.run()
    gan = cgan.gan(run)
    calls = []
    monkeypatch.setattr(gan, "discriminator_step", lambda *args: calls.append([a.numpy() for a in args]))
    drawn = {name: tf.constant(value[0]) for name, value in gan.draws(run, range(1)).items()}
    gan.update({"x": tf.constant(run.data.scaled()), "y": tf.constant(run.data.y)}, drawn)
    real, real_y, _, _ = calls[0]
    bands = np.stack([real[..., 2 * k : 2 * k + 2].mean((1, 2, 3)) for k in range(3)], 1)
    np.testing.assert_array_equal(bands.argmax(1), real_y)
    assert len(set(real_y)) == 3


def test_points_are_not_squashed(vanilla: Any) -> None:
    generator = vanilla.gan(vanilla.run(testing.toy_points())).generator
    assert generator.get_layer("out").activation.__name__ == "linear"
