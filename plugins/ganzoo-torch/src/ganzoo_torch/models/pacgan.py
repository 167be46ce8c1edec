"""PacGAN (Lin, Khetan, Fanti and Oh 2018): packing, networks, losses, one update step, training.

D sees m samples at once, all real or all generated, and gives one logit for the pack (section 2). A generator that
lacks modes repeats itself within a pack, which D sees; nothing else of the GAN is changed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import adversarial, kit, norms
from ganzoo_torch.initialisation import initialise
from ganzoo_torch.judges import Judge
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, Shape, dcgan_init
from ganzoo_torch.objectives import OBJECTIVES

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.pacgan import PacganOptions

OBJECTIVE = OBJECTIVES["nonsaturating"]


def packed(x: Tensor, m: int) -> Tensor:
    """Join m samples that follow each other: images [N·m, C, H, W] → [N, m·C, H, W], points [N·m, d] → [N, m·d]."""
    return x.unflatten(0, (-1, m)).flatten(1, 2)


class PointGenerator(nn.Module):
    """z [N, z_dim] → points [N, d]: four hidden layers with BN and ReLU, a linear output (section 4.1).

    As in the authors' code, only the output has a bias.
    """

    def __init__(self, z_dim: int, shape: Shape, hidden: int) -> None:
        super().__init__()
        self.input_sizes = {"z": z_dim}
        layers: list[nn.Module] = []
        for before in (z_dim, hidden, hidden, hidden):
            layers += [nn.Linear(before, hidden, bias=False), norms.batch(hidden), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(hidden, shape[0]))

    def forward(self, z: Tensor) -> Tensor:
        """Points for ``z``."""
        return self.layers(z)


class Maxout(nn.Module):
    """[N, before] → [N, after]: each unit is the largest of ``pieces`` linear functions (Goodfellow et al. 2013)."""

    def __init__(self, before: int, after: int, pieces: int) -> None:
        super().__init__()
        self.linear = nn.Linear(before, pieces * after)
        self.form = (pieces, after)

    def forward(self, x: Tensor) -> Tensor:
        """The largest piece of each unit."""
        return self.linear(x).unflatten(1, self.form).amax(1)


class MaxoutTrunk(nn.Module):
    """Packs of points [N, m·d] → features [N, hidden]: three maxout layers, without normalisation (section 4.1)."""

    def __init__(self, entry: int, hidden: int, pieces: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(Maxout(*sizes, pieces) for sizes in pairwise((entry, hidden, hidden, hidden))),
        )
        self.features = hidden

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of packs."""
        return self.layers(x)


class PackJudge(nn.Module):
    """One logit per pack: samples [N·m, ...] → [N]. ``judge`` is a discriminator of samples m times as wide."""

    def __init__(self, judge: nn.Module, m: int) -> None:
        super().__init__()
        self.judge = judge
        self.m = m

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Logits of "this pack is real"; the samples of a pack follow each other. There are no labels ``y``."""
        return self.judge(packed(x, self.m))


def build(o: PacganOptions, shape: Shape) -> tuple[nn.Module, PackJudge]:
    """Generator and discriminator: the paper's networks for points (d,), DCGAN's for images (C, H, W).

    Only D's first layer knows of packs: it has m times the inputs (section 2).
    """
    entry = (shape[0] * o.pack, *shape[1:])
    if len(shape) == 1:
        g: nn.Module = PointGenerator(o.z_dim, shape, o.hidden)
        judge = Judge(MaxoutTrunk(entry[0], o.hidden // 2, o.pieces))
        for net in (g, judge):
            initialise(net, "normal")
        return g, PackJudge(judge, o.pack)
    judge = Judge(ConvTrunk(entry, o.width, norm="batch"))
    dcgan_init(judge)
    return ConvGenerator({"z": o.z_dim}, shape, o.width), PackJudge(judge, o.pack)


def step_both(
    g: nn.Module, d: PackJudge, optimisers: tuple[Optimizer, Optimizer], real: Tensor, z: Tensor
) -> tuple[Tensor, Tensor]:
    """Update D and G once, both from one forward pass over ``real`` [N·m, ...] and G(``z``) [N·m, ...].

    Real and fake images go through D apart, since it has batch norm. Returns the losses of D and G before the update.
    """
    judged = adversarial.logits(d, real, g(z), None, apart=real.dim() > 2)
    d_loss, g_loss = OBJECTIVE.discriminator(*judged), OBJECTIVE.generator(*judged)
    g_optimiser, d_optimiser = optimisers
    kit.descend_both(d_optimiser, d_loss, g_optimiser, g_loss)
    return d_loss.detach(), g_loss.detach()


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train PacGAN: D and G at once in every step. Returns G (or its average) in inference mode."""
    o: PacganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = build(o, run.data.spec.shape)
        g, d = g.to(device), d.to(device)
        optimisers = kit.adam(g.parameters(), o.lr, o.beta1), kit.adam(d.parameters(), o.lr, o.beta1)
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, **ema.nets}, dict(zip("gd", optimisers, strict=True)))
        for step in run.steps(o.steps, state=state):
            samples = o.batch * o.pack
            real, z = feed.reals(samples, step), feed.latents(samples, step, "both")["z"]
            d_loss, g_loss = step_both(g, d, optimisers, real, z)
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss)
    return ema.result.eval()
