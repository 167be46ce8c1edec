"""DCGAN (Radford, Metz and Chintala 2015): networks, losses, one update step, training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, Shape, dcgan_init
from ganzoo_torch.objectives import cross_entropy, non_saturating

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.dcgan import DcganOptions


class Discriminator(nn.Module):
    """Strided convolutions with BN (none on the input), leaky ReLU .2, then one logit per image: [N]."""

    def __init__(self, shape: Shape, width: int) -> None:
        super().__init__()
        self.trunk = ConvTrunk(shape, width, norm="batch")
        self.logit = nn.Linear(self.trunk.features, 1)
        dcgan_init(self)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of "this image is real"."""
        return self.logit(self.trunk(x)).squeeze(1)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """−log σ(D(x)) − log(1 − σ(D(G(z)))) on logits [N], averaged over the batch (Goodfellow et al. 2014, eq. 1)."""
    return cross_entropy(real, fake)


def generator_loss(fake: Tensor) -> Tensor:
    """−log σ(D(G(z))) on logits [N]: the non-saturating loss (Goodfellow et al. 2014, section 3)."""
    return non_saturating(fake, fake)


def discriminator_step(g: nn.Module, d: nn.Module, optimiser: Optimizer, real: Tensor, z: Tensor) -> Tensor:
    """Update D once. Real and fake go through D in two batches, each with its own batch-norm statistics."""
    with torch.no_grad():
        fake = g(z)
    loss = discriminator_loss(d(real), d(fake))
    kit.descend(optimiser, loss)
    return loss.detach()


def generator_step(g: nn.Module, d: nn.Module, optimiser: Optimizer, z: Tensor) -> Tensor:
    """Update G once, through a D that stays as it is."""
    with kit.frozen(d):
        loss = generator_loss(d(g(z)))
        kit.descend(optimiser, loss)
    return loss.detach()


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train DCGAN: at each step D first, then G with fresh z. Returns G (or its average) in inference mode."""
    o: DcganOptions = run.options
    shape = run.data.spec.shape
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g = ConvGenerator({"z": o.z_dim}, shape, o.width).to(device)
            d = Discriminator(shape, o.width).to(device)
        g_optimiser, d_optimiser = (kit.adam(net.parameters(), o.lr, o.beta1) for net in (g, d))
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, **ema.nets}, {"g": g_optimiser, "d": d_optimiser})
        for step in run.steps(o.steps, state=state):
            real = feed.reals(o.batch, step)
            d_loss = discriminator_step(g, d, d_optimiser, real, feed.latents(o.batch, step, "discriminator")["z"])
            g_loss = generator_step(g, d, g_optimiser, feed.latents(o.batch, step, "generator")["z"])
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss)
    return ema.result.eval()
