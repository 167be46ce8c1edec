"""PyTorch references of GANs with several generators or several discriminators, each of them a network of its own."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import torch
from ganzoo_torch.models import gman as gman_model
from ganzoo_torch.models import hgan as hgan_model
from ganzoo_torch.models import madgan as madgan_model
from ganzoo_torch.models import mgan as mgan_model
from ganzoo_torch.multi_objective import hypervolume, softmax
from ganzoo_torch.networks import dcgan_init
from ganzoo_torch.objectives import OBJECTIVES
from torch import Tensor, nn
from torch.nn.functional import conv2d

from references import Step, Task, same, written_for
from references.convolutions import alike, discriminator, features, generator, generator_layers, trunk
from references.torch_loop import adam, averaged, descend, reals, same_networks, uniform


class Generators(nn.Module):
    """k generators: shared layers ``before``, branches of ``own`` layers in turn, shared layers ``after``."""

    def __init__(self, o: Any, own: slice) -> None:
        super().__init__()
        layers = generator_layers(o.z_dim, o.width)
        first, last, _ = own.indices(len(layers))
        self.before = nn.Sequential(*chain.from_iterable(layers[:first]))
        branches = [generator_layers(o.z_dim, o.width)[own] for _ in range(o.generators)]
        self.own = nn.ModuleList(nn.Sequential(*chain.from_iterable(branch)) for branch in branches)
        self.after = nn.Sequential(*chain.from_iterable(layers[last:]))
        dcgan_init(self)

    def forward(self, z: Tensor) -> Tensor:
        """What every generator makes of the same z: [k·N, ...], generator 0's samples first."""
        h = self.before(z)
        return self.after(torch.cat([branch(h) for branch in self.own]))


def same_generators(plain: Generators, own: nn.Module) -> None:
    """Stop where they are not the plugin's, which holds the branches' parameters of one name in one array."""
    sizes: Counter[str] = Counter()
    for name, parameter in plain.named_parameters():
        sizes[re.sub(r"^own\.\d+", "own", name)] += parameter.numel()
    same(sorted(sizes.values()), sorted(parameter.numel() for parameter in own.parameters()))


def several_generators(task: Task, g: nn.Module, d: nn.Module, losses: Any, latent: Callable[..., Tensor]) -> Step:
    """D on reals and all fakes in two passes, then all generators on the same fakes."""
    o = task.options
    g_adam, d_adam = adam(g.parameters(), o.lr_g, o.beta1), adam(d.parameters(), o.lr_d, o.beta1)
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def step() -> list[float]:
        real, fake = next(batches), g(latent(o.fakes, o.z_dim))
        terms = losses.judges(d(real), d(fake.detach())).values()
        descend(d_adam, sum(terms))
        g_loss = losses.generators(d(fake))
        descend(g_adam, g_loss)
        average()
        return [loss.item() for loss in (*terms, g_loss)]

    return step


class Judges(nn.Module):
    """MGAN's D and C on one trunk."""

    def __init__(self, o: Any) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*trunk(o.width, norm=o.norm == "batch"))
        self.d, self.c = nn.Linear(features(o.width), 1), nn.Linear(features(o.width), o.generators)
        dcgan_init(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """D's logits [N] and C's [N, k]."""
        h = self.trunk(x)
        return self.d(h).squeeze(1), self.c(h)


def mgan(task: Task) -> Step:
    """Generators with a first layer of their own, batch norm without a shift in the others, D with C."""
    o = task.options
    g, d = Generators(o, slice(0, 1)), Judges(o)
    for part in g.after.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.register_parameter("bias", None)
    own_g, own_d = mgan_model.build(o, task.data.spec.shape)
    same_generators(g, own_g)
    same_networks((d,), (own_d,))
    return several_generators(task, g, d, mgan_model.Losses(o.beta), uniform)


def madgan(task: Task) -> Step:
    """Generators with last layers of their own, D with a logit for each of them and one for reals."""
    o = task.options
    g = Generators(o, slice(-o.own_layers, None))
    d = nn.Sequential(*trunk(o.width, norm=o.norm == "batch"), nn.Linear(features(o.width), o.generators + 1))
    own_g, own_d = madgan_model.build(o, task.data.spec.shape)
    same_generators(g, own_g)
    alike((d,), (own_d,))
    return several_generators(task, g, d, madgan_model.Losses(), torch.randn)


def each_moved(
    objective: Any,
    judges: Sequence[nn.Module],
    adams: Sequence[torch.optim.Adam],
    real: Sequence[Tensor],
    fake: Sequence[Tensor],
) -> float:
    """Update one D after the other on its batches in two passes; the mean of their losses."""
    losses = []
    for d, optimiser, x, made in zip(judges, adams, real, fake, strict=True):
        loss = objective.discriminator(d(x), d(made))
        descend(optimiser, loss)
        losses.append(loss.item())
    return statistics.fmean(losses)


def losses_of_g(objective: Any, judges: Sequence[nn.Module], fakes: Sequence[Tensor]) -> Tensor:
    """G's loss with each D: [K]."""
    judged = [d(fake) for d, fake in zip(judges, fakes, strict=True)]
    return torch.stack([objective.generator(logits, logits) for logits in judged])


def gman(task: Task) -> Step:
    """G against all D as they are, then each D on the same fakes, so that no network sees another's update."""
    o = task.options
    written_for(o, objective="softmax")
    count, objective = o.discriminators, OBJECTIVES[o.loss]
    places = [number / (count - 1) for number in range(count)]
    judges = nn.ModuleList(
        discriminator(round(o.width * (1 - far / 2)), norm=False, dropout=far * o.dropout) for far in places
    )
    g, _ = alike((generator(o.z_dim, o.width), judges), gman_model.build(o, task.data.spec.shape))
    g_adam, *d_adams = (adam(net.parameters(), o.lr, o.beta1) for net in (g, *judges))
    batches, average = reals(task, count * o.batch), averaged(g, o.ema)

    def step() -> tuple[float, float]:
        real, fake = next(batches), g(uniform(count * o.batch, o.z_dim))
        of_g = losses_of_g(objective, judges, fake.chunk(count))
        g_loss = softmax(of_g, o.lambda_, through=o.through_weights)
        descend(g_adam, g_loss)
        d_loss = each_moved(objective, judges, d_adams, real.chunk(count), fake.detach().chunk(count))
        average()
        return d_loss, g_loss.item()

    return step


class Projection(nn.Module):
    """A fixed random 8×8 convolution of stride 2, filters of length 1."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        weight = torch.randn(filters, 1, 8, 8)
        self.register_buffer("weight", weight / weight.flatten(1).norm(dim=1)[:, None, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """[N, 1, 8, 8] → [N, filters, 4, 4]."""
        return conv2d(x, self.weight, stride=2, padding=3)


def hgan(task: Task) -> Step:
    """Each D, with a projection of its own, in turn on the same reals and fakes; then G against all with fresh z."""
    o, objective = task.options, hgan_model.OBJECTIVE
    written_for(o, objective="hypervolume")
    judges = nn.ModuleList(
        nn.Sequential(Projection(o.filters), discriminator(o.width_d, norm=False, side=4, channels=o.filters))
        for _ in range(o.discriminators)
    )
    g, _ = alike((generator(o.z_dim, o.width_g), judges), hgan_model.build(o, task.data.spec.shape))
    g_adam, *d_adams = (adam(net.parameters(), o.lr, o.beta1) for net in (g, *judges))
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def step() -> tuple[float, float, float]:
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim)).detach()
        d_loss = each_moved(objective, judges, d_adams, [real] * len(judges), [fake] * len(judges))
        fake = g(torch.randn(o.batch, o.z_dim))
        of_g = losses_of_g(objective, judges, [fake] * len(judges))
        descend(g_adam, hypervolume(of_g, o.slack))
        average()
        return d_loss, of_g.mean().item(), of_g.max().item()

    return step
