"""k generators in one network, some layers each one's own and the others shared by all, and how they are trained.

Own layers stand side by side in the channels, generator 0's first, so that k of them are one layer k times as wide: its
batch norm has statistics for each generator, and what follows within the same generators is a layer in k groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import ganzoo
from ganzoo_torch import kit, norms
from ganzoo_torch.judges import usual_generator
from ganzoo_torch.networks import Shape, Upsample, dcgan_init

if TYPE_CHECKING:
    from ganzoo_torch.networks import ConvGenerator, MlpGenerator

MEASURED = 5000
"""Fakes, at least, that ``purity`` looks at."""


class LinearApart(nn.Module):
    """k linear layers side by side, each of its own inputs: [N, k·before] → [N, k·after].

    Initial weights are those of k layers of PyTorch's, U(±1/√before).
    """

    def __init__(self, k: int, before: int, after: int) -> None:
        super().__init__()
        bound = before**-0.5
        self.weight = nn.Parameter(torch.empty(k, before, after).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(k, 1, after).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Each part of ``x`` through its own layer."""
        parts = x.unflatten(1, (len(self.weight), -1)).transpose(0, 1)
        return torch.baddbmm(self.bias, parts, self.weight).transpose(0, 1).flatten(1)


def side_by_side(layer: nn.Module, k: int, *, apart: bool) -> nn.Module:
    """``layer`` of k generators as one; ``apart``: what it takes is each generator's own, too, else all take the same.

    A layer that treats each value by itself stays as it is.
    """
    if isinstance(layer, nn.Linear):
        before, after = layer.in_features, layer.out_features
        return LinearApart(k, before, after) if apart else nn.Linear(before, k * after, bias=layer.bias is not None)
    if isinstance(layer, Upsample):
        conv, groups = layer.conv, k if apart else 1
        sizes = groups * conv.in_channels, k * conv.out_channels
        return Upsample(*sizes, layer.size, bias=conv.bias is not None, groups=groups)
    if isinstance(layer, norms.AnyBatchNorm):
        return norms.batch(k * layer.num_features)
    if isinstance(layer, nn.Unflatten):
        channels, *rest = layer.unflattened_size
        return nn.Unflatten(1, (k * channels, *rest))
    return layer


def weighted_layers(layers: Iterable[nn.Module]) -> list[list[nn.Module]]:
    """Layers as papers count them: each has weights, and what follows up to the next one, its norm and activation."""
    counted: list[list[nn.Module]] = []
    for layer in layers:
        if isinstance(layer, nn.Linear | Upsample):
            counted.append([])
        counted[-1].append(layer)
    return counted


class Generators(nn.Module):
    """k generators made after the pattern of one: z [N, z_dim] and one-hot c [N, k] → samples, each of the one in c.

    The layers ``own`` of the pattern are there k times. Those before them see z alone, those after them only what the
    generator in question made, so that no work but that of own layers is done k times.
    """

    tell: Callable[[Tensor], Tensor]
    """Which generator made each sample [N, ...], as int64 [N], in the eyes of what was trained beside them."""

    def __init__(self, pattern: MlpGenerator | ConvGenerator, k: int, own: slice) -> None:
        super().__init__()
        self.k = k
        self.input_sizes = {**pattern.input_sizes, "c": k}
        layers = weighted_layers(pattern.layers.children())
        numbers = range(len(layers))[own]
        for number in numbers:
            layers[number] = [side_by_side(part, k, apart=number > numbers[0]) for part in layers[number]]
        self.wide = nn.Sequential(*chain.from_iterable(layers[: numbers.stop]))
        self.shared = nn.Sequential(*chain.from_iterable(layers[numbers.stop :]))

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """Samples [N, ...], number i of the generator that ``c[i]`` is the one-hot code of."""
        made = self._of_all(z)
        return self.shared((made * c[(..., *[None] * (made.dim() - 2))]).sum(1))

    def each(self, z: Tensor) -> Tensor:
        """What every generator makes of the same ``z``: [k·N, ...], generator 0's samples first."""
        return self.shared(self._of_all(z).transpose(0, 1).flatten(0, 1))

    def _of_all(self, z: Tensor) -> Tensor:
        """What own layers give: [N, k, ...]."""
        return self.wide(z).unflatten(1, (self.k, -1))


def usual_generators(k: int, z_dim: int, shape: Shape, *, width: int, hidden: int, own: slice) -> Generators:
    """k of DCGAN's generators for images (C, H, W), or of MLPs for points (d,); layers ``own`` are each one's own."""
    net = Generators(usual_generator(z_dim, shape, width=width, hidden=hidden), k, own)
    if len(shape) > 1:
        dcgan_init(net)
    return net


def makers(k: int, fakes: Tensor) -> Tensor:
    """The generator's number of each of the samples [k·N, ...] that ``Generators.each`` made: int64 [k·N]."""
    return torch.arange(k, device=fakes.device).repeat_interleave(len(fakes) // k)


class Losses(Protocol):
    """What a game of several generators minimises, from what D gives for reals [N, ...] and for ``each`` [k·M, ...]."""

    def judges(self, of_real: Any, of_fake: Any) -> Mapping[str, Tensor]:
        """What D and what stands on its trunk minimise the sum of, by the names in the log."""

    def generators(self, of_fake: Any) -> Tensor:
        """What all generators minimise together."""


def judges_step(losses: Losses, d: nn.Module, optimiser: Optimizer, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Update D once on reals [N, ...] and on what the generators made, [k·M, ...], in two batches. Returns the losses.

    Generators get no gradient.
    """
    terms = losses.judges(d(real), d(fake.detach()))
    kit.descend(optimiser, torch.stack(list(terms.values())).sum())
    return {name: term.detach() for name, term in terms.items()}


def generators_step(losses: Losses, d: nn.Module, optimiser: Optimizer, fake: Tensor) -> Tensor:
    """Update all generators once, through a D that stays as it is; ``fake`` [k·M, ...] is what they made."""
    with kit.frozen(d):
        loss = losses.generators(d(fake))
        kit.descend(optimiser, loss)
    return loss.detach()


def train(run: ganzoo.TrainRun, build: Callable[[], tuple[Generators, nn.Module]], losses: Losses) -> Generators:
    """Play ``run.options.steps`` steps: D, then all generators. Returns them (or their average) in inference mode.

    The fakes of a step are made once for both updates, of the same z for every generator.
    """
    o = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = build()
        g, d = g.to(device), d.to(device)
        g_optimiser, d_optimiser = kit.adam(g.parameters(), o.lr_g, o.beta1), kit.adam(d.parameters(), o.lr_d, o.beta1)
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, **ema.nets}, {"g": g_optimiser, "d": d_optimiser})
        for step in run.steps(o.steps, state=state):
            fake = g.each(feed.latents(o.fakes, step, "both")["z"])
            judged = judges_step(losses, d, d_optimiser, feed.reals(o.batch, step), fake)
            g_loss = generators_step(losses, d, g_optimiser, fake)
            ema.update(step)
            run.log(**judged, g_loss=g_loss)
    trained = cast("Generators", ema.result.eval())
    trained.tell = d.tell
    return trained


def purity(g: Generators, run: ganzoo.MeasureRun) -> ganzoo.Estimate:
    """Share of fresh fakes, of z and c as they are sampled, whose generator ``g.tell`` names; error binomial.

    They are judged in batches as large as in training, whose statistics batch norm has there, too. 1/k is chance.
    """
    size = g.k * run.options.fakes
    batches = -(-MEASURED // size)
    device = next(g.parameters()).device
    named = 0
    with kit.inference(g):
        for tick in range(batches):
            inputs = {name: torch.from_numpy(drawn).to(device) for name, drawn in run.latents(size, tick).items()}
            named += int((g.tell(g(**inputs)) == inputs["c"].argmax(1)).sum())
    n = batches * size
    share = named / n
    return ganzoo.Estimate(share, (share * (1 - share) / n) ** 0.5, n)
