"""The conditional GAN (Mirza and Osindero 2014, arXiv:1411.1784): both networks are told the class.

The paper's networks are perceptrons; here they are small convolutional ones in DCGAN's manner (Radford 2015), the
label joined where each network starts: beside z in G, as a map beside the image in D. Images are [N, C, H, W]
outside the networks and channels-last inside, as TensorFlow's CPU convolutions require.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ganzoo_tensorflow import kit
from ganzoo_tensorflow.networks import down, grids, up
from ganzoo_tensorflow.runtime import keras, tf

if TYPE_CHECKING:
    import ganzoo

layers = keras.layers


def generator(width: int, latent: ganzoo.LatentSpec, shape: tuple[int, ...], seed: int) -> Any:
    """z [N, z_dim], y [N] → x [N, C, H, W], tanh. Batch norm everywhere but at the output."""
    seeds = kit.Seeds(seed, "generator")
    channels, height, wide = shape
    sizes = grids(height, wide)[::-1]
    z, y = keras.Input((latent.z_dim,), name="z"), keras.Input((), dtype="int64", name="y")
    filters = width * 2 ** (len(sizes) - 2)
    start = (*sizes[0], filters)
    h = layers.Concatenate(name="zy")([z, one_hot(y, latent.classes)])
    h = layers.Dense(
        start[0] * start[1] * start[2], use_bias=False, kernel_initializer=kit.narrow(seeds), name="first"
    )(h)
    h = normal_relu(layers.Reshape(start, name="grid")(h), "first")
    for i, size in enumerate(sizes[1:-1]):
        filters //= 2
        h = normal_relu(up(h, filters, size, kit.narrow(seeds), f"up_{i}", use_bias=False), f"up_{i}")
    x = layers.Activation("tanh", name="tanh")(up(h, channels, sizes[-1], kit.narrow(seeds), "out"))
    return keras.Model([z, y], layers.Permute((3, 1, 2), name="x")(x), name="generator")


def discriminator(width: int, classes: int, shape: tuple[int, ...], seed: int) -> Any:
    """x [N, C, H, W], y [N] → logit [N, 1]. No batch norm: real and fake share a batch."""
    seeds = kit.Seeds(seed, "discriminator")
    _, height, wide = shape
    x, y = keras.Input(shape, name="x"), keras.Input((), dtype="int64", name="y")
    label = layers.Dense(height * wide, use_bias=False, kernel_initializer=kit.glorot(seeds), name="label")
    plane = layers.Reshape((height, wide, 1), name="plane")(label(one_hot(y, classes)))
    h = layers.Concatenate(name="xy")([layers.Permute((2, 3, 1), name="last")(x), plane])
    for i in range(len(grids(height, wide)) - 1):
        h = down(h, width * 2**i, kit.glorot(seeds), f"down_{i}")
    logit = layers.Dense(1, kernel_initializer=kit.glorot(seeds), name="logit")(layers.Flatten(name="flat")(h))
    return keras.Model([x, y], logit, name="discriminator")


def one_hot(y: Any, classes: int) -> Any:
    """Labels int64 [N] → float32 [N, classes]."""
    return layers.Lambda(lambda labels: tf.one_hot(labels, classes), output_shape=(classes,), name="one_hot")(y)


def normal_relu(h: Any, name: str) -> Any:
    """Batch norm, then ReLU."""
    h = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(h)
    return layers.ReLU(name=f"{name}_relu")(h)


class Cgan(kit.Gan):
    """One step of D on real pairs (x, y) and fake ones (G(z, y), y), then one of G on fresh z and y."""

    def __init__(self, run: ganzoo.TrainRun) -> None:
        options, latent, shape = run.options, run.latent, run.data.spec.shape
        nets = [generator(options.width, latent, shape, run.seed) for _ in range(2 if options.ema else 1)]
        critic = discriminator(options.width, latent.classes, shape, run.seed)
        super().__init__(nets[0], critic, nets[1] if options.ema else None, options)

    def draws(self, run: ganzoo.TrainRun, part: range) -> dict[str, Any]:
        """Rows, and z and y of each network's step: [n, batch, ...]."""
        place = (self.options.batch, part.start, len(part))
        for_d, for_g = run.latents(*place, stream="discriminator"), run.latents(*place, stream="generator")
        return {
            "rows": run.indices(*place),
            "d_z": for_d["z"],
            "d_y": for_d["y"],
            "g_z": for_g["z"],
            "g_y": for_g["y"],
        }

    def update(self, data: kit.Tensors, drawn: kit.Tensors) -> kit.Tensors:
        """D, then G."""
        real, real_y = tf.gather(data["x"], drawn["rows"]), tf.gather(data["y"], drawn["rows"])
        d_loss = self.discriminator_step(real, real_y, drawn["d_z"], drawn["d_y"])
        return {"d_loss": d_loss, "g_loss": self.generator_step(drawn["g_z"], drawn["g_y"])}

    def discriminator_step(self, real: Any, real_y: Any, z: Any, y: Any) -> Any:
        """Minimise −log D(x, y) − log(1 − D(G(z, y), y)) over D's weights alone."""
        fake = self.generator([z, y], training=True)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.d_adam.variables)
            logits = self.discriminator([tf.concat([real, fake], 0), tf.concat([real_y, y], 0)], training=True)
            loss = kit.real_and_fake(*tf.split(logits, 2))
        self.d_adam.minimise(loss, tape)
        return loss

    def generator_step(self, z: Any, y: Any) -> Any:
        """Minimise −log D(G(z, y), y) over G's weights alone, through D."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.g_adam.variables)
            logits = self.discriminator([self.generator([z, y], training=True), y], training=True)
            loss = tf.reduce_mean(tf.math.softplus(-logits))
        self.g_adam.minimise(loss, tape)
        return loss
