"""JAX references: Flax's layers, optax's Adam, numbers drawn by NumPy in the loop, one call per update."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from ganzoo_jax.models import dragan as dragan_model
from ganzoo_jax.models import wgan_gp as wgan_gp_model
from ganzoo_jax.runtime import open_device

from references import Step, Task, same, written_for


def generator(width: int) -> nn.Module:
    """z → images [N, 8, 8, 1]."""
    return nn.Sequential(
        [
            nn.Dense(8 * width),
            lambda x: nn.relu(x.reshape(-1, 2, 2, 2 * width)),
            nn.ConvTranspose(width, (4, 4), (2, 2)),
            nn.relu,
            nn.ConvTranspose(1, (4, 4), (2, 2)),
            nn.tanh,
        ]
    )


def discriminator(width: int) -> nn.Module:
    """Images [N, 8, 8, 1] → one number each, [N]."""

    def leaky(x: Any) -> Any:
        return nn.leaky_relu(x, 0.2)

    return nn.Sequential(
        [
            nn.Conv(width, (4, 4), 2, padding=1),
            leaky,
            nn.Conv(2 * width, (4, 4), 2, padding=1),
            leaky,
            lambda x: x.reshape(len(x), -1),
            nn.Dense(1),
            lambda x: x[:, 0],
        ]
    )


class Player:
    """A network, its weights, and Adam's state; ``params`` and ``adam`` are replaced at each update."""

    def __init__(self, net: nn.Module, o: Any, entry: Any, own: Any) -> None:
        self.apply = net.apply
        self.params = net.init(jax.random.key(0), entry)
        self.optimiser = optax.adam(o.lr, o.beta1, o.beta2)
        self.adam = self.optimiser.init(self.params)
        # Kernels have other shapes in the plugin: arrays must agree in number and size.
        same(*(sorted(math.prod(leaf.shape) for leaf in jax.tree.leaves(net)) for net in (self.params, own)))

    def descended(self, loss: Callable[[Any], Any], params: Any, adam: Any) -> tuple[Any, Any, Any]:
        """Weights and Adam's state after one update along ``loss`` of the weights, and the loss."""
        value, gradients = jax.value_and_grad(loss)(params)
        changes, adam = self.optimiser.update(gradients, adam)
        return optax.apply_updates(params, changes), adam, value


def opened(task: Task, model: Any) -> tuple[Any, Player, Player]:
    """The data, [N, 8, 8, 1], and both players; the second is the plugin's ``d`` or ``critic``."""
    o, x = task.options, task.data.scaled().transpose(0, 2, 3, 1)
    open_device("cpu")
    own = model.start(o, task.data.spec.shape, 0)
    g = Player(generator(o.width), o, np.zeros((1, o.z_dim)), own["g"])
    return x, g, Player(discriminator(o.width), o, x[:1], own.get("d", own.get("critic")))


def slope_penalty(scores: Callable[[Any], Any], x: Any) -> Any:
    """(‖∇f(x)‖ - 1)², the mean over samples."""
    gradients = jax.grad(lambda batch: scores(batch).sum())(x)
    slopes = jnp.sqrt((gradients**2).sum((1, 2, 3)) + 1e-12)
    return ((slopes - 1) ** 2).mean()


def followed(mean: Any, params: Any, decay: float) -> Any:
    """The EMA, array by array."""
    return jax.tree.map(lambda m, p: decay * m + (1 - decay) * p, mean, params)


def dragan(task: Task) -> Step:
    """Both networks in one jitted step."""
    o = task.options
    written_for(o, d_norm="none")
    x, g, d = opened(task, dragan_model)
    rng = np.random.default_rng(0)
    state = (g.params, d.params, g.adam, d.adam, g.params)

    @jax.jit
    def train_step(state: Any, real: Any, d_z: Any, g_z: Any, drawn: Mapping[str, Any]) -> Any:
        g_params, d_params, g_adam, d_adam, mean = state
        fake, around = g.apply(g_params, d_z), dragan_model.PERTURBED[o.noise](real, drawn, o.c)

        def d_loss_of(params: Any) -> Any:
            penalty = slope_penalty(lambda batch: d.apply(params, batch), around)
            on_real, on_fake = d.apply(params, real), d.apply(params, fake)
            return jax.nn.softplus(-on_real).mean() + jax.nn.softplus(on_fake).mean() + o.penalty * penalty

        d_params, d_adam, d_loss = d.descended(d_loss_of, d_params, d_adam)

        def g_loss_of(params: Any) -> Any:
            return jax.nn.softplus(-d.apply(d_params, g.apply(params, g_z))).mean()

        g_params, g_adam, g_loss = g.descended(g_loss_of, g_params, g_adam)
        return (g_params, d_params, g_adam, d_adam, followed(mean, g_params, o.ema)), d_loss, g_loss

    def numbers() -> dict[str, Any]:
        if o.noise == "gaussian":
            return {"normal": rng.standard_normal((o.batch, *x.shape[1:]), np.float32)}
        return {"uniform": rng.random((o.batch, *x.shape[1:]), np.float32), "share": rng.random(o.batch, np.float32)}

    def step() -> tuple[float, float]:
        nonlocal state
        real = x[rng.integers(len(x), size=o.batch)]
        d_z, g_z = (rng.uniform(-1, 1, (o.batch, o.z_dim)).astype(np.float32) for _ in range(2))
        state, d_loss, g_loss = train_step(state, real, d_z, g_z, numbers())
        return float(d_loss), float(g_loss)

    return step


def wgan_gp(task: Task) -> Step:
    """One jitted step for the critic, called n_critic times, and one for G."""
    o = task.options
    written_for(o, critic_norm="none")
    x, g, critic = opened(task, wgan_gp_model)
    rng = np.random.default_rng(0)
    mean = g.params

    @jax.jit
    def critic_step(params: Any, adam: Any, g_params: Any, real: Any, z: Any, epsilon: Any) -> Any:
        fake = g.apply(g_params, z)
        between = epsilon * real + (1 - epsilon) * fake

        def loss_of(params: Any) -> Any:
            distance = critic.apply(params, real).mean() - critic.apply(params, fake).mean()
            return o.penalty * slope_penalty(lambda batch: critic.apply(params, batch), between) - distance

        return critic.descended(loss_of, params, adam)

    @jax.jit
    def generator_step(params: Any, adam: Any, mean: Any, critic_params: Any, z: Any) -> Any:
        params, adam, loss = g.descended(lambda p: -critic.apply(critic_params, g.apply(p, z)).mean(), params, adam)
        return params, adam, followed(mean, params, o.ema), loss

    def latents() -> Any:
        return rng.standard_normal((o.batch, o.z_dim), np.float32)

    def step() -> tuple[float, float]:
        nonlocal mean
        for _ in range(o.n_critic):
            real, epsilon = x[rng.integers(len(x), size=o.batch)], rng.random((o.batch, 1, 1, 1), np.float32)
            critic.params, critic.adam, loss = critic_step(
                critic.params, critic.adam, g.params, real, latents(), epsilon
            )
            d_loss = float(loss)
        g.params, g.adam, mean, loss = generator_step(g.params, g.adam, mean, critic.params, latents())
        return d_loss, float(loss)

    return step
