"""A differentially private GAN (Xie et al. 2018): DP-SGD on the discriminator (Abadi et al. 2016, algorithm 1).

Only D sees real samples. What it is told of them in one update is a sum of clipped gradients with noise, so that D, and
G which learns from D alone, are post-processing of sums whose (ε, δ) the accountant knows. Fakes need nothing else,
so their gradients need no noise and cost nothing; they are clipped too, as otherwise they outweigh the real ones.

The paper clips D's weights and derives a bound on gradients from that; here gradients are clipped, as Abadi et al. do.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from ganzoo import GanzooError
from ganzoo_jax import accountant, kit, training
from ganzoo_jax.networks import Shape, pair

if TYPE_CHECKING:
    from collections.abc import Callable

    import ganzoo
    from ganzoo_jax.options import DpganOptions

ROOM = 6
"""Standard deviations by which a Poisson sample may be larger than expected before its step is compiled anew."""


class Refused(GanzooError):
    """The options promise what cannot be kept with so many training samples."""

    exit_code = 2


@dataclass(frozen=True)
class Spending:
    """What a whole training spends: sampling rate, noise multiplier, and ε at the option delta."""

    q: float
    sigma: float
    epsilon: float


@lru_cache(maxsize=64)
def spending(o: DpganOptions, n: int) -> Spending:
    """What training with these options on ``n`` samples spends. Raises Refused, with the option to change."""
    if o.batch > n:
        raise Refused(f"batch={o.batch} is more than the {n} training samples.", "Set a smaller batch.")
    if o.delta >= 1 / n:
        raise Refused(
            f"delta={o.delta:g} is not below 1/{n}, one over the training samples, and would allow to publish "
            "one of them.",
            f"Set a smaller delta, such as {0.1 / n:.1g}.",
        )
    q, updates = o.batch / n, o.steps * o.n_critic
    sigma = o.sigma or accountant.sigma_for(o.epsilon, q, updates, o.delta)
    if sigma is None:
        raise Refused(
            f"epsilon={o.epsilon:g} at delta={o.delta:g} cannot be reached with {updates} updates of D "
            f"(steps={o.steps}, n_critic={o.n_critic}) on {o.batch} of {n} samples, not even by "
            f"sigma={accountant.MOST_SIGMA:g}.",
            "Allow a larger epsilon, or set fewer steps, a smaller n_critic or a smaller batch.",
        )
    return Spending(q, sigma, accountant.epsilon(q, sigma, updates, o.delta))


def build(o: DpganOptions, shape: Shape) -> tuple[Any, Any]:
    """Generator and discriminator for images (C, H, W) or points (d,); no layer mixes samples."""
    return pair(o.z_dim, shape, width=o.width, hidden=o.hidden, norm=False)


def clipped_sum(
    loss: Callable[[Any, Any], Any], params: Any, x: Any, present: Any, clip: float
) -> tuple[Any, dict[str, Any]]:
    """Σ g · min(1, C / ‖g‖) over the gradients g of ``loss(params, one sample)``, the norm over all parameters.

    ``present`` [N] is 1 for a sample and 0 for padding, which adds nothing. Where one sample comes or goes, the sum
    moves by ``clip`` at most. Beside it the mean ``loss`` and the share of ``clipped`` gradients.
    """
    losses, each = jax.vmap(jax.value_and_grad(loss), (None, 0))(params, x)
    norms = jnp.sqrt(sum(jnp.square(g).reshape(len(x), -1).sum(axis=1) for g in jax.tree.leaves(each)))
    shares = present * jnp.minimum(1, clip / jnp.maximum(norms, 1e-12))
    total = jax.tree.map(lambda g: jnp.tensordot(shares, g, 1), each)
    count = jnp.maximum(present.sum(), 1)
    return total, {"loss": (present * losses).sum() / count, "clipped": (present * (norms > clip)).sum() / count}


def private_gradient(d: Any, params: Any, drawn: Any, o: DpganOptions) -> tuple[Any, kit.Losses]:
    """D's gradient of −E log D(x) − E log(1 − D(G(z))): sums of clipped gradients, that of real ones with noise.

    Both are divided by the expected batch: how many real samples were drawn is private, too. ``drawn``: ``real``
    [K, ...] with ``present`` [K], ``fake`` [batch, ...] and ``noise`` [parameters], of the standard deviation σC.
    """

    def on_real(params: Any, x: Any) -> Any:
        return jax.nn.softplus(-d.apply(params, x[None])[0])

    def on_fake(params: Any, x: Any) -> Any:
        return jax.nn.softplus(d.apply(params, x[None])[0])

    real, of_real = clipped_sum(on_real, params, drawn["real"], drawn["present"], o.clip)
    fake, of_fake = clipped_sum(on_fake, params, drawn["fake"], jnp.ones(len(drawn["fake"])), o.clip)
    gradient = jax.tree.map(lambda r, n, f: (r + n + f) / o.batch, real, shaped(drawn["noise"], params), fake)
    return gradient, {"d_loss": of_real["loss"] + of_fake["loss"], "clipped": of_real["clipped"]}


def shaped(flat: Any, params: Any) -> Any:
    """One vector of numbers as a tree of arrays like those of ``params``."""
    leaves, structure = jax.tree.flatten(params)
    ends = np.cumsum([leaf.size for leaf in leaves])
    parts = [lax.slice(flat, (end - leaf.size,), (end,)) for leaf, end in zip(leaves, ends.tolist(), strict=True)]
    return jax.tree.unflatten(structure, [p.reshape(leaf.shape) for p, leaf in zip(parts, leaves, strict=True)])


def start(o: DpganOptions, shape: Shape, seed: int) -> dict[str, Any]:
    """The state before the first step."""
    g, d = build(o, shape)
    return training.fresh(seed, o.ema, g=g, d=d)


def make_update(o: DpganOptions, shape: Shape) -> kit.Update:
    """One generator update with the n_critic updates of D before it, as a function to be compiled.

    ``drawn``: ``rows`` and ``present`` [n_critic, K], ``d_z`` [n_critic, batch, z_dim], ``noise``
    [n_critic, parameters] and ``g_z`` [batch, z_dim].
    """
    g_net, d_net = build(o, shape)
    adam = {"beta1": o.beta1, "beta2": o.beta2}

    def d_step(carry: Any, drawn: Any) -> tuple[Any, kit.Losses]:
        params, state = carry
        gradient, losses = private_gradient(d_net, params, drawn, o)
        return kit.adam(params, gradient, state, lr=o.lr_d, **adam), losses

    def update(carry: Any, data: Any, drawn: Any) -> tuple[Any, kit.Losses]:
        fake = g_net.apply(carry["g"], drawn["d_z"].reshape(-1, o.z_dim)).reshape(o.n_critic, o.batch, *shape)
        each = {"real": data[drawn["rows"]], "present": drawn["present"], "fake": fake, "noise": drawn["noise"]}
        (d, d_adam), losses = lax.scan(d_step, (carry["d"], carry["d_adam"]), each)

        def g_loss_of(params: Any) -> Any:
            return jax.nn.softplus(-d_net.apply(d, g_net.apply(params, drawn["g_z"]))).mean()

        g_loss, gradient = jax.value_and_grad(g_loss_of)(carry["g"])
        g, g_adam = kit.adam(carry["g"], gradient, carry["g_adam"], lr=o.lr_g, **adam)
        average = kit.averaged(carry["average"], g, carry["g_adam"]["count"], o.ema) if o.ema else []
        after = {"g": g, "d": d, "average": average, "g_adam": g_adam, "d_adam": d_adam}
        return after, {"g_loss": g_loss, **{name: value[-1] for name, value in losses.items()}}

    return update


def poisson(seed: int, purpose: str, ticks: range, n: int, q: float) -> tuple[Any, Any]:
    """For each tick every one of ``n`` rows with the probability ``q``: rows int32 and present float32, [ticks, K].

    K leaves room for nearly every sample. A larger one makes K larger, as leaving out rows would let one row push out
    another, and both would show.
    """
    chosen = [np.flatnonzero(drawn) for drawn in kit.Numbers(seed, purpose).chance(ticks, n, q)]
    usual = min(n, math.ceil(n * q + ROOM * math.sqrt(n * q * (1 - q))))
    rows = np.zeros((len(chosen), max(usual, *map(len, chosen))), np.int32)
    present = np.zeros(rows.shape, np.float32)
    for i, found in enumerate(chosen):
        rows[i, : len(found)], present[i, : len(found)] = found, 1
    return rows, present


def secret_of(key: str) -> str:
    """What the file ``key`` adds to the addresses of noise and sampling; "" without one.

    Not its SHA-256, which the run keeps and shows.
    """
    return hashlib.blake2b(Path(key).read_bytes(), person=b"ganzoo-dpgan").hexdigest() if key else ""


@lru_cache(maxsize=8)
def parameters(o: DpganOptions, shape: Shape) -> int:
    """How many numbers D's gradient has."""
    return sum(leaf.size for leaf in jax.tree.leaves(build(o, shape)[1].init(kit.stream(0, "d"))))


def draws(run: ganzoo.TrainRun, steps: range, spent: Spending, secret: str = "") -> dict[str, Any]:
    """The random numbers of ``steps``, each array [len(steps), ...]; every update of D has a tick of its own."""
    o: DpganOptions = run.options
    ticks = range(steps.start * o.n_critic, steps.stop * o.n_critic)
    rows, present = poisson(run.seed, f"poisson{secret}", ticks, len(run.data.x), spent.q)
    noise = kit.Numbers(run.seed, f"privacy{secret}").normal(ticks, (parameters(o, run.data.spec.shape),))
    each = {
        "rows": rows,
        "present": present,
        "noise": noise * np.float32(spent.sigma * o.clip),
        "d_z": run.latents(o.batch, ticks.start, len(ticks), stream="discriminator")["z"],
    }
    g_z = run.latents(o.batch, steps.start, len(steps), stream="generator")["z"]
    return {name: x.reshape(len(steps), o.n_critic, *x.shape[1:]) for name, x in each.items()} | {"g_z": g_z}


def train(run: ganzoo.TrainRun, chunk: int = training.CHUNK) -> kit.Generator:
    """Train the private GAN, ``chunk`` steps per compiled call; return G (or its average).

    What is spent is computed, refused or reported when the first step is due: a run without steps, such as a rehearsal,
    has fewer samples, which say nothing of it.
    """
    o, shape = run.options, run.data.spec.shape
    secret = secret_of(o.key)

    def drawn(run: ganzoo.TrainRun, steps: range) -> dict[str, Any]:
        spent = spending(o, len(run.data.x))
        run.report(epsilon=spent.epsilon, delta=o.delta)
        return draws(run, steps, spent, secret)

    trained = training.train(run, start(o, shape, run.seed), make_update, drawn, chunk)
    return kit.Generator(build(o, shape)[0], trained["average"] if o.ema else trained["g"])
