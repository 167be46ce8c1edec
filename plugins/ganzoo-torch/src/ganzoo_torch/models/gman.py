"""GMAN (Durugkar, Gemp and Mahadevan 2017): several discriminators, G's loss with all of them, one update, training.

The discriminators differ: in width, in dropout, and each has samples of its own. G minimises a function of its losses
with them that lies between their mean, a forgiving teacher, and the largest, a formidable adversary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.adversarial import logits
from ganzoo_torch.judges import Judge, MlpTrunk
from ganzoo_torch.multi_objective import largest, mean, softmax
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, MlpGenerator, Shape, dcgan_init
from ganzoo_torch.objectives import OBJECTIVES

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.gman import GmanOptions


class Regulator(nn.Module):
    """λ = softplus(ℓ) > 0 with an ℓ that G learns, −2 at first (section 3.4 and the authors' code)."""

    def __init__(self) -> None:
        super().__init__()
        self.raw = nn.Parameter(torch.tensor(-2.0))

    def forward(self) -> Tensor:
        """λ."""
        return softplus(self.raw)


def discriminator(o: GmanOptions, shape: Shape, far: float) -> nn.Module:
    """The D that stands ``far`` in [0, 1] between the first, the strongest, and the last.

    The first has full width and no dropout, the last half the width and all of the dropout.
    """
    dropout = far * o.dropout
    if len(shape) == 1:
        return Judge(MlpTrunk(shape, round(o.hidden * (1 - far / 2)), norm="none", dropout=dropout))
    judge = Judge(ConvTrunk(shape, round(o.width * (1 - far / 2)), norm="none", dropout=dropout))
    dcgan_init(judge)
    return judge


def build(o: GmanOptions, shape: Shape) -> tuple[nn.Module, nn.ModuleList]:
    """Generator and N discriminators for images (C, H, W) or points (d,)."""
    inputs = {"z": o.z_dim}
    g = MlpGenerator(inputs, shape, o.hidden) if len(shape) == 1 else ConvGenerator(inputs, shape, o.width)
    last = o.discriminators - 1
    return g, nn.ModuleList(discriminator(o, shape, number / last) for number in range(o.discriminators))


def losses(o: GmanOptions, judges: Sequence[nn.Module], real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """The losses of each D and of G with each D, [N] both; the N parts of ``real`` and ``fake`` are for one D each."""
    parts = zip(judges, real.chunk(len(judges)), fake.chunk(len(judges)), strict=True)
    judged = [logits(judge, *samples, None, apart=False) for judge, *samples in parts]
    objective = OBJECTIVES[o.loss]
    of_d = torch.stack([objective.discriminator(*pair) for pair in judged])
    return of_d, torch.stack([objective.generator(*pair) for pair in judged])


def combined(o: GmanOptions, of_g: Tensor, regulator: Regulator) -> Tensor:
    """What G minimises; with ``learned`` it minimises it in λ, too, and is rewarded for a large one (eq. 7).

    Without the reward λ could only fall: the softmax's slope in λ is the losses' variance under its weights.
    """
    if o.objective == "mean":
        return mean(of_g)
    if o.objective == "max":
        return largest(of_g)
    if o.objective == "softmax":
        return softmax(of_g, o.lambda_, through=o.through_weights)
    sharpness = regulator()
    return softmax(of_g, sharpness, through=o.through_weights) - o.reward * sharpness


def step_all(
    o: GmanOptions,
    nets: tuple[nn.Module, Sequence[nn.Module], Regulator],
    optimisers: tuple[Optimizer, Optimizer],
    real: Tensor,
    z: Tensor,
) -> tuple[Tensor, Tensor]:
    """Update G, with λ where it is learned, and every D once, all from one forward pass.

    ``real`` [N·batch, ...] and ``z`` [N·batch, z_dim] have a part for each D. Returns the mean of D's losses and G's.
    """
    g, judges, regulator = nets
    of_d, of_g = losses(o, judges, real, g(z))
    g_loss = combined(o, of_g, regulator)
    g_optimiser, d_optimiser = optimisers
    kit.descend_both(d_optimiser, of_d.sum(), g_optimiser, g_loss)
    return of_d.detach().mean(), g_loss.detach()


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train GMAN: all networks at once in every step. Returns G (or its average) in inference mode.

    Adam moves each weight by itself, so that one optimiser of all D is an optimiser for each.
    """
    o: GmanOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, judges = build(o, run.data.spec.shape)
        g, judges, regulator = g.to(device), judges.to(device), Regulator().to(device)
        learned = o.objective == "learned"
        optimisers = (
            kit.adam([*g.parameters(), *(regulator.parameters() if learned else ())], o.lr, o.beta1),
            kit.adam(judges.parameters(), o.lr, o.beta1),
        )
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        nets = {"g": g, "d": judges, "lambda": regulator, **ema.nets}
        samples = o.batch * o.discriminators
        for step in run.steps(o.steps, state=kit.State(nets, dict(zip("gd", optimisers, strict=True)))):
            kit.reseed(run, step)
            real, z = feed.reals(samples, step), feed.latents(samples, step, "both")["z"]
            d_loss, g_loss = step_all(o, (g, judges, regulator), optimisers, real, z)
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, **({"lambda_": regulator().detach()} if learned else {}))
    return ema.result.eval()
