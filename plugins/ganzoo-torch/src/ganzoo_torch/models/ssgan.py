"""Semi-supervised GAN with feature matching (Salimans et al. 2016, sections 3.1 and 5): networks, losses, training.

D is a classifier of K classes. A sample is fake with the probability of a class K + 1 whose logit is fixed at 0, so
that with l = log Σ exp(logits) the logit of "real" is l itself:

    L_lab = −log p(y | x, real)                                   of the few labelled samples
    L_unl = −½ log p(real | x) − ½ log p(fake | G(z))
          = ½ (softplus(l(x)) − l(x)) + ½ softplus(l(G(z)))       of all samples, without their labels
    L_G   = mean (E h(x) − E h(G(z)))²                            h: D's last hidden layer

The networks are those of the authors' run on MNIST.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear, normalize
from torch.optim import Optimizer

import ganzoo
from ganzoo_torch import kit, norms, objectives, shares
from ganzoo_torch.networks import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ganzoo_torch.ssgan import SsganOptions

    Rows = NDArray[np.int64]

FITTED_ON = 500
"""Real samples that D's first weights are fitted to."""


class Noise(nn.Module):
    """Adds Gaussian noise of a σ in training, drawn from torch's generator."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return x + self.sigma * torch.randn_like(x) if self.training and self.sigma else x


class Dense(nn.Module):
    """[N, before] → [N, after], the weights of each unit normed to a scale, which is learnt with ``learnt``."""

    scale: Tensor

    def __init__(self, before: int, after: int, *, learnt: bool) -> None:
        super().__init__()
        self.direction = nn.Parameter(0.1 * torch.randn(after, before))
        self.bias = nn.Parameter(torch.zeros(after))
        if learnt:
            self.scale = nn.Parameter(torch.ones(after))
        else:
            self.register_buffer("scale", torch.ones(after))

    def forward(self, x: Tensor) -> Tensor:
        """The linear function of ``x``."""
        return linear(x, self.scale[:, None] * normalize(self.direction, dim=1), self.bias)

    @torch.no_grad()
    def standardise(self, x: Tensor) -> None:
        """Choose scale and bias so that every output has mean 0 and variance 1 over ``x`` [N, before]."""
        y = self(x)
        std = y.std(0, correction=0).clamp_min(1e-6)
        self.bias.copy_((self.bias - y.mean(0)) / std)
        self.scale.div_(std)


class Generator(nn.Module):
    """z [N, z_dim] → images [N, C, H, W] in [-1, 1]: two hidden layers with batch norm and softplus, tanh."""

    classifier: Classifier
    """What was trained against it; no module, so that it is no part of the generator's weights or of its file."""

    def __init__(self, z_dim: int, shape: Shape, hidden: int) -> None:
        super().__init__()
        self.input_sizes = {"z": z_dim}
        layers: list[nn.Module] = []
        for before in (z_dim, hidden):
            layers += [nn.Linear(before, hidden, bias=False), norms.batch(hidden), nn.Softplus()]
        layers += [Dense(hidden, math.prod(shape), learnt=True), nn.Tanh(), nn.Unflatten(1, shape)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Images for ``z``."""
        return self.layers(z)


class Discriminator(nn.Module):
    """Images [N, C, H, W] in [-1, 1] → K logits: a perceptron of five hidden layers, noise before every one."""

    def __init__(self, shape: Shape, classes: int, o: SsganOptions) -> None:
        super().__init__()
        sizes = (math.prod(shape), o.hidden, o.hidden // 2, *[o.hidden // 4] * 3)
        sigmas = (o.noise_in, *[o.noise] * 4)
        layers: list[nn.Module] = []
        for sigma, (before, after) in zip(sigmas, pairwise(sizes), strict=True):
            layers += [Noise(sigma), Dense(before, after, learnt=False), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.classes = nn.Sequential(Noise(o.noise), Dense(sizes[-1], classes, learnt=True))

    def features(self, x: Tensor) -> Tensor:
        """h: the last hidden layer [N, hidden // 4], before the noise on it."""
        return self.hidden(as_grey_levels(x))

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, K]."""
        return self.classes(self.features(x))

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Fit the first weights to real samples: each unit then has mean 0 and variance 1 over them."""
        x = as_grey_levels(x)
        for layer in (*self.hidden, *self.classes):
            if isinstance(layer, Dense):
                layer.standardise(x)
            x = layer(x)


def as_grey_levels(x: Tensor) -> Tensor:
    """Images in [-1, 1] as vectors [N, d] in [0, 1], which the σ of the noise is for."""
    return (x.flatten(1) + 1) / 2


def labelled_loss(logits: Tensor, y: Tensor) -> Tensor:
    """L_lab = l − logit of the class, from logits [N, K]: cross_entropy applies the only softmax."""
    return cross_entropy(logits, y)


def unlabelled_loss(real: Tensor, fake: Tensor) -> Tensor:
    """L_unl from logits [N, K]: half of a GAN's cross-entropy on l, since softplus(l) − l = softplus(−l)."""
    return 0.5 * objectives.cross_entropy(real.logsumexp(1), fake.logsumexp(1))


def matching_loss(real: Tensor, fake: Tensor) -> Tensor:
    """L_G from features [N, k]: the distance of their means (section 3.1), its square averaged over the features."""
    return (real.mean(0) - fake.mean(0)).square().mean()


def labelled_rows(y: Rows, classes: int, each: int, seed: int) -> Rows:
    """Rows of the samples whose labels D is shown: ``each`` of every class, drawn from ``seed`` alone.

    Raises GanzooError where a class has fewer.
    """
    order = draws(seed, 0).permutation(len(y))
    rows = [order[y[order] == label][:each] for label in range(classes)]
    for label, found in enumerate(rows):
        if len(found) < each:
            raise ganzoo.GanzooError(
                f"labelled={each} asks for {each} labels of each class, but class {label} has {len(found)}.",
                "Set labelled to as many as the smallest class has, or fewer.",
            )
    return np.concatenate(rows)


def draws(seed: int, epoch: int) -> np.random.Generator:
    """Draws of one epoch of the labelled samples, the same whenever they are asked for; 0: which they are."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, epoch])))


class LabelledFeed:
    """The labelled samples, dealt out in batches: every one once in each epoch of theirs, in a new order."""

    def __init__(self, feed: kit.Feed, rows: Rows, seed: int) -> None:
        self._feed = feed
        self._rows = rows
        self._seed = seed

    def batch(self, size: int, step: int) -> tuple[Tensor, Tensor]:
        """Samples [size, ...] and labels int64 [size] of a step."""
        places = np.arange(step * size, (step + 1) * size)
        epochs = range(places[0] // len(self._rows), places[-1] // len(self._rows) + 1)
        dealt = np.concatenate([draws(self._seed, 1 + epoch).permutation(self._rows) for epoch in epochs])
        return self._feed.at(dealt[places - epochs.start * len(self._rows)])


@dataclass(frozen=True)
class Classifier:
    """D as a classifier."""

    d: nn.Module

    def classify(self, x: Tensor) -> Tensor:
        """The classes int64 [N] of images [N, C, H, W] in [-1, 1], without noise."""
        with kit.inference(self.d):
            return torch.cat([self.d(part).argmax(1) for part in x.split(kit.SAMPLE_BATCH)])

    def error(self, data: ganzoo.TrainData) -> ganzoo.Estimate:
        """Share of labelled samples that it puts into a wrong class, with its binomial standard error."""
        device = next(self.d.parameters()).device
        found = self.classify(torch.from_numpy(data.scaled()).to(device)).cpu().numpy()
        return shares.share(int((found != data.y).sum()), len(found))


def discriminator_step(
    d: nn.Module, optimiser: Optimizer, labelled: tuple[Tensor, Tensor], real: Tensor, fake: Tensor, weight: float
) -> tuple[Tensor, Tensor]:
    """Update D once along L_lab + weight · L_unl; returns the two."""
    x, y = labelled
    of_labelled, of_real, of_fake = d(torch.cat((x, real, fake))).split((len(x), len(real), len(fake)))
    known, unknown = labelled_loss(of_labelled, y), unlabelled_loss(of_real, of_fake)
    kit.descend(optimiser, known + weight * unknown)
    return known.detach(), unknown.detach()


def generator_step(g: nn.Module, d: Discriminator, optimiser: Optimizer, real: Tensor, z: Tensor) -> Tensor:
    """Update G once along L_G, through a D that stays as it is; no label is seen."""
    with kit.frozen(d):
        loss = matching_loss(*d.features(torch.cat((real, g(z)))).split((len(real), len(z))))
        kit.descend(optimiser, loss)
    return loss.detach()


def build(o: SsganOptions, shape: Shape, classes: int) -> tuple[Generator, Discriminator]:
    """Generator and discriminator for images (C, H, W) of so many classes."""
    return Generator(o.z_dim, shape, o.hidden_g), Discriminator(shape, classes, o)


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train the pair: at each step D, then G with fresh reals and z.

    Returns G (or its average) in inference mode; it carries the average of D as ``classifier``.
    """
    o: SsganOptions = run.options
    spec = run.data.spec
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = (net.to(device) for net in build(o, spec.shape, spec.classes))
        feed = kit.Feed(run, device)
        kit.reseed(run, 0)
        d.fit(feed.reals(FITTED_ON, 0))
        g_optimiser, d_optimiser = (kit.adam(net.parameters(), o.lr, o.beta1) for net in (g, d))
        ema, ema_d = kit.Ema(g, o.ema), kit.Ema(d, o.ema_d)
        averages = ema.nets | {f"{name}_d": net for name, net in ema_d.nets.items()}
        state = kit.State({"g": g, "d": d, **averages}, {"g": g_optimiser, "d": d_optimiser})
        labelled: LabelledFeed | None = None
        for step in run.steps(o.steps, state=state):
            if labelled is None:  # not before: a run that has no step may have few samples
                labelled = LabelledFeed(feed, labelled_rows(run.data.y, spec.classes, o.labelled, run.seed), run.seed)
            kit.reseed(run, step)
            with torch.no_grad():
                fake = g(feed.latents(o.batch, step, "discriminator")["z"])
            real, others = (feed.reals(o.batch, tick) for tick in (2 * step, 2 * step + 1))
            known, d_loss = discriminator_step(
                d, d_optimiser, labelled.batch(o.batch, step), real, fake, o.unlabelled_weight
            )
            g_loss = generator_step(g, d, g_optimiser, others, feed.latents(o.batch, step, "generator")["z"])
            ema.update(step)
            ema_d.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, labelled_loss=known)
    trained = ema.result.eval()
    trained.classifier = Classifier(ema_d.result.eval())
    return trained
