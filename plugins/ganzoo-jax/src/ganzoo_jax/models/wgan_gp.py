"""WGAN-GP (Gulrajani et al. 2017, Algorithm 1): losses, gradient penalty, one update step, training.

The critic is never clipped: its gradient's norm is driven to 1 at points drawn between real and generated samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from ganzoo_jax import kit, training
from ganzoo_jax.networks import Shape, pair
from ganzoo_jax.penalty import Scores, slope_penalty

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_jax.options import WganGpOptions


def build(o: WganGpOptions, shape: Shape) -> tuple[Any, Any]:
    """Generator and critic for images (C, H, W) or points (d,)."""
    return pair(o.z_dim, shape, width=o.width, hidden=o.hidden, norm=o.critic_norm == "layer")


def interpolate(real: Any, fake: Any, epsilon: Any) -> Any:
    """ε x + (1 − ε) x̃, one ε of [N] for each whole sample (Algorithm 1, line 6)."""
    epsilon = epsilon.reshape(-1, *(1 for _ in real.shape[1:]))
    return epsilon * real + (1 - epsilon) * fake


def critic_loss(critic: Scores, real: Any, fake: Any, epsilon: Any, weight: float) -> tuple[Any, Any]:
    """E f(x̃) − E f(x) + λ · penalty, minimised (Algorithm 1, line 7); and beside it E f(x) − E f(x̃)."""
    on_real, on_fake = jnp.split(critic(jnp.concatenate((real, fake))), 2)
    distance = on_real.mean() - on_fake.mean()
    return weight * slope_penalty(critic, interpolate(real, fake, epsilon)) - distance, distance


def generator_loss(critic: Scores, fake: Any) -> Any:
    """−E f(G(z)) (Algorithm 1, line 11)."""
    return -critic(fake).mean()


def start(o: WganGpOptions, shape: Shape, seed: int) -> dict[str, Any]:
    """The state before the first step."""
    g, critic = build(o, shape)
    return training.fresh(seed, o.ema, g=g, critic=critic)


def make_update(o: WganGpOptions, shape: Shape) -> kit.Update:
    """One generator update with the n_critic critic updates before it, as a function to be compiled.

    ``drawn``: ``rows`` [n_critic, batch], ``critic_z`` [n_critic, batch, z_dim], ``epsilon`` [n_critic, batch] and
    ``g_z`` [batch, z_dim].
    """
    g_net, critic_net = build(o, shape)
    adam = {"lr": o.lr, "beta1": o.beta1, "beta2": o.beta2}

    def critic_step(carry: Any, batch: Any) -> tuple[Any, Any]:
        params, state = carry
        real, fake, epsilon = batch

        def loss(params: Any) -> Any:
            return critic_loss(lambda x: critic_net.apply(params, x), real, fake, epsilon, o.penalty)

        (value, distance), gradients = jax.value_and_grad(loss, has_aux=True)(params)
        return kit.adam(params, gradients, state, **adam), (value, distance)

    def update(carry: Any, data: Any, drawn: Any) -> tuple[Any, kit.Losses]:
        real = data[drawn["rows"]]
        # G stands still while the critic learns, so that all its samples are made at once.
        fake = g_net.apply(carry["g"], drawn["critic_z"].reshape(-1, o.z_dim)).reshape(real.shape)
        before = (carry["critic"], carry["critic_adam"])
        (critic, critic_adam), (d_losses, distances) = lax.scan(critic_step, before, (real, fake, drawn["epsilon"]))

        def loss(params: Any) -> Any:
            return generator_loss(lambda x: critic_net.apply(critic, x), g_net.apply(params, drawn["g_z"]))

        g_loss, gradients = jax.value_and_grad(loss)(carry["g"])
        g, g_adam = kit.adam(carry["g"], gradients, carry["g_adam"], **adam)
        average = kit.averaged(carry["average"], g, carry["g_adam"]["count"], o.ema) if o.ema else []
        after = {"g": g, "critic": critic, "average": average, "g_adam": g_adam, "critic_adam": critic_adam}
        return after, {"d_loss": d_losses[-1], "g_loss": g_loss, "distance": distances[-1]}

    return update


def draws(run: ganzoo.TrainRun, steps: range) -> dict[str, Any]:
    """The random numbers of ``steps``, each array [len(steps), ...]; every critic update has a tick of its own."""
    o: WganGpOptions = run.options
    per_step = (len(steps), o.n_critic, o.batch)
    tick, ticks = steps.start * o.n_critic, len(steps) * o.n_critic
    return {
        "rows": run.indices(o.batch, tick, ticks).astype("int32").reshape(per_step),
        "critic_z": run.latents(o.batch, tick, ticks, stream="critic")["z"].reshape(*per_step, o.z_dim),
        "epsilon": kit.Numbers(run.seed, "interpolation").uniform(steps, per_step[1:]),
        "g_z": run.latents(o.batch, steps.start, len(steps), stream="generator")["z"],
    }


def train(run: ganzoo.TrainRun, chunk: int = training.CHUNK) -> kit.Generator:
    """Train WGAN-GP, ``chunk`` steps per compiled call; return G (or its average)."""
    o, shape = run.options, run.data.spec.shape
    trained = training.train(run, start(o, shape, run.seed), make_update, draws, chunk)
    return kit.Generator(build(o, shape)[0], trained["average"] if o.ema else trained["g"])
