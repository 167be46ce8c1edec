"""The JAX references of ``training.py``: Flax's layers, optax's Adam, one jitted step per Python iteration."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training import Task


def flax_networks(o: Any) -> tuple[Any, Any]:
    """The plugin's generator and discriminator of 8×8 images, [N, H, W, C], in Flax's own layers."""
    import flax.linen as nn

    width = o.width

    def leaky(x: Any) -> Any:
        return nn.leaky_relu(x, 0.2)

    g = nn.Sequential(
        [
            nn.Dense(8 * width),
            lambda x: nn.relu(x.reshape(-1, 2, 2, 2 * width)),
            nn.ConvTranspose(width, (4, 4), (2, 2)),
            nn.relu,
            nn.ConvTranspose(1, (4, 4), (2, 2)),
            nn.tanh,
        ]
    )
    d = nn.Sequential(
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
    return g, d


def same_sizes(plain: Sequence[Any], own: Sequence[Any]) -> None:
    """Stop where the reference's networks are not the plugin's: their arrays must agree in number and size."""
    import jax

    for mine, theirs in zip(plain, own, strict=True):
        sizes = [sorted(math.prod(leaf.shape) for leaf in jax.tree.leaves(net)) for net in (mine, theirs)]
        if sizes[0] != sizes[1]:
            sys.exit(f"The reference's networks are no longer the plugin's: {sizes[0]} against {sizes[1]}.")


def dragan(task: Task) -> Callable[[], object]:
    """Batch, latents and noise by NumPy in the loop, one jitted step, both losses read by ``float`` at every step."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax
    from ganzoo_jax.models import dragan as model
    from ganzoo_jax.runtime import open_device

    o, x = task.options, task.data.scaled().transpose(0, 2, 3, 1)
    open_device("cpu")
    rng = np.random.default_rng(0)
    g, d = flax_networks(o)
    g_params, d_params = g.init(jax.random.key(0), np.zeros((1, o.z_dim))), d.init(jax.random.key(1), x[:1])
    plugin = model.start(o, task.data.spec.shape, 0)
    same_sizes((g_params, d_params), (plugin["g"], plugin["d"]))
    adam = optax.adam(o.lr, o.beta1, o.beta2)
    state = (g_params, d_params, adam.init(g_params), adam.init(d_params), g_params)

    @jax.jit
    def train_step(state: Any, real: Any, d_z: Any, g_z: Any, drawn: Any) -> Any:
        g_params, d_params, g_adam, d_adam, mean = state
        fake, around = g.apply(g_params, d_z), model.PERTURBED[o.noise](real, drawn, o.c)

        def d_loss_of(params: Any) -> Any:
            gradients = jax.grad(lambda batch: d.apply(params, batch).sum())(around)
            slopes = jnp.sqrt((gradients**2).sum((1, 2, 3)) + 1e-12)
            on_real, on_fake = d.apply(params, real), d.apply(params, fake)
            gan = jax.nn.softplus(-on_real).mean() + jax.nn.softplus(on_fake).mean()
            return gan + o.penalty * ((slopes - 1) ** 2).mean()

        d_loss, gradients = jax.value_and_grad(d_loss_of)(d_params)
        changes, d_adam = adam.update(gradients, d_adam)
        d_params = optax.apply_updates(d_params, changes)

        def g_loss_of(params: Any) -> Any:
            return jax.nn.softplus(-d.apply(d_params, g.apply(params, g_z))).mean()

        g_loss, gradients = jax.value_and_grad(g_loss_of)(g_params)
        changes, g_adam = adam.update(gradients, g_adam)
        g_params = optax.apply_updates(g_params, changes)
        mean = jax.tree.map(lambda m, p: o.ema * m + (1 - o.ema) * p, mean, g_params)
        return (g_params, d_params, g_adam, d_adam, mean), d_loss, g_loss

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
