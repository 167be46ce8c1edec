"""The variational autoencoder (Kingma and Welling 2013, arXiv:1312.6114).

The encoder gives q(z|x) = N(μ, diag s²), the decoder p(x|z); both climb the evidence lower bound (ELBO; eq. 3),
log p(x) ≥ E_q log p(x|z) − KL(q(z|x) ‖ p(z)), with p(z) = N(0, I), the KL in closed form (appendix B) and one draw
z = μ + s·ε per image (eq. 10). Both terms are sums, over pixels and over the parts of z: with a mean in place of either
sum their balance would depend on the sizes. ``beta`` weighs the KL (Higgins et al. 2017); the bound is at 1.

No batch norm: an image's bound would depend on the other images of its batch.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ganzoo_tensorflow import kit
from ganzoo_tensorflow.networks import down, grids, up
from ganzoo_tensorflow.runtime import keras, tf

if TYPE_CHECKING:
    from collections.abc import Callable

    import ganzoo

layers = keras.layers
SHARPEST = 1e-3
"""The least σ that is learned, in standard deviations of the data: without one, data that are met exactly have no end
of the bound."""


def encoder(options: Any, z_dim: int, spec: ganzoo.DataSpec, seed: int) -> Any:
    """x [N, *shape] → μ and log s² of q(z|x), side by side [N, 2·z_dim].

    It sees grey levels from 0 to 1, of which a dark background is all 0: where that is all -1, ten epochs of MNIST end
    with a bound 2.5 nats lower.
    """
    seeds = kit.Seeds(seed, "encoder")
    h = x = keras.Input(spec.shape, name="x")
    if spec.kind == "image":
        h = layers.Rescaling(0.5, offset=0.5, name="grey")(x)
    if options.net == "conv":
        h = layers.Permute((2, 3, 1), name="last")(h)
        for i in range(len(grids(*spec.shape[1:])) - 1):
            h = down(h, options.width * 2**i, kit.glorot(seeds), f"down_{i}")
        h = layers.Flatten(name="flat")(h)
    else:
        h = hidden(layers.Flatten(name="flat")(h), options, seeds)
    return keras.Model(x, layers.Dense(2 * z_dim, kernel_initializer=kit.glorot(seeds), name="q")(h), name="encoder")


def decoder(options: Any, z_dim: int, shape: tuple[int, ...], mean: Callable[[Any], Any], seed: int) -> Any:
    """z [N, z_dim] → mean of p(x|z) [N, *shape], which is ``mean`` of what the layer "natural" gives."""
    seeds = kit.Seeds(seed, "decoder")
    z = keras.Input((z_dim,), name="z")
    if options.net == "conv":
        flat = deconvolved(z, options.width, shape, seeds)
    else:
        flat = layers.Dense(math.prod(shape), kernel_initializer=kit.glorot(seeds), name="out")(
            hidden(z, options, seeds)
        )
    natural = layers.Reshape(shape, name="natural")(flat)
    return keras.Model(z, layers.Lambda(mean, output_shape=shape, name="x")(natural), name="decoder")


def hidden(h: Any, options: Any, seeds: kit.Seeds) -> Any:
    """The hidden layers of a perceptron."""
    for i in range(options.depth):
        initial = kit.glorot(seeds)
        h = layers.Dense(options.hidden, activation="relu", kernel_initializer=initial, name=f"hidden_{i}")(h)
    return h


def deconvolved(z: Any, width: int, shape: tuple[int, ...], seeds: kit.Seeds) -> Any:
    """z → [N, C, H, W]: a small grid of many channels, then twice the grid and half the channels, up to the image."""
    channels, height, wide = shape
    sizes = grids(height, wide)[::-1]
    filters = width * 2 ** (len(sizes) - 2)
    start = (*sizes[0], filters)
    h = layers.Dense(math.prod(start), activation="relu", kernel_initializer=kit.glorot(seeds), name="first")(z)
    h = layers.Reshape(start, name="grid")(h)
    for i, size in enumerate(sizes[1:-1]):
        filters //= 2
        h = layers.ReLU(name=f"up_{i}_relu")(up(h, filters, size, kit.glorot(seeds), f"up_{i}"))
    return layers.Permute((3, 1, 2), name="first_channels")(up(h, channels, sizes[-1], kit.glorot(seeds), "out"))


def per_sample(values: Any) -> Any:
    """[N, ...] → [N], summed."""
    return tf.reduce_sum(values, axis=list(range(1, values.shape.rank)))


class Bernoulli:
    """p(x|z) of pixels that are 0 or 1, from logits; a grey level counts as the mean of such pixels."""

    variables: tuple[Any, ...] = ()

    def mean(self, logits: Any) -> Any:
        """The mean in [-1, 1]: twice the sigmoid, less 1."""
        return tf.tanh(logits / 2)

    def negative_log(self, x: Any, logits: Any) -> Any:
        """−log p(x|z) [N], in nats, of images in [-1, 1]."""
        return per_sample(tf.math.softplus(logits) - (x + 1) / 2 * logits)


class Gaussian:
    """p(x|z) = N(mean, σ²·I); ``sigma`` 0 learns one σ for all pixels, which starts as ``spread``, the data's own."""

    def __init__(self, sigma: float, spread: float, *, bounded: bool) -> None:
        self.sigma, self.spread, self.bounded = sigma, spread, bounded
        start = keras.initializers.Constant(math.log(spread))
        self.variables = () if sigma else (keras.Variable(start, shape=(), dtype="float32", name="log_sigma"),)

    @property
    def variance(self) -> Any:
        """σ², as a tensor."""
        if self.sigma:
            return tf.constant(self.sigma**2)
        return tf.exp(2 * self.variables[0].value) + (SHARPEST * self.spread) ** 2

    def mean(self, natural: Any) -> Any:
        """The mean: in [-1, 1] by tanh for images, as it is for points."""
        return tf.tanh(natural) if self.bounded else natural

    def negative_log(self, x: Any, natural: Any) -> Any:
        """−log p(x|z) [N], in nats, of a density in the data's own units."""
        variance = self.variance
        return per_sample((x - self.mean(natural)) ** 2 / variance + tf.math.log(2 * math.pi * variance)) / 2


def likelihood(run: ganzoo.TrainRun) -> Bernoulli | Gaussian:
    """The likelihood that the options ask for."""
    options, image = run.options, run.data.spec.kind == "image"
    if options.likelihood == "bernoulli" or (options.likelihood == "auto" and image):
        return Bernoulli()
    return Gaussian(options.sigma, max(float(run.data.scaled().std()), 1e-6), bounded=image)


def divergence(mean: Any, log_variance: Any) -> Any:
    """KL(N(μ, diag s²) ‖ N(0, I)) [N], in nats, summed over the parts of z (appendix B)."""
    return per_sample(mean**2 + tf.exp(log_variance) - 1 - log_variance) / 2


class Vae(kit.Learner):
    """One step of both networks up the bound."""

    scalars = ("loss", "reconstruction", "kl")

    def __init__(self, run: ganzoo.TrainRun) -> None:
        options, z_dim, spec = run.options, run.latent.z_dim, run.data.spec
        self.xla = options.net == "mlp"
        self.likelihood = likelihood(run)
        self.encoder = encoder(options, z_dim, spec, run.seed)
        nets = [
            decoder(options, z_dim, spec.shape, self.likelihood.mean, run.seed) for _ in range(2 if options.ema else 1)
        ]
        self.natural = keras.Model(nets[0].input, nets[0].get_layer("natural").output, name="natural")
        networks = {"generator": nets[0], "encoder": self.encoder, "likelihood": self.likelihood}
        trained = [variable for net in networks.values() for variable in net.variables]
        self.adam = kit.Adam(trained, options.lr, beta1=0.9)
        super().__init__(networks, {"adam": self.adam}, nets[1] if options.ema else None, options)

    def draws(self, run: ganzoo.TrainRun, part: range) -> dict[str, Any]:
        """Rows, and ε of each image: [n, batch, ...]."""
        place = (self.options.batch, part.start, len(part))
        return {"rows": run.indices(*place), "noise": run.latents(*place, stream="posterior")["z"]}

    def update(self, data: kit.Tensors, drawn: kit.Tensors) -> kit.Tensors:
        """Minimise reconstruction + beta·KL, each the batch's mean, over every weight."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(self.adam.variables)
            terms = self.terms(tf.gather(data["x"], drawn["rows"]), drawn["noise"])
            reconstruction, kl = (tf.reduce_mean(term) for term in terms)
            loss = reconstruction + self.options.beta * kl
        self.adam.minimise(loss, tape)
        return {"loss": loss, "reconstruction": reconstruction, "kl": kl}

    def terms(self, x: Any, noise: Any) -> tuple[Any, Any]:
        """Both terms of −ELBO for each sample, [N] and [N], in nats: x [N, *shape], ε ``noise`` [N, z_dim]."""
        mean, log_variance = tf.split(self.encoder(x, training=True), 2, axis=1)
        z = mean + tf.exp(log_variance / 2) * noise
        return self.likelihood.negative_log(x, self.natural(z, training=True)), divergence(mean, log_variance)
