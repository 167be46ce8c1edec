"""PyTorch reference of the semi-supervised GAN with feature matching, of perceptrons."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from ganzoo_torch.models.ssgan import build, labelled_loss, labelled_rows, matching_loss, unlabelled_loss
from torch import Tensor, nn
from torch.nn.functional import linear

from references import Step, Task
from references.torch_loop import adam, averaged, descend, loader, reals, same_networks, uniform


class Normed(nn.Module):
    """A linear layer whose weights are normed to a scale for each unit."""

    def __init__(self, before: int, after: int, *, learnt: bool) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(0.1 * torch.randn(after, before)), nn.Parameter(torch.zeros(after))
        scale = torch.ones(after)
        if learnt:
            self.scale = nn.Parameter(scale)
        else:
            self.register_buffer("scale", scale)

    def forward(self, x: Tensor) -> Tensor:
        """[N, before] → [N, after]."""
        norm = self.weight.square().sum(1, keepdim=True).sqrt()
        return linear(x, self.weight * (self.scale[:, None] / norm), self.bias)


class Noise(nn.Module):
    """Gaussian noise of a σ."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        return x + self.sigma * torch.randn_like(x)


class Discriminator(nn.Module):
    """Five hidden layers with noise before each, and a last one for the classes."""

    def __init__(self, o: Any, classes: int) -> None:
        super().__init__()
        sizes = 64, o.hidden, o.hidden // 2, *[o.hidden // 4] * 3
        layers: list[nn.Module] = []
        for sigma, pair in zip((o.noise_in, *[o.noise] * 4), pairwise(sizes), strict=True):
            layers += [Noise(sigma), Normed(*pair, learnt=False), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.classes = nn.Sequential(Noise(o.noise), Normed(sizes[-1], classes, learnt=True))

    def features(self, x: Tensor) -> Tensor:
        """The last hidden layer, of images in [-1, 1]."""
        return self.hidden((x.flatten(1) + 1) / 2)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the classes."""
        return self.classes(self.features(x))


def generator(o: Any) -> nn.Sequential:
    """Two hidden layers with batch norm and softplus."""
    hidden = o.hidden_g
    return nn.Sequential(
        *(nn.Linear(o.z_dim, hidden, bias=False), nn.BatchNorm1d(hidden), nn.Softplus()),
        *(nn.Linear(hidden, hidden, bias=False), nn.BatchNorm1d(hidden), nn.Softplus()),
        *(Normed(hidden, 64, learnt=True), nn.Tanh(), nn.Unflatten(1, (1, 8, 8))),
    )


def ssgan(task: Task) -> Step:
    """D on labelled, unlabelled and fake samples in three passes; then G towards the features of other reals.

    The labelled samples have a DataLoader of their own; they are repeated, so that their epochs are not of a few steps.
    """
    o, spec = task.options, task.data.spec
    g, d = generator(o), Discriminator(o, spec.classes)
    same_networks((g, d), build(o, spec.shape, spec.classes))
    g_adam, d_adam = (adam(net.parameters(), o.lr, o.beta1) for net in (g, d))
    rows = labelled_rows(task.data.y, spec.classes, o.labelled, 0)
    times = -(-len(task.data.y) // len(rows))
    few = torch.from_numpy(task.data.scaled()[rows]).repeat(times, 1, 1, 1), torch.from_numpy(task.data.y[rows])
    labelled = loader(few[0], few[1].repeat(times), o.batch)
    batches, others = reals(task, o.batch), reals(task, o.batch)
    averages = averaged(g, o.ema), averaged(d, o.ema_d)

    def step() -> tuple[float, float, float]:
        (x, y), real, fake = next(labelled), next(batches), g(uniform(o.batch, o.z_dim))
        known, d_loss = labelled_loss(d(x), y), unlabelled_loss(d(real), d(fake.detach()))
        descend(d_adam, known + o.unlabelled_weight * d_loss)
        g_loss = matching_loss(d.features(next(others)), d.features(g(uniform(o.batch, o.z_dim))))
        descend(g_adam, g_loss)
        for average in averages:
            average()
        return d_loss.item(), g_loss.item(), known.item()

    return step
