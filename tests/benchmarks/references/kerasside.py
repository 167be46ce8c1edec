"""Keras references: tf.data, ``keras.optimizers.Adam``, a ``train_step`` compiled by ``tf.function``, called each step.

The networks are the plugin's, which are made of Keras's own layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ganzoo_tensorflow.kit import real_and_fake
from ganzoo_tensorflow.models import cgan as cgan_model
from ganzoo_tensorflow.models import vae as vae_model
from ganzoo_tensorflow.models import vanilla as vanilla_model
from ganzoo_tensorflow.runtime import keras, tf

from references import Step, Task


def tf_batches(*arrays: Any, batch: int) -> Iterator[Any]:
    """A shuffling tf.data pipeline, epoch after epoch, on one thread."""
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    whole = tf.data.Dataset.from_tensor_slices(arrays).shuffle(len(arrays[0])).batch(batch, drop_remainder=True)
    return iter(whole.with_options(options).repeat().prefetch(1))


def descend(adam: Any, tape: Any, loss: Any, weights: list[Any]) -> None:
    """One update of the weights along the loss's gradient."""
    adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def follow(shadow: Any, net: Any, decay: float) -> None:
    """The update of the EMA, variable by variable."""
    for mean, now in zip(shadow.variables, net.variables, strict=True):
        mean.assign(decay * mean + (1.0 - decay) * now)


def keras_step(task: Task, g: Any, d: Any, shadow: Any, latents: Callable[[], list[Any]], arrays: list[Any]) -> Step:
    """D on real and fake in one batch, then G through D, as a Keras ``train_step``; labels, if any, join both nets."""
    o = task.options
    g_adam, d_adam = (keras.optimizers.Adam(o.lr, beta_1=o.beta1) for _ in range(2))
    batches = tf_batches(*arrays, batch=o.batch)

    def call(net: Any, *inputs: Any) -> Any:
        return net(inputs[0] if len(inputs) == 1 else list(inputs), training=True)

    @tf.function
    def train_step(real: Any, *labels: Any) -> tuple[Any, Any]:
        z, *y = latents()
        fake = call(g, z, *y)
        with tf.GradientTape() as tape:
            both = [tf.concat(pair, 0) for pair in zip((real, *labels), (fake, *y), strict=True)]
            d_loss = real_and_fake(*tf.split(call(d, *both), 2))
        descend(d_adam, tape, d_loss, d.trainable_variables)
        z, *y = latents()
        with tf.GradientTape() as tape:
            g_loss = tf.reduce_mean(tf.math.softplus(-call(d, call(g, z, *y), *y)))
        descend(g_adam, tape, g_loss, g.trainable_variables)
        follow(shadow, g, o.ema)
        return d_loss, g_loss

    def step() -> tuple[float, float]:
        d_loss, g_loss = train_step(*next(batches))
        return float(d_loss.numpy()), float(g_loss.numpy())

    return step


def vanilla(task: Task) -> Step:
    """The Keras step on the two perceptrons."""
    o, spec = task.options, task.data.spec
    g, shadow = (vanilla_model.generator(o, o.z_dim, spec, 0) for _ in range(2))
    d = vanilla_model.discriminator(o, spec.shape, 0)
    return keras_step(task, g, d, shadow, lambda: [tf.random.normal((o.batch, o.z_dim))], [task.data.scaled()])


def cgan(task: Task) -> Step:
    """The Keras step on networks that are told the class."""
    o, spec = task.options, task.data.spec
    g, shadow = (cgan_model.generator(o.width, task.latent, spec.shape, 0) for _ in range(2))
    d = cgan_model.discriminator(o.width, spec.classes, spec.shape, 0)

    def latents() -> list[Any]:
        y = tf.random.uniform((o.batch,), maxval=spec.classes, dtype=tf.int64)
        return [tf.random.normal((o.batch, o.z_dim)), y]

    return keras_step(task, g, d, shadow, latents, [task.data.scaled(), task.data.y])


def vae(task: Task) -> Step:
    """Encoder and decoder in one Keras ``train_step``: the cross-entropy of Keras, ε of tf.random, two terms summed."""
    o, spec = task.options, task.data.spec
    encoder = vae_model.encoder(o, o.z_dim, spec, 0)
    decoder, shadow = (vae_model.decoder(o, o.z_dim, spec.shape, keras.ops.sigmoid, 0) for _ in range(2))
    weights = encoder.trainable_variables + decoder.trainable_variables
    adam = keras.optimizers.Adam(o.lr)
    batches = tf_batches(task.data.scaled(), batch=o.batch)

    @tf.function
    def train_step(x: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            mean, log_variance = tf.split(encoder(x, training=True), 2, axis=1)
            z = mean + tf.exp(log_variance / 2) * tf.random.normal(tf.shape(mean))
            pixels = keras.losses.binary_crossentropy((x[..., None] + 1) / 2, decoder(z, training=True)[..., None])
            reconstruction = tf.reduce_mean(tf.reduce_sum(pixels, axis=(1, 2, 3)))
            kl = -0.5 * (1 + log_variance - tf.square(mean) - tf.exp(log_variance))
            kl = tf.reduce_mean(tf.reduce_sum(kl, axis=1))
            loss = reconstruction + o.beta * kl
        descend(adam, tape, loss, weights)
        follow(shadow, decoder, o.ema)
        return reconstruction, kl

    def step() -> tuple[float, float]:
        reconstruction, kl = train_step(*next(batches))
        return float(reconstruction.numpy()), float(kl.numpy())

    return step
