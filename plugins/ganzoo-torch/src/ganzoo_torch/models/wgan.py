"""WGAN with weight clipping (Arjovsky, Chintala and Bottou 2017): networks, losses, one update step, training.

The critic is clipped once after initialisation and then after every update (Algorithm 1, line 7). It is therefore
also clipped before every critic step, as in the authors' code, and whenever G's gradient passes through it, where the
authors' code lets the last critic update go by unclipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, MlpGenerator, Shape, dcgan_init, mlp
from ganzoo_torch.objectives import raise_score, wasserstein

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.wgan import WganOptions


class ConvCritic(nn.Module):
    """DCGAN's discriminator without a sigmoid: one unbounded score per image, [N]. ``norm``: with its batch norm."""

    def __init__(self, shape: Shape, width: int, *, norm: bool) -> None:
        super().__init__()
        self.trunk = ConvTrunk(shape, width, norm="batch" if norm else "none")
        self.score = nn.Linear(self.trunk.features, 1)
        dcgan_init(self)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of images [N, C, H, W]."""
        return self.score(self.trunk(x)).squeeze(1)


class PointCritic(nn.Module):
    """A ReLU MLP with three hidden layers: one unbounded score per point, [N]."""

    def __init__(self, shape: Shape, hidden: int) -> None:
        super().__init__()
        self.layers = mlp(shape[0], hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scores of points [N, d]."""
        return self.layers(x).squeeze(1)


def build(o: WganOptions, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """Generator and critic for images (C, H, W) or points (d,)."""
    if len(shape) == 1:
        return MlpGenerator({"z": o.z_dim}, shape, o.hidden, norm="none"), PointCritic(shape, o.hidden)
    return ConvGenerator({"z": o.z_dim}, shape, o.width), ConvCritic(shape, o.width, norm=o.critic_norm)


def critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E f(G(z)) − E f(x): minimised, so that real scores rise and its negative estimates K·W(P_r, P_g) (eq. 2)."""
    return wasserstein(real, fake)


def generator_loss(fake: Tensor) -> Tensor:
    """−E f(G(z)) (eq. 4)."""
    return raise_score(fake, fake)


@torch.no_grad()
def clip(critic: nn.Module, bound: float) -> None:
    """Clamp every parameter of the critic to [−bound, bound]."""
    for parameter in critic.parameters():
        parameter.clamp_(-bound, bound)


def critic_step(
    g: nn.Module, critic: nn.Module, optimiser: Optimizer, real: Tensor, z: Tensor, *, bound: float, apart: bool
) -> Tensor:
    """Update the critic once and clip it; real and fake go through it ``apart`` where it has batch norm."""
    with torch.no_grad():
        fake = g(z)
    scores = (critic(real), critic(fake)) if apart else critic(torch.cat((real, fake))).tensor_split(2)
    loss = critic_loss(*scores)
    kit.descend(optimiser, loss)
    clip(critic, bound)
    return loss.detach()


def generator_step(g: nn.Module, critic: nn.Module, optimiser: Optimizer, z: Tensor) -> Tensor:
    """Update G once, through a critic that stays as it is."""
    with kit.frozen(critic):
        loss = generator_loss(critic(g(z)))
        kit.descend(optimiser, loss)
    return loss.detach()


def critic_updates(step: int, o: WganOptions) -> int:
    """Critic updates before generator update ``step``: many in the first steps and now and then, else n_critic."""
    return o.warmup_critic if step < o.warmup_steps or step % o.warmup_every == 0 else o.n_critic


def critic_ticks(step: int, o: WganOptions) -> range:
    """The same updates, numbered from the start of training: a closed form, so that a resume needs no counter."""
    every = -(-step // o.warmup_every)  # multiples of warmup_every below step, 0 among them
    early = min(step, o.warmup_steps)
    both = -(-early // o.warmup_every)
    many = early + every - both
    start = many * o.warmup_critic + (step - many) * o.n_critic
    return range(start, start + critic_updates(step, o))


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train WGAN: at each step the critic's updates, then G's. Returns G (or its average) in inference mode."""
    o: WganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, critic = (net.to(device) for net in build(o, run.data.spec.shape))
        clip(critic, o.clip)
        g_optimiser, critic_optimiser = (kit.rmsprop(net.parameters(), o.lr) for net in (g, critic))
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "critic": critic, **ema.nets}, {"g": g_optimiser, "critic": critic_optimiser})
        apart = o.critic_norm and not isinstance(critic, PointCritic)
        for step in run.steps(o.steps, state=state):
            for tick in critic_ticks(step, o):
                real, z = feed.reals(o.batch, tick), feed.latents(o.batch, tick, "critic")["z"]
                d_loss = critic_step(g, critic, critic_optimiser, real, z, bound=o.clip, apart=apart)
            g_loss = generator_step(g, critic, g_optimiser, feed.latents(o.batch, step, "generator")["z"])
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss)
    return ema.result.eval()
