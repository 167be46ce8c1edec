"""SNGAN (Miyato, Kataoka, Koyama and Yoshida 2018): networks, rules, training.

Residual networks (appendix B.4), every weight of D divided by its largest singular value (Algorithm 1), the hinge loss
(eq. 16 and 17). With labels: scale and shift by class in G's batch norm, their projection in D (Miyato and Koyama 2018,
eq. 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ganzoo_torch import kit, norms
from ganzoo_torch.adversarial import Game, Player, beside, discriminator_step, generator_step, reals
from ganzoo_torch.judges import Judge
from ganzoo_torch.networks import Shape
from ganzoo_torch.objectives import OBJECTIVES
from ganzoo_torch.resnet import ResNetGenerator, ResNetTrunk

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.sngan import SnganOptions

RULES = Game(OBJECTIVES["hinge"])
"""Nothing beside the loss: what bounds D is the norm of its weights."""


def build(o: SnganOptions, shape: Shape, classes: int) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator for images (C, H, W); ``classes`` 0: without labels.

    G has batch norm. D sums its features over space and has no bias in its last layer; all its weights are Glorot's.
    """
    inputs = {"z": o.z_dim, **({"y": 0} if classes else {})}
    g = ResNetGenerator(inputs, shape, o.width_g, norm="batch", classes=classes)
    d = Judge(ResNetTrunk(shape, o.width_d, norm="spectral"), classes, bias=False)
    for layer in (d.logit, d.embed):
        if layer is not None:
            nn.init.xavier_uniform_(layer.weight)
    return g, norms.spectral(d)


def dequantised(real: Tensor) -> Tensor:
    """Images in [−1, 1] plus U(0, 1/128), which fills the gap to the next of 256 levels (the authors' code)."""
    return real + torch.rand_like(real) / 128


def rate(o: SnganOptions, step: int) -> float:
    """The learning rate of a step: from ``lr`` linearly to 0, which it would reach after the last."""
    return o.lr * (1 - step / o.steps) if o.lr_decay else o.lr


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train SNGAN: at each step G first, on twice the batch, then D ``n_critic`` times, each with fresh reals and z.

    Returns G (or its average) in inference mode.
    """
    o: SnganOptions = run.options
    classes = run.latent.classes
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            nets = [net.to(device) for net in build(o, run.data.spec.shape, classes)]
        g, d = (Player(net, kit.adam(net.parameters(), o.lr, o.beta1, o.beta2)) for net in nets)
        ema = kit.Ema(g.net, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g.net, "d": d.net, **ema.nets}, {"g": g.optimiser, "d": d.optimiser})
        for step in run.steps(o.steps, state=state):
            kit.reseed(run, step)
            kit.schedule((g.optimiser, d.optimiser), lr=rate(o, step))
            g_loss = generator_step(RULES, g, d, None, feed.latents(2 * o.batch, step, "generator"), step)
            for tick in range(step * o.n_critic, (step + 1) * o.n_critic):
                x, y = reals(feed, o.batch, tick, labels=classes > 0)
                real = (dequantised(x) if o.dequantise else x, y)
                with torch.no_grad():
                    fake = g.net(**beside(real, feed.latents(o.batch, tick, "discriminator")))
                d_loss = discriminator_step(RULES, d, real, fake, step)
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, d_grad=d.gradient, g_grad=g.gradient)
    return ema.result.eval()
