"""AC-GAN (Odena, Olah and Shlens 2017): networks, losses, one update step, training.

D is not told the class; it says both where a sample is from and of what class it is (section 3):

    L_S = log P(source = real | x) + log P(source = fake | G(z, y))     (eq. 2)
    L_C = log P(class of x | x) + log P(class y | G(z, y))              (eq. 3)

D maximises L_S + L_C, G maximises L_C − L_S. G's −L_S is here the non-saturating loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from ganzoo_torch import kit, norms
from ganzoo_torch.names import Norm
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, Shape, dcgan_init
from ganzoo_torch.objectives import OBJECTIVES

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.acgan import AcganOptions

SOURCE = OBJECTIVES["nonsaturating"]


class Generator(nn.Module):
    """z [N, z_dim] with the one-hot label joined to it → images [N, C, H, W] in [-1, 1]."""

    codes: Tensor

    def __init__(self, z_dim: int, classes: int, shape: Shape, width: int) -> None:
        super().__init__()
        self.input_sizes = {"z": z_dim, "y": 0}
        self.net = ConvGenerator({"z": z_dim, "c": classes}, shape, width)
        self.register_buffer("codes", torch.eye(classes), persistent=False)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Images for ``z`` and labels ``y`` int64 [N]."""
        return self.net(z, self.codes[y])


class Discriminator(nn.Module):
    """A trunk with two linear heads: the source's logit [N] and the classes' logits [N, classes]."""

    def __init__(self, shape: Shape, width: int, classes: int, *, norm: Norm, dropout: float) -> None:
        super().__init__()
        self.trunk = ConvTrunk(shape, width, norm=norm, dropout=dropout)
        self.source = nn.Linear(self.trunk.features, 1)
        self.classes = nn.Linear(self.trunk.features, classes)
        dcgan_init(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of "this image is real", and of each class."""
        h = self.trunk(x)
        return self.source(h).squeeze(1), self.classes(h)


def class_loss(logits: Tensor, y: Tensor) -> Tensor:
    """−log P(class = y | x), from logits [N, classes]: cross_entropy applies the only softmax."""
    return cross_entropy(logits, y)


Labelled = tuple[Tensor, Tensor]
"""Samples [N, ...] and their labels int64 [N]."""


def discriminator_step(
    d: nn.Module, optimiser: Optimizer, real: Labelled, fake: Labelled, o: AcganOptions
) -> tuple[Tensor, Tensor]:
    """Update D once: −(L_S + class_weight · L_C). Returns the losses of source and class.

    Real and fake go through D in two batches, each with its own batch-norm statistics.
    """
    (x, y), (fakes, wanted) = real, fake
    (of_real, real_classes), (of_fake, fake_classes) = d(x), d(fakes)
    source, classes = SOURCE.discriminator(of_real, of_fake), class_loss(real_classes, y)
    if o.class_fakes:
        classes = classes + class_loss(fake_classes, wanted)
    kit.descend(optimiser, source + o.class_weight * classes)
    return source.detach(), classes.detach()


def generator_step(
    g: nn.Module, d: nn.Module, optimiser: Optimizer, inputs: dict[str, Tensor], o: AcganOptions
) -> Tensor:
    """Update G once, through a D that stays as it is, so that fakes seem real and of the class they were asked for."""
    with kit.frozen(d):
        of_fake, classes = d(g(**inputs))
        source = SOURCE.generator(of_fake, of_fake)
        kit.descend(optimiser, source + o.class_weight * class_loss(classes, inputs["y"]))
    return source.detach()


def build(o: AcganOptions, shape: Shape, classes: int) -> tuple[Generator, Discriminator]:
    """Generator and discriminator for images (C, H, W) of so many classes."""
    d = Discriminator(shape, o.width, classes, norm=o.norm, dropout=o.dropout)
    if o.norm == "spectral":
        norms.spectral(d)
    return Generator(o.z_dim, classes, shape, o.width), d


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train AC-GAN: at each step D, then G with fresh z and labels. Returns G (or its average) in inference mode."""
    o: AcganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = (net.to(device) for net in build(o, run.data.spec.shape, run.latent.classes))
        g_optimiser, d_optimiser = (kit.adam(net.parameters(), o.lr, o.beta1) for net in (g, d))
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, **ema.nets}, {"g": g_optimiser, "d": d_optimiser})
        for step in run.steps(o.steps, state=state):
            kit.reseed(run, step)
            inputs = feed.latents(o.batch, step, "discriminator")
            with torch.no_grad():
                fake = g(**inputs), inputs["y"]
            d_loss, loss_of_classes = discriminator_step(d, d_optimiser, feed.labelled(o.batch, step), fake, o)
            g_loss = generator_step(g, d, g_optimiser, feed.latents(o.batch, step, "generator"), o)
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, class_loss=loss_of_classes)
    return ema.result.eval()
