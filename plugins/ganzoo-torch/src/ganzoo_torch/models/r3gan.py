"""R3GAN (Huang, Gokaslan, Kuleshov and Tompkin 2024): networks, one step of each, schedules, training.

The relativistic pairing loss (eq. 2) with R1 at the reals and R2 at the fakes (eq. 3 and 4) in every step of D; no
normalisation, and no other trick. On points both networks are MLPs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.judges import usual_pair
from ganzoo_torch.networks import Shape
from ganzoo_torch.normfree import Discriminator, Generator
from ganzoo_torch.objectives import pairing, pairing_generator
from ganzoo_torch.penalties import slopes

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.r3gan import R3ganOptions


def build(o: R3ganOptions, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator for images (C, H, W) or points (d,)."""
    if len(shape) == 1:
        return usual_pair(shape, o.z_dim, width=o.width, hidden=o.hidden, norm="none")
    sizes = {"blocks": o.blocks, "cardinality": o.cardinality}
    return Generator(o.z_dim, shape, o.width, **sizes), Discriminator(shape, o.width, **sizes)


def discriminator_step(d: nn.Module, optimiser: Optimizer, real: Tensor, fake: Tensor, gamma: float) -> Tensor:
    """Update D once along its loss + γ/2 (R1 + R2); returns the loss without them.

    Reals and fakes go through D together: without normalisation that is the same as apart, and the logits that the
    loss compares are those whose gradients are penalised.
    """
    x = torch.cat((real, fake)).requires_grad_()
    logits = d(x)
    loss = pairing(*logits.tensor_split(2))
    r1, r2 = slopes(logits, x).square().sum(1).tensor_split(2)
    kit.descend(optimiser, loss + gamma / 2 * (r1 + r2).mean())
    return loss.detach()


def generator_step(g: nn.Module, d: nn.Module, optimiser: Optimizer, real: Tensor, z: Tensor) -> Tensor:
    """Update G once, through a D that stays as it is: fakes shall be judged above the reals they are paired with."""
    with kit.frozen(d):
        with torch.no_grad():
            of_real = d(real)
        loss = pairing_generator(of_real, d(g(z)))
        kit.descend(optimiser, loss)
    return loss.detach()


def cosine(begin: float, end: float, o: R3ganOptions, step: int) -> float:
    """From ``begin`` at the first step to ``end``, which the step after the last would have, on half a cosine."""
    return end + (begin - end) * 0.5 * (1 + math.cos(math.pi * step / o.steps))


def decay(o: R3ganOptions, step: int) -> float:
    """Decay of G's average: its half-life in steps grows from 0 to that of ``ema``."""
    half_life = cosine(0.0, kit.half_life(o.ema), o, step)
    return kit.decay_of(half_life) if half_life else 0.0


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train R3GAN: at each step D, then G against the same reals. Returns G (or its average) in inference mode."""
    o: R3ganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = (net.to(device) for net in build(o, run.data.spec.shape))
        g_optimiser, d_optimiser = (kit.adam(net.parameters(), o.lr, 0.0, o.beta2) for net in (g, d))
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, **ema.nets}, {"g": g_optimiser, "d": d_optimiser})
        for step in run.steps(o.steps, state=state):
            kit.schedule(
                (g_optimiser, d_optimiser),
                lr=cosine(o.lr, o.lr_end, o, step),
                betas=(0.0, cosine(o.beta2, o.beta2_end, o, step)),
            )
            real = feed.reals(o.batch, step)
            with torch.no_grad():
                fake = g(feed.latents(o.batch, step, "discriminator")["z"])
            d_loss = discriminator_step(d, d_optimiser, real, fake, cosine(o.gamma, o.gamma_end, o, step))
            z = feed.latents(o.batch, step, "generator")["z"]
            g_loss = generator_step(g, d, g_optimiser, real, z)
            if o.ema:
                ema.follow(decay(o, step))
            run.log(d_loss=d_loss, g_loss=g_loss)
    return ema.result.eval()
