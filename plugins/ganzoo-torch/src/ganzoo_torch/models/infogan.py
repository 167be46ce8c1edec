"""InfoGAN (Chen et al. 2016): networks, losses, one update step, training.

Which loss moves what (paper eq. 6: min over G and Q, max over D, of V(D, G) − λ L_I(G, Q)):

    D's optimiser   trunk, D head   D's cross-entropy + λ × MI loss of the fakes, through a fixed Q head
    G's optimiser   G, Q head       G's cross-entropy + λ × MI loss, through a fixed trunk and D head

The term is thus in both losses, as in the authors' code; that code, unlike this one, also gives the Q head to D's
optimiser. The MI loss is −L_I up to the constant entropy of the codes.

Q is also a classifier that no label taught: each value of the categorical code is matched to a class, and the share of
real samples that Q then gets wrong is measured (section 7.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from ganzoo_torch import kit, shares
from ganzoo_torch.models.dcgan import discriminator_loss, generator_loss
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, Shape, dcgan_init

if TYPE_CHECKING:
    from numpy.typing import NDArray

    import ganzoo
    from ganzoo_torch.infogan import InfoganOptions

SLOPE = 0.1
MAX_LOG_STD = 5.0


def dense(before: int, after: int, *, norm: bool) -> list[nn.Module]:
    """Fully connected, BN, leaky ReLU. BN only ever sees training batches here: it keeps no running averages."""
    norms = [nn.BatchNorm1d(after, eps=1e-5, momentum=0.1, track_running_stats=False)] if norm else []
    return [nn.Linear(before, after, bias=not norm), *norms, nn.LeakyReLU(SLOPE)]


class Discriminator(nn.Module):
    """A trunk shared by D and Q (``shared``) with D's logit on top (Appendix C.1, widths scaled).

    With batch norm this close to the logit D hardly sees what real and fake batches differ by on average.
    """

    def __init__(self, shape: Shape, width: int, *, dense_norm: bool = True) -> None:
        super().__init__()
        trunk = ConvTrunk(shape, width, slope=SLOPE, norm="batch", dense=True)
        self.features = 16 * width
        self.shared = nn.Sequential(trunk, *dense(trunk.features, self.features, norm=dense_norm))
        self.logit = nn.Linear(self.features, 1)
        dcgan_init(self)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N] of "this image is real", and the features [N, ``features``] that Q reads."""
        h = self.shared(x)
        return self.logit(h).squeeze(1), h


class QHead(nn.Module):
    """Q(c | x) from the trunk's features: logits of the categorical code, mean and log σ of the continuous ones."""

    def __init__(self, features: int, width: int, categorical: int, continuous: int) -> None:
        super().__init__()
        self.sizes = (categorical, continuous, continuous)
        self.layers = nn.Sequential(*dense(features, 2 * width, norm=True), nn.Linear(2 * width, sum(self.sizes)))
        dcgan_init(self)

    def forward(self, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits [N, categorical], means and log σ [N, continuous]."""
        logits, mean, log_std = self.layers(h).split(self.sizes, 1)
        return logits, mean, log_std


def categorical_loss(logits: Tensor, one_hot: Tensor) -> Tensor:
    """−log Q(c | x) of the categorical code, from logits: cross_entropy applies the only softmax."""
    return cross_entropy(logits, one_hot)


def continuous_loss(mean: Tensor, log_std: Tensor, code: Tensor) -> Tensor:
    """−log N(c; mean, σ²), summed over the codes and averaged over the batch."""
    z = (code - mean) * torch.exp(-log_std)
    return (0.5 * z.square() + log_std + 0.5 * math.log(2 * math.pi)).sum(1).mean()


def information_loss(q: tuple[Tensor, Tensor, Tensor], c: Tensor, o: InfoganOptions) -> Tensor:
    """λ-weighted −log Q(c | x) of the codes [N, categorical + continuous] that made x (eq. 5)."""
    logits, mean, log_std = q
    loss = o.lambda_cat * categorical_loss(logits, c[:, : o.categorical])
    if o.continuous:
        # Fixed: σ = 1, as in the authors' MNIST run.
        log_std = log_std.clamp(-MAX_LOG_STD, MAX_LOG_STD) if o.variance == "learned" else torch.zeros_like(mean)
        loss = loss + o.lambda_cont * continuous_loss(mean, log_std, c[:, o.categorical :])
    return loss


Latents = dict[str, Tensor]


class Nets(NamedTuple):
    """InfoGAN's three sets of parameters; Q reads the features of D's trunk."""

    g: nn.Module
    d: nn.Module
    q: nn.Module


def discriminator_step(nets: Nets, optimiser: Optimizer, real: Tensor, latents: Latents, o: InfoganOptions) -> Tensor:
    """Update trunk and D head once, with the MI loss of the fakes through a fixed Q head.

    Real and fake go through D in two batches, each with its own batch-norm statistics.
    """
    g, d, q = nets
    with torch.no_grad():
        fake = g(**latents)
    with kit.frozen(q):
        (real_logits, _), (fake_logits, features) = d(real), d(fake)
        loss = discriminator_loss(real_logits, fake_logits)
        kit.descend(optimiser, loss + information_loss(q(features), latents["c"], o))
    return loss.detach()


def generator_step(nets: Nets, optimiser: Optimizer, latents: Latents, o: InfoganOptions) -> tuple[Tensor, Tensor]:
    """Update G and the Q head once, through a trunk and D head that stay as they are. Returns G's and the MI loss."""
    g, d, q = nets
    with kit.frozen(d):
        logits, features = d(g(**latents))
        loss, information = generator_loss(logits), information_loss(q(features), latents["c"], o)
        kit.descend(optimiser, loss + information)
    return loss.detach(), information.detach()


@dataclass(frozen=True)
class Recogniser:
    """The trained D and Q as a reader of codes; no module, so that it is no part of the file of the G that has it."""

    d: nn.Module
    q: nn.Module
    batch: int

    def codes(self, x: Tensor) -> NDArray[np.int64]:
        """The likeliest value of the categorical code of images [N, C, H, W] in [-1, 1]: int64 [N].

        Batch norm has no running averages, so that what is read in an image depends on its batch. All have ``batch``
        images, as in training, the last one filled up from the first; one shuffled order that follows from N alone
        mixes the classes of data that lie class by class.
        """
        order = np.random.Generator(np.random.Philox(0)).permutation(len(x))
        filled = np.resize(order, -(-len(x) // self.batch) * self.batch)
        found = np.empty(len(x), np.int64)
        with kit.inference(self.d), kit.inference(self.q):
            batches = x[torch.from_numpy(filled).to(x.device)].split(self.batch)
            read = torch.cat([self.q(self.d(part)[1])[0].argmax(1) for part in batches])
        found[order] = read[: len(x)].cpu().numpy()
        return found

    def error(self, data: ganzoo.TrainData) -> ganzoo.Estimate:
        """Share of labelled samples whose code is not the one matched to their class, with its binomial standard error.

        Codes are matched by these very samples, which favours Q a little; the labels are used for nothing else. Without
        any skill it is near 1 − 1/k for k classes of one size.
        """
        assert data.y is not None, "the hook asks for labels"
        codes = self.codes(torch.from_numpy(data.scaled()).to(next(self.d.parameters()).device))
        values = self.q.sizes[0]
        counts = np.bincount(codes * data.spec.classes + data.y, minlength=values * data.spec.classes)
        right = matched(counts.reshape(values, data.spec.classes))
        return shares.share(len(codes) - right, len(codes))


def matched(counts: NDArray[np.int64]) -> int:
    """The most samples that a matching of codes to classes one to one gets right.

    ``counts`` [codes, classes] says how many samples of a class have a code; those of codes or classes that are left
    over are wrong.
    """
    from scipy.optimize import linear_sum_assignment  # here: a training without labels does without

    return int(counts[linear_sum_assignment(counts, maximize=True)].sum())


def build(o: InfoganOptions, shape: Shape) -> Nets:
    """Generator, discriminator and Q head for images (C, H, W)."""
    inputs = {"z": o.z_dim, "c": o.categorical + o.continuous}
    d = Discriminator(shape, o.width, dense_norm=o.dense_norm)
    g = ConvGenerator(inputs, shape, o.width, hidden=16 * o.width)
    return Nets(g, d, QHead(d.features, o.width, o.categorical, o.continuous))


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train InfoGAN: at each step D, then G and Q with fresh z and c.

    Returns G (or its average) in inference mode; it carries D and Q as ``recogniser``.
    """
    o: InfoganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            nets = Nets(*(net.to(device) for net in build(o, run.data.spec.shape)))
        g, d, q = nets
        d_optimiser = kit.adam(d.parameters(), o.lr_d, o.beta1)
        g_optimiser = kit.adam([*g.parameters(), *q.parameters()], o.lr_g, o.beta1)
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, "q": q, **ema.nets}, {"g": g_optimiser, "d": d_optimiser})
        for step in run.steps(o.steps, state=state):
            real = feed.reals(o.batch, step)
            d_loss = discriminator_step(nets, d_optimiser, real, feed.latents(o.batch, step, "discriminator"), o)
            g_loss, mi_loss = generator_step(nets, g_optimiser, feed.latents(o.batch, step, "generator"), o)
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss, mi_loss=mi_loss)
    trained = ema.result.eval()
    trained.recogniser = Recogniser(d, q, o.batch)
    return trained
