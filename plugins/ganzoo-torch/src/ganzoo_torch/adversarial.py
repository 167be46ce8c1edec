"""The game of two networks: D's update, G's update, and the training loop around them.

What a variant chooses stands in ``Game``: losses, penalty, how often D moves, what both see. All logits come from
networks that take samples and, where there are classes, labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.objectives import Objective
from ganzoo_torch.penalties import Penalty

if TYPE_CHECKING:
    import ganzoo

View = Callable[[Tensor, int], Tensor]
"""What D sees of samples at a step: augmented, or with noise on them."""


def as_they_are(x: Tensor, step: int) -> Tensor:
    """D sees the samples themselves."""
    return x


@dataclass(frozen=True)
class Game:
    """The rules of a game of two networks.

    ``apart``: real and fake go through D in two batches, which batch norm in D needs; else in one, which is faster.
    """

    objective: Objective
    penalty: Penalty | None = None
    weight: float = 0.0
    """Of the penalty in D's loss."""
    n_critic: int = 1
    apart: bool = False
    view: View = as_they_are
    decay: Callable[[nn.Module], Tensor | float] = lambda net: 0.0
    """A penalty on the weights of each network, added to its loss."""
    after_d: Callable[[nn.Module], None] = lambda d: None
    """What is done to D after each of its updates, such as clipping."""


@dataclass(frozen=True)
class Player:
    """A network, the optimiser that moves it, and the gradient of its last step."""

    net: nn.Module
    optimiser: Optimizer
    gradient: kit.Gradient = field(default_factory=kit.Gradient)


Latents = Mapping[str, Tensor]
Batch = tuple[Tensor, Tensor | None]
"""Real samples [N, ...] and, where there are classes, their labels [N]."""


def logits(d: nn.Module, real: Tensor, fake: Tensor, y: Tensor | None, *, apart: bool) -> tuple[Tensor, Tensor]:
    """D's logits of a real and a fake batch of the same size and labels, from two passes or from one over both."""
    if apart:
        return d(real, y), d(fake, y)
    of_real, of_fake = d(torch.cat((real, fake)), None if y is None else y.repeat(2)).tensor_split(2)
    return of_real, of_fake


def beside(real: Batch, inputs: Latents) -> Latents:
    """Inputs of G for fakes that are compared with ``real``: they have the labels of the real samples."""
    return inputs if real[1] is None else {**inputs, "y": real[1]}


def discriminator_step(game: Game, d: Player, real: Batch, fake: Tensor, step: int) -> Tensor:
    """Update D once along its loss and its penalty; returns the loss without the penalty."""
    y = real[1]
    seen = game.view(real[0], step), game.view(fake, step)
    loss = game.objective.discriminator(*logits(d.net, *seen, y, apart=game.apart))
    total = loss + game.decay(d.net)
    if game.penalty is not None:
        total = total + game.weight * game.penalty.term(d.net if y is None else partial(d.net, y=y), *seen)
    kit.descend(d.optimiser, total, d.gradient)
    game.after_d(d.net)
    return loss.detach()


def generator_step(game: Game, g: Player, d: Player, real: Batch | None, inputs: Latents, step: int) -> Tensor:
    """Update G once, through a D that stays as it is; ``real`` is there where the loss compares with it."""
    with kit.frozen(d.net):
        if real is None:
            judged = d.net(game.view(g.net(**inputs), step), inputs.get("y"))
            loss = game.objective.generator(judged, judged)
        else:
            seen = game.view(real[0], step), game.view(g.net(**beside(real, inputs)), step)
            loss = game.objective.generator(*logits(d.net, *seen, real[1], apart=game.apart))
        kit.descend(g.optimiser, loss + game.decay(g.net), g.gradient)
    return loss.detach()


def reals(feed: kit.Feed, batch: int, tick: int, *, labels: bool) -> Batch:
    """A batch of real samples, with labels where the game has them."""
    return feed.labelled(batch, tick) if labels else (feed.reals(batch, tick), None)


def train(
    run: ganzoo.TrainRun,
    build: Callable[[], tuple[nn.Module, nn.Module]],
    optimise: Callable[[nn.Module, nn.Module], tuple[Optimizer, Optimizer]],
    game: Game,
) -> nn.Module:
    """Play ``run.options.steps`` steps: D ``n_critic`` times, each with fresh reals and z, then G with fresh z.

    ``build`` gives G and D, ``optimise`` their optimisers. Returns G (or its average) in inference mode.
    """
    o = run.options
    labels = run.latent.classes > 0
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            nets = tuple(net.to(device) for net in build())
        g, d = (Player(*pair) for pair in zip(nets, optimise(*nets), strict=True))
        ema = kit.Ema(g.net, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g.net, "d": d.net, **ema.nets}, {"g": g.optimiser, "d": d.optimiser})
        for step in run.steps(o.steps, state=state):
            kit.reseed(run, step)
            for tick in range(step * game.n_critic, (step + 1) * game.n_critic):
                real = reals(feed, o.batch, tick, labels=labels)
                inputs = beside(real, feed.latents(o.batch, tick, "discriminator"))
                with torch.no_grad():
                    fake = g.net(**inputs)
                d_loss = discriminator_step(game, d, real, fake, step)
            inputs = feed.latents(o.batch, step, "generator")
            g_loss = generator_step(game, g, d, real if game.objective.needs_real else None, inputs, step)
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, d_grad=d.gradient, g_grad=g.gradient)
    return ema.result.eval()
