"""The first GAN (Goodfellow et al. 2014, arXiv:1406.2661): two multilayer perceptrons.

The paper trains maxout discriminators by SGD with momentum; this is the form in which it is run today: leaky ReLU
and Adam. Loss and order of updates are the paper's (algorithm 1, and section 3 for the non-saturating loss).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ganzoo_tensorflow import kit
from ganzoo_tensorflow.runtime import keras, tf

if TYPE_CHECKING:
    import ganzoo

layers = keras.layers


def generator(options: Any, z_dim: int, spec: ganzoo.DataSpec, seed: int) -> Any:
    """z [N, z_dim] → x [N, *shape]: tanh for images, linear for points."""
    seeds = kit.Seeds(seed, "generator")
    h = z = keras.Input((z_dim,), name="z")
    for i in range(options.depth):
        h = layers.Dense(
            options.hidden, kernel_initializer=kit.glorot(seeds), use_bias=not options.batch_norm, name=f"hidden_{i}"
        )(h)
        if options.batch_norm:
            h = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"norm_{i}")(h)
        h = layers.ReLU(name=f"relu_{i}")(h)
    squash = "tanh" if spec.kind == "image" else None
    x = layers.Dense(math.prod(spec.shape), activation=squash, kernel_initializer=kit.glorot(seeds), name="out")(h)
    return keras.Model(z, layers.Reshape(spec.shape, name="x")(x), name="generator")


def discriminator(options: Any, shape: tuple[int, ...], seed: int) -> Any:
    """x [N, *shape] → logit [N, 1]. No batch norm: real and fake share a batch."""
    seeds = kit.Seeds(seed, "discriminator")
    x = keras.Input(shape, name="x")
    h = layers.Flatten(name="flat")(x)
    for i in range(options.depth):
        h = layers.Dense(options.hidden, kernel_initializer=kit.glorot(seeds), name=f"hidden_{i}")(h)
        h = layers.LeakyReLU(negative_slope=0.2, name=f"relu_{i}")(h)
    return keras.Model(x, layers.Dense(1, kernel_initializer=kit.glorot(seeds), name="logit")(h), name="discriminator")


def generator_loss(d_fake: Any, loss: str) -> Any:
    """G's loss, to be minimised, from the logits of fakes.

    non-saturating: −mean log D(G(z)); minimax: mean log(1 − D(G(z))).
    """
    if loss == "minimax":
        return -tf.reduce_mean(tf.math.softplus(d_fake))
    return tf.reduce_mean(tf.math.softplus(-d_fake))


class Vanilla(kit.Gan):
    """Algorithm 1: k steps of D on fresh z, then one step of G on fresh z."""

    xla = True

    def __init__(self, run: ganzoo.TrainRun) -> None:
        options, spec = run.options, run.data.spec
        nets = [generator(options, run.latent.z_dim, spec, run.seed) for _ in range(2 if options.ema else 1)]
        super().__init__(
            nets[0], discriminator(options, spec.shape, run.seed), nets[1] if options.ema else None, options
        )

    def draws(self, run: ganzoo.TrainRun, part: range) -> dict[str, Any]:
        """rows and z of k D steps [n, k, batch, ...], z of the G step [n, batch, ...]."""
        batch, k, n = self.options.batch, self.options.k, len(part)
        rows = run.indices(batch, part.start * k, n * k)
        z = run.latents(batch, part.start * k, n * k, stream="discriminator")["z"]
        return {
            "rows": rows.reshape(n, k, batch),
            "d_z": z.reshape(n, k, batch, -1),
            "g_z": run.latents(batch, part.start, n, stream="generator")["z"],
        }

    def update(self, data: kit.Tensors, drawn: kit.Tensors) -> kit.Tensors:
        """D k times, then G."""
        for i in range(self.options.k):
            d_loss = self.discriminator_step(tf.gather(data["x"], drawn["rows"][i]), drawn["d_z"][i])
        return {"d_loss": d_loss, "g_loss": self.generator_step(drawn["g_z"])}

    def discriminator_step(self, real: Any, z: Any) -> Any:
        """Minimise −log D(x) − log(1 − D(G(z))) over D's weights alone."""
        fake = self.generator(z, training=True)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.d_adam.variables)
            logits = self.discriminator(tf.concat([real, fake], 0), training=True)
            loss = kit.real_and_fake(*tf.split(logits, 2))
        self.d_adam.minimise(loss, tape)
        return loss

    def generator_step(self, z: Any) -> Any:
        """Minimise G's loss over G's weights alone, through D."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.g_adam.variables)
            logits = self.discriminator(self.generator(z, training=True), training=True)
            loss = generator_loss(logits, self.options.loss)
        self.g_adam.minimise(loss, tape)
        return loss
