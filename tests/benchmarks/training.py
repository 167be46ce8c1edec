"""Training steps per second of the plugins' loops against the plain style of reference scripts.

    python tests/benchmarks/training.py                      every variant
    python tests/benchmarks/training.py dcgan cgan           these variants

Same networks, batch, losses, optimiser settings, EMA and order of updates on both sides, the recipe's options on
digits, one compute thread. The PyTorch reference's networks are written here in torch's own layers, so that a faster
layer in the plugin does not make the reference faster too; Keras's are the plugin's. The reference is what public
scripts do:

- PyTorch: a DataLoader with shuffling and drop_last over a TensorDataset, torch.randn latents, fakes made with their
  graph and then detached, gradients of D computed in G's step too, optimisers without fused or foreach kernels, EMA
  parameter by parameter, both losses read by ``.item()`` at every step.
- Keras: tf.data with shuffling and batching, tf.random latents, keras.optimizers.Adam, a GradientTape ``train_step``
  compiled by tf.function and called once per step, both losses read by ``.numpy()`` at every step.

ganzoo's side is the plugin's own ``train`` under ``ganzoo.testing.memory_run``. Its loop is held after each round while
the reference runs its round (A, B, A, B, …); the first round of each is warm-up. WGAN's warm-up steps, which have 100
critic updates each, lie in that first round. Ratios are medians over the rounds; nothing is asserted.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sidebyside import machine, ratio, recipe, spread, table

HEAD = ("variant", "ganzoo, steps/s", "reference, steps/s", "ratio", "range")
PLUGINS = {
    "dcgan": "ganzoo_torch.dcgan",
    "wgan": "ganzoo_torch.wgan",
    "infogan": "ganzoo_torch.infogan",
    "vanilla": "ganzoo_tensorflow.vanilla",
    "cgan": "ganzoo_tensorflow.cgan",
}
OURS, THEIRS = "ganzoo", "reference"
SECONDS = 1.5

Step = Callable[[], object]
"""One generator update of the reference with what comes before it."""


@dataclass(frozen=True)
class Task:
    """What both sides are given."""

    options: Any
    data: Any
    latent: Any


def reals(data: Any, batch: int, *, labels: bool = False) -> Iterator[Any]:
    """Batches of a shuffling DataLoader, epoch after epoch."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    dataset = TensorDataset(torch.from_numpy(data.scaled()), torch.from_numpy(data.y))
    loader = DataLoader(dataset, batch_size=batch, shuffle=True, drop_last=True)
    while True:
        for x, y in loader:
            yield (x, y) if labels else x


def torch_average(net: Any, decay: float) -> Callable[[], None]:
    """EMA as scripts write it: parameter by parameter, buffer by buffer."""
    import copy

    import torch

    mean = copy.deepcopy(net)

    @torch.no_grad()
    def update() -> None:
        for p_mean, p in zip(mean.parameters(), net.parameters(), strict=True):
            p_mean.copy_(p.lerp(p_mean, decay))
        for b_mean, b in zip(mean.buffers(), net.buffers(), strict=True):
            b_mean.copy_(b)

    return update


def plain_generator(entry: int, width: int, hidden: int = 0) -> Any:
    """The plugins' generator of 8×8 images in torch's own layers."""
    from torch import nn

    front = [nn.Linear(entry, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU()] if hidden else []
    return nn.Sequential(
        *front,
        nn.Linear(hidden or entry, 8 * width, bias=False),
        nn.Unflatten(1, (2 * width, 2, 2)),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1),
        nn.Tanh(),
    )


def plain_trunk(width: int, *, slope: float, norm: bool = True) -> list[Any]:
    """The plugins' discriminator of 8×8 images up to its 8 × ``width`` features, in torch's own layers."""
    from torch import nn

    norms = [nn.BatchNorm2d(2 * width, track_running_stats=False)] if norm else []
    return [
        nn.Conv2d(1, width, 4, 2, 1),
        nn.LeakyReLU(slope),
        nn.Conv2d(width, 2 * width, 4, 2, 1, bias=not norm),
        *norms,
        nn.LeakyReLU(slope),
        nn.Flatten(),
    ]


def plain_dense(before: int, after: int, *, norm: bool) -> list[Any]:
    """InfoGAN's dense layer in torch's own layers."""
    from torch import nn

    norms = [nn.BatchNorm1d(after, track_running_stats=False)] if norm else []
    return [nn.Linear(before, after, bias=not norm), *norms, nn.LeakyReLU(0.1)]


def same_networks(plain: Sequence[Any], own: Sequence[Any]) -> None:
    """Stop where the reference's networks are not the plugin's: their parameters must agree in number and shape."""
    for mine, theirs in zip(plain, own, strict=True):
        shapes = [sorted(tuple(p.shape) for p in net.parameters()) for net in (mine, theirs)]
        if shapes[0] != shapes[1]:
            sys.exit(f"The reference's networks are no longer the plugin's: {shapes[0]} against {shapes[1]}.")


def dcgan(task: Task) -> Step:
    """D on real and detached fakes, then G through D."""
    import torch
    from ganzoo_torch.models.dcgan import Discriminator, discriminator_loss, generator_loss
    from ganzoo_torch.networks import ConvGenerator, dcgan_init
    from torch import nn

    o, shape = task.options, task.data.spec.shape
    g = plain_generator(o.z_dim, o.width)
    d = nn.Sequential(*plain_trunk(o.width, slope=0.2), nn.Linear(8 * o.width, 1), nn.Flatten(0))
    same_networks((g, d), (ConvGenerator({"z": o.z_dim}, shape, o.width), Discriminator(shape, o.width)))
    g_adam, d_adam = (torch.optim.Adam(net.parameters(), o.lr, (o.beta1, 0.999), foreach=False) for net in (g, d))
    for net in (g, d):
        dcgan_init(net)
    batches, average = reals(task.data, o.batch), torch_average(g, o.ema)

    def step() -> tuple[float, float]:
        real = next(batches)
        fake = g(torch.randn(o.batch, o.z_dim))
        d_adam.zero_grad()
        d_loss = discriminator_loss(d(real), d(fake.detach()))
        d_loss.backward()
        d_adam.step()
        g_adam.zero_grad()
        g_loss = generator_loss(d(g(torch.randn(o.batch, o.z_dim))))
        g_loss.backward()
        g_adam.step()
        average()
        return d_loss.item(), g_loss.item()

    return step


def wgan(task: Task) -> Step:
    """n_critic critic updates, each clipped parameter by parameter, then G through the critic."""
    import torch
    from ganzoo_torch.models.wgan import build, critic_loss, generator_loss
    from ganzoo_torch.networks import dcgan_init
    from torch import nn

    o = task.options
    g = plain_generator(o.z_dim, o.width)
    trunk = plain_trunk(o.width, slope=0.2, norm=o.critic_norm)
    critic = nn.Sequential(*trunk, nn.Linear(8 * o.width, 1), nn.Flatten(0))
    same_networks((g, critic), build(o, task.data.spec.shape))
    for net in (g, critic):
        dcgan_init(net)
    g_rms, c_rms = (torch.optim.RMSprop(net.parameters(), o.lr, foreach=False) for net in (g, critic))
    batches, average = reals(task.data, o.batch), torch_average(g, o.ema)

    def critic_step() -> float:
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim))
        c_rms.zero_grad()
        loss = critic_loss(critic(real), critic(fake.detach()))
        loss.backward()
        c_rms.step()
        for parameter in critic.parameters():
            parameter.data.clamp_(-o.clip, o.clip)
        return loss.item()

    def step() -> tuple[float, float]:
        for _ in range(o.n_critic):
            c_loss = critic_step()
        g_rms.zero_grad()
        g_loss = generator_loss(critic(g(torch.randn(o.batch, o.z_dim))))
        g_loss.backward()
        g_rms.step()
        average()
        return c_loss, g_loss.item()

    return step


def infogan(task: Task) -> Step:
    """D with the information loss, then G and Q with theirs."""
    import torch
    from ganzoo_torch.models.dcgan import discriminator_loss, generator_loss
    from ganzoo_torch.models.infogan import build, information_loss
    from ganzoo_torch.networks import dcgan_init
    from torch import nn
    from torch.nn.functional import one_hot

    o, codes = task.options, (task.options.categorical, task.options.continuous, task.options.continuous)
    dense = plain_dense(8 * o.width, 16 * o.width, norm=o.dense_norm)
    shared = nn.Sequential(*plain_trunk(o.width, slope=0.1), *dense)
    logit = nn.Sequential(nn.Linear(16 * o.width, 1), nn.Flatten(0))
    d = nn.ModuleList([shared, logit])
    g = plain_generator(o.z_dim + sum(codes[:2]), o.width, 16 * o.width)
    q = nn.Sequential(*plain_dense(16 * o.width, 2 * o.width, norm=True), nn.Linear(2 * o.width, sum(codes)))
    same_networks((g, d, q), build(o, task.data.spec.shape))
    for net in (g, d, q):
        dcgan_init(net)
    d_adam = torch.optim.Adam(d.parameters(), o.lr_d, (o.beta1, 0.999), foreach=False)
    g_adam = torch.optim.Adam([*g.parameters(), *q.parameters()], o.lr_g, (o.beta1, 0.999), foreach=False)
    batches, average = reals(task.data, o.batch), torch_average(g, o.ema)

    def latents() -> tuple[Any, Any]:
        category = one_hot(torch.randint(o.categorical, (o.batch,)), o.categorical).float()
        rest = torch.rand(o.batch, o.continuous) * 2 - 1
        return torch.rand(o.batch, o.z_dim) * 2 - 1, torch.cat((category, rest), 1)

    def step() -> tuple[float, float, float]:
        real, (z, c) = next(batches), latents()
        fake = g(torch.cat((z, c), 1))
        d_adam.zero_grad()
        features = shared(fake.detach())
        d_loss = discriminator_loss(logit(shared(real)), logit(features))
        (d_loss + information_loss(q(features).split(codes, 1), c, o)).backward()
        d_adam.step()
        z, c = latents()
        g_adam.zero_grad()
        features = shared(g(torch.cat((z, c), 1)))
        g_loss, information = generator_loss(logit(features)), information_loss(q(features).split(codes, 1), c, o)
        (g_loss + information).backward()
        g_adam.step()
        average()
        return d_loss.item(), g_loss.item(), information.item()

    return step


def tf_batches(*arrays: Any, batch: int) -> Iterator[Any]:
    """A shuffling tf.data pipeline, epoch after epoch, on one thread."""
    from ganzoo_tensorflow.runtime import tf

    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    whole = tf.data.Dataset.from_tensor_slices(arrays).shuffle(len(arrays[0])).batch(batch, drop_remainder=True)
    return iter(whole.with_options(options).repeat().prefetch(1))


def keras_step(task: Task, g: Any, d: Any, shadow: Any, latents: Callable[[], list[Any]], arrays: list[Any]) -> Step:
    """D on real and fake in one batch, then G through D, as a Keras ``train_step``; labels, if any, join both nets."""
    from ganzoo_tensorflow.kit import real_and_fake
    from ganzoo_tensorflow.runtime import keras, tf

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
        gradients = tape.gradient(d_loss, d.trainable_variables)
        d_adam.apply_gradients(zip(gradients, d.trainable_variables, strict=True))
        z, *y = latents()
        with tf.GradientTape() as tape:
            g_loss = tf.reduce_mean(tf.math.softplus(-call(d, call(g, z, *y), *y)))
        gradients = tape.gradient(g_loss, g.trainable_variables)
        g_adam.apply_gradients(zip(gradients, g.trainable_variables, strict=True))
        for mean, now in zip(shadow.variables, g.variables, strict=True):
            mean.assign(o.ema * mean + (1.0 - o.ema) * now)
        return d_loss, g_loss

    def step() -> tuple[float, float]:
        d_loss, g_loss = train_step(*next(batches))
        return float(d_loss.numpy()), float(g_loss.numpy())

    return step


def vanilla(task: Task) -> Step:
    """The Keras step on the two perceptrons."""
    from ganzoo_tensorflow.models import vanilla as model
    from ganzoo_tensorflow.runtime import tf

    o, spec = task.options, task.data.spec
    g, shadow = (model.generator(o, o.z_dim, spec, 0) for _ in range(2))
    d = model.discriminator(o, spec.shape, 0)
    return keras_step(task, g, d, shadow, lambda: [tf.random.normal((o.batch, o.z_dim))], [task.data.scaled()])


def cgan(task: Task) -> Step:
    """The Keras step on networks that are told the class."""
    from ganzoo_tensorflow.models import cgan as model
    from ganzoo_tensorflow.runtime import tf

    o, spec = task.options, task.data.spec
    g, shadow = (model.generator(o.width, task.latent, spec.shape, 0) for _ in range(2))
    d = model.discriminator(o.width, spec.classes, spec.shape, 0)

    def latents() -> list[Any]:
        y = tf.random.uniform((o.batch,), maxval=spec.classes, dtype=tf.int64)
        return [tf.random.normal((o.batch, o.z_dim)), y]

    return keras_step(task, g, d, shadow, latents, [task.data.scaled(), task.data.y])


REFERENCES: dict[str, Callable[[Task], Step]] = {
    "dcgan": dcgan,
    "wgan": wgan,
    "infogan": infogan,
    "vanilla": vanilla,
    "cgan": cgan,
}


class Interleaved:
    """Holds a run's loop after every ``size`` steps and lets the reference do as many."""

    def __init__(self, run: Any, reference: Step, size: int) -> None:
        self.rates: dict[str, list[float]] = {OURS: [], THEIRS: []}
        self._chunks = run.chunks
        self._reference = reference
        self._size = size
        run.chunks = self.chunks

    def chunks(self, total: int, *, state: Any, size: int) -> Iterator[range]:
        """The run's own chunks, with the reference in between."""
        begin = time.perf_counter()
        for part in self._chunks(total, state=state, size=size):
            if part.start and part.start % self._size == 0:
                self._round(begin)
                begin = time.perf_counter()
            yield part
        self._round(begin)

    def _round(self, begin: float) -> None:
        self.rates[OURS].append(self._size / (time.perf_counter() - begin))
        begin = time.perf_counter()
        for _ in range(self._size):
            self._reference()
        self.rates[THEIRS].append(self._size / (time.perf_counter() - begin))


def round_size(reference: Step) -> int:
    """How many steps fill a round: a multiple of 100, so that every round reads the losses equally often."""
    for _ in range(30):
        reference()
    begin = time.perf_counter()
    for _ in range(30):
        reference()
    return max(1, round(SECONDS * 30 / (time.perf_counter() - begin) / 100)) * 100


def measure(variant: str, rounds: int) -> dict[str, list[float]]:
    """Steps per second of both sides, round by round, without the first."""
    from ganzoo.data.digits import load_digits
    from ganzoo.testing import memory_run

    plugin = importlib.import_module(PLUGINS[variant])
    if "torch" in PLUGINS[variant]:
        import torch

        torch.set_num_threads(1)
    digits = load_digits().train
    options = {**recipe(variant, "digits"), **({"warmup_every": 10**9} if variant == "wgan" else {})}
    first = memory_run(plugin.describe(), digits, options)
    reference = REFERENCES[variant](Task(first.options, digits, first.latent))
    size = round_size(reference)
    run = memory_run(plugin.describe(), digits, {**options, "steps": size * (rounds + 1)})
    sides = Interleaved(run, reference, size)
    plugin.train(run)
    return {side: values[1:] for side, values in sides.rates.items()}


def row(variant: str, rounds: int) -> list[str]:
    """The variant's table row, measured in this process."""
    found = measure(variant, rounds)
    speeds = [f"{statistics.median(found[side]):,.0f}" for side in (OURS, THEIRS)]
    return [variant, *speeds, f"{ratio(found, OURS, THEIRS):.2f}", spread(found, OURS, THEIRS)]


def main() -> None:
    """Measure the variants named, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", help=f"some of {', '.join(PLUGINS)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--here", action="store_true", help="measure one variant in this process, print its row")
    given = parser.parse_args()
    if unknown := set(given.variants) - set(PLUGINS):
        parser.error(f"unknown variant {min(unknown)}")
    if given.here:
        print("\t".join(row(given.variants[0], given.rounds)))
        return
    print(machine("torch", "tensorflow", "keras", "numpy"), end="\n\n", flush=True)
    rows = [_apart(variant, given.rounds) for variant in given.variants or PLUGINS]
    print(table(HEAD, rows))


def _apart(variant: str, rounds: int) -> list[str]:
    command = [sys.executable, __file__, variant, "--here", "--rounds", str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1].split("\t")


if __name__ == "__main__":
    main()
