"""GAN with several discriminators by hypervolume maximisation (Albuquerque et al. 2019): networks, updates, training.

Each D sees images through a random projection of its own that never changes (Neyshabur, Bhojanapalli and Chakrabarti
2017, arXiv:1705.07831). G's losses with them are objectives of their own; ``multi_objective`` makes one step of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from ganzoo_torch import kit
from ganzoo_torch.adversarial import Player, logits
from ganzoo_torch.judges import Judge, MlpTrunk
from ganzoo_torch.multi_objective import common_descent, hypervolume, largest, mean, softmax
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, MlpGenerator, Shape, dcgan_init
from ganzoo_torch.objectives import OBJECTIVES

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.hgan import HganOptions

OBJECTIVE = OBJECTIVES["nonsaturating"]
"""Of each D, and of G with each; G's is positive, as the hypervolume needs it."""


class Projection(nn.Module):
    """Images [N, C, H, W] → [N, filters, ⌊H/2⌋, ⌊W/2⌋] by random 8×8 filters of length 1, with stride 2.

    The filters are no parameters: they are saved with the state and never trained.
    """

    weight: Tensor

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        weight = torch.randn(filters, channels, 8, 8)
        self.register_buffer("weight", weight / weight.flatten(1).norm(dim=1)[:, None, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """What one D sees of the images."""
        return conv2d(x, self.weight, stride=2, padding=3)


class ProjectedTrunk(nn.Module):
    """Images [N, C, H, W] → features [N, ``features``] of their projection: DCGAN's convolutions, not normed."""

    def __init__(self, shape: Shape, filters: int, width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        self.projection = Projection(channels, filters)
        self.trunk = ConvTrunk((filters, height // 2, breadth // 2), width, norm="none")
        self.features = self.trunk.features

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of images."""
        return self.trunk(self.projection(x))


class Panel(nn.Module):
    """K discriminators of the same samples."""

    def __init__(self, judges: list[nn.Module]) -> None:
        super().__init__()
        self.judges = nn.ModuleList(judges)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Logits [N, K] of samples [N, ...], a column for each D. There are no labels ``y``."""
        return torch.stack([judge(x) for judge in self.judges], 1)


def discriminator(o: HganOptions, shape: Shape) -> nn.Module:
    """One D: with a projection of its own for images; points it sees as they are, as in the authors' toy example."""
    if len(shape) == 1:
        return Judge(MlpTrunk(shape, o.hidden, norm="none"))
    judge = Judge(ProjectedTrunk(shape, o.filters, o.width_d))
    dcgan_init(judge)
    return judge


def build(o: HganOptions, shape: Shape) -> tuple[nn.Module, Panel]:
    """Generator and K discriminators for images (C, H, W) or points (d,)."""
    inputs = {"z": o.z_dim}
    g = MlpGenerator(inputs, shape, o.hidden) if len(shape) == 1 else ConvGenerator(inputs, shape, o.width_g)
    return g, Panel([discriminator(o, shape) for _ in range(o.discriminators)])


def discriminators_step(d: Player, real: Tensor, fake: Tensor) -> Tensor:
    """Update every D once along its own loss; returns the losses' mean.

    The sum's gradient is for each D that of its own loss, and Adam moves each weight by itself.
    """
    of_real, of_fake = logits(d.net, real, fake, None, apart=False)
    losses = torch.stack([OBJECTIVE.discriminator(*pair) for pair in zip(of_real.t(), of_fake.t(), strict=True)])
    kit.descend(d.optimiser, losses.sum())
    return losses.detach().mean()


def combined(o: HganOptions, losses: Tensor) -> Tensor:
    """What G minimises, but for ``mgda``; the softmax's weights are constants, as in the authors' code."""
    if o.objective == "hypervolume":
        return hypervolume(losses, o.slack)
    if o.objective == "softmax":
        return softmax(losses, o.lambda_, through=False)
    return largest(losses) if o.objective == "max" else mean(losses)


def generator_step(o: HganOptions, g: Player, d: Player, z: Tensor) -> tuple[Tensor, Tensor]:
    """Update G once, through discriminators that stay as they are.

    Returns the mean and the largest of its K losses, which every objective has.
    """
    with kit.frozen(d.net):
        judged = d.net(g.net(z)).t()
        losses = torch.stack([OBJECTIVE.generator(row, row) for row in judged])
        if o.objective == "mgda":
            kit.step_along(g.optimiser, common_descent(losses, kit.moved(g.optimiser))[1])
        else:
            kit.descend(g.optimiser, combined(o, losses))
    return losses.detach().mean(), losses.detach().amax()


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train the GAN: every D, then G, each with fresh z. Returns G (or its average) in inference mode."""
    o: HganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            nets = [net.to(device) for net in build(o, run.data.spec.shape)]
        g, d = (Player(net, kit.adam(net.parameters(), o.lr, o.beta1)) for net in nets)
        ema = kit.Ema(g.net, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g.net, "d": d.net, **ema.nets}, {"g": g.optimiser, "d": d.optimiser})
        for step in run.steps(o.steps, state=state):
            with torch.no_grad():
                fake = g.net(feed.latents(o.batch, step, "discriminator")["z"])
            d_loss = discriminators_step(d, feed.reals(o.batch, step), fake)
            g_loss, hardest = generator_step(o, g, d, feed.latents(o.batch, step, "generator")["z"])
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, hardest=hardest)
    return ema.result.eval()
