"""DRAGAN (Kodali, Abernethy, Hays and Kira 2017): perturbed data, losses, one update step, training.

The GAN is the non-saturating one. What is added is a penalty on the discriminator's slope around real samples, where
the authors saw sharp slopes go with mode collapse: no generated sample enters it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from ganzoo_jax import kit, training
from ganzoo_jax.networks import Shape, pair
from ganzoo_jax.penalty import Scores, slope_penalty

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_jax.options import DraganOptions


def build(o: DraganOptions, shape: Shape) -> tuple[Any, Any]:
    """Generator and discriminator for images (C, H, W) or points (d,); the discriminator gives logits."""
    return pair(o.z_dim, shape, width=o.width, hidden=o.hidden, norm=o.d_norm == "layer")


def gaussian(x: Any, drawn: Any, c: float) -> Any:
    """x + δ, δ ~ N(0, cI) (eq. 1): c is the variance. ``drawn["normal"]``: N(0, 1), as x."""
    return x + jnp.sqrt(c) * drawn["normal"]


def positive_uniform(x: Any, drawn: Any, c: float) -> Any:
    """x + α · ½ std(x) · U, of the authors' first code: U[0, 1) for each value, and α ~ U[0, 1) for each sample.

    std(x) is one number for the batch. Nothing is ever subtracted. ``drawn["uniform"]``: as x; ``drawn["share"]``: [N].
    """
    share = drawn["share"].reshape(-1, *(1 for _ in x.shape[1:]))
    return x + share * (0.5 * x.std() * drawn["uniform"])


def centred_uniform(x: Any, drawn: Any, c: float) -> Any:
    """x + std(x) · (U − ½), images clipped to [-1, 1], of Lucic et al. 2018. ``drawn["uniform"]``: as x."""
    moved = x + x.std() * (drawn["uniform"] - 0.5)
    return jnp.clip(moved, -1, 1) if x.ndim == 4 else moved


PERTURBED = {"gaussian": gaussian, "positive-uniform": positive_uniform, "centred-uniform": centred_uniform}
"""The three published forms: (real samples, draws, c) → the points at which the penalty is taken."""


def discriminator_loss(d: Scores, real: Any, fake: Any, around: Any, weight: float) -> tuple[Any, Any]:
    """−E log D(x) − E log(1 − D(G(z))) + λ · penalty at ``around``, D the sigmoid of a logit; and the penalty alone.

    softplus(−t) is −log of the sigmoid of t. The penalty is on the logit, as in the authors' code.
    """
    on_real, on_fake = jnp.split(d(jnp.concatenate((real, fake))), 2)
    penalty = slope_penalty(d, around)
    return jax.nn.softplus(-on_real).mean() + jax.nn.softplus(on_fake).mean() + weight * penalty, penalty


def generator_loss(d: Scores, fake: Any) -> Any:
    """−E log D(G(z)), the non-saturating loss."""
    return jax.nn.softplus(-d(fake)).mean()


def start(o: DraganOptions, shape: Shape, seed: int) -> dict[str, Any]:
    """The state before the first step."""
    g, d = build(o, shape)
    return training.fresh(seed, o.ema, g=g, d=d)


def make_update(o: DraganOptions, shape: Shape) -> kit.Update:
    """One update of D, then one of G through the new D, as a function to be compiled.

    ``drawn``: ``rows`` [batch], ``d_z`` and ``g_z`` [batch, z_dim], and what the form of the noise takes.
    """
    g_net, d_net = build(o, shape)
    adam = {"lr": o.lr, "beta1": o.beta1, "beta2": o.beta2}

    def update(carry: Any, data: Any, drawn: Any) -> tuple[Any, kit.Losses]:
        real, fake = data[drawn["rows"]], g_net.apply(carry["g"], drawn["d_z"])
        around = PERTURBED[o.noise](real, drawn, o.c)

        def d_loss_of(params: Any) -> Any:
            return discriminator_loss(lambda x: d_net.apply(params, x), real, fake, around, o.penalty)

        (d_loss, penalty), gradients = jax.value_and_grad(d_loss_of, has_aux=True)(carry["d"])
        d, d_adam = kit.adam(carry["d"], gradients, carry["d_adam"], **adam)

        def g_loss_of(params: Any) -> Any:
            return generator_loss(lambda x: d_net.apply(d, x), g_net.apply(params, drawn["g_z"]))

        g_loss, gradients = jax.value_and_grad(g_loss_of)(carry["g"])
        g, g_adam = kit.adam(carry["g"], gradients, carry["g_adam"], **adam)
        average = kit.averaged(carry["average"], g, carry["g_adam"]["count"], o.ema) if o.ema else []
        after = {"g": g, "d": d, "average": average, "g_adam": g_adam, "d_adam": d_adam}
        return after, {"d_loss": d_loss, "g_loss": g_loss, "penalty": penalty}

    return update


def draws(run: ganzoo.TrainRun, steps: range) -> dict[str, Any]:
    """The random numbers of ``steps``, each array [len(steps), ...]."""
    o: DraganOptions = run.options
    latents = {
        name: run.latents(o.batch, steps.start, len(steps), stream=stream)["z"]
        for name, stream in (("d_z", "discriminator"), ("g_z", "generator"))
    }
    rows = run.indices(o.batch, steps.start, len(steps)).astype("int32")
    return {"rows": rows, **latents, **noise(o, run.data.spec.shape, run.seed, steps)}


def noise(o: DraganOptions, shape: Shape, seed: int, steps: range) -> dict[str, Any]:
    """The numbers that ``PERTURBED[o.noise]`` takes."""
    each, whole = kit.Numbers(seed, "perturbation"), (o.batch, *shape)
    if o.noise == "gaussian":
        return {"normal": each.normal(steps, whole)}
    share = {"share": kit.Numbers(seed, "share").uniform(steps, (o.batch,))} if o.noise == "positive-uniform" else {}
    return {"uniform": each.uniform(steps, whole), **share}


def train(run: ganzoo.TrainRun, chunk: int = training.CHUNK) -> kit.Generator:
    """Train DRAGAN, ``chunk`` steps per compiled call; return G (or its average)."""
    o, shape = run.options, run.data.spec.shape
    trained = training.train(run, start(o, shape, run.seed), make_update, draws, chunk)
    return kit.Generator(build(o, shape)[0], trained["average"] if o.ema else trained["g"])
