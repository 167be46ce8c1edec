"""PyTorch references of GANs that move D and G at once.

As scripts do it: G first, through a D that has not moved yet, then D on the fakes that the old G made.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from ganzoo_torch.initialisation import initialise
from ganzoo_torch.models import began as began_model
from ganzoo_torch.models import pacgan as pacgan_model
from ganzoo_torch.models import unrolled as unrolled_model
from ganzoo_torch.objectives import cross_entropy
from torch import Tensor, nn
from torch.func import functional_call

from references import Step, Task, written_for
from references.convolutions import alike, discriminator, generator
from references.torch_loop import adam, averaged, descend, reals, same_networks, uniform


def pacgan(task: Task) -> Step:
    """Packs of samples are the channels of D's images."""
    o, shape, objective = task.options, task.data.spec.shape, pacgan_model.OBJECTIVE
    plain = generator(o.z_dim, o.width), discriminator(o.width, norm=True, channels=o.pack)
    g, d = alike(plain, pacgan_model.build(o, shape))
    g_adam, d_adam = (adam(net.parameters(), o.lr, o.beta1) for net in (g, d))
    samples = o.batch * o.pack
    batches, average = reals(task, samples), averaged(g, o.ema)

    def step() -> tuple[float, float]:
        real = next(batches).view(o.batch, o.pack, *shape[1:])
        fake = g(torch.randn(samples, o.z_dim)).view(o.batch, o.pack, *shape[1:])
        judged = d(fake)
        g_loss = objective.generator(judged, judged)
        descend(g_adam, g_loss)
        d_loss = objective.discriminator(d(real), d(fake.detach()))
        descend(d_adam, d_loss)
        average()
        return d_loss.item(), g_loss.item()

    return step


def conv(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    """BEGAN's convolution."""
    return [nn.Conv2d(before, after, 3, stride, 1), nn.ELU()]


def decoder(code: int, width: int) -> nn.Sequential:
    """BEGAN's decoder of 8×8 images."""
    return nn.Sequential(
        nn.Linear(code, 16 * width),
        nn.Unflatten(1, (width, 4, 4)),
        *conv(width, width),
        *conv(width, width),
        nn.UpsamplingNearest2d(scale_factor=2),
        *conv(width, width),
        *conv(width, width),
        nn.Conv2d(width, 1, 3, padding=1),
    )


def encoder(code: int, width: int) -> nn.Sequential:
    """BEGAN's encoder of 8×8 images."""
    return nn.Sequential(
        *conv(1, width),
        *conv(width, width),
        *conv(width, 2 * width, 2),
        *conv(2 * width, 2 * width),
        nn.Flatten(),
        nn.Linear(32 * width, code),
    )


def began(task: Task) -> Step:
    """G along the error of its images, D along L(x) - k L(G(z)) in two passes, then k, a number of Python's."""
    o, steps, k = task.options, itertools.count(), 0.0
    g, d = decoder(o.z_dim, o.width), nn.Sequential(encoder(o.z_dim, o.width), decoder(o.z_dim, o.width))
    same_networks((g, d), began_model.build(o, task.data.spec.shape))
    for net in (g, d):
        initialise(net, "glorot")
    adams = g_adam, d_adam = [adam(net.parameters(), o.lr, o.beta1) for net in (g, d)]
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def step() -> tuple[float, ...]:
        nonlocal k
        lr = began_model.rate(o, next(steps))
        for group in (group for optimiser in adams for group in optimiser.param_groups):
            group["lr"] = lr
        real, fake = next(batches), g(uniform(o.batch, o.z_dim))
        g_loss = (d(fake) - fake).abs().mean()
        descend(g_adam, g_loss)
        fake = fake.detach()
        of_real, of_fake = (d(real) - real).abs().mean(), (d(fake) - fake).abs().mean()
        d_loss = of_real - k * of_fake
        descend(d_adam, d_loss)
        difference = (o.gamma * of_real - of_fake).item()
        before, k = k, min(max(k + o.lambda_k * difference, 0.0), 1.0)
        average()
        return d_loss.item(), g_loss.item(), before, of_real.item() + abs(difference)

    return step


def drawn(x: Tensor, batch: int) -> Iterator[Tensor]:
    """Points drawn at random, as scripts for toy mixtures draw them, without a DataLoader."""
    while True:
        yield x[torch.randint(len(x), (batch,))]


def perceptron(entry: int, hidden: int, exit_: int) -> nn.Sequential:
    """Two tanh layers and a linear one."""
    layers = nn.Linear(entry, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, exit_)
    return nn.Sequential(*layers)


Weights = dict[str, Tensor]
"""Of a network, by name; or a moment of each."""


def adam_update(
    weights: Weights, loss: Tensor, moments: tuple[Weights, Weights], count: int, lr: float, beta1: float
) -> tuple[Weights, tuple[Weights, Weights]]:
    """Update number ``count`` of Adam along ``loss``, differentiable, parameter by parameter."""
    gradients = torch.autograd.grad(loss, list(weights.values()), create_graph=True)
    after: Weights = {}
    means: Weights = {}
    squares: Weights = {}
    for (name, weight), gradient in zip(weights.items(), gradients, strict=True):
        means[name] = beta1 * moments[0][name] + (1 - beta1) * gradient
        squares[name] = 0.999 * moments[1][name] + (1 - 0.999) * gradient**2
        root = (squares[name] / (1 - 0.999**count)).sqrt() + 1e-8
        after[name] = weight - lr / (1 - beta1**count) * means[name] / root
    return after, (means, squares)


def unrolled(task: Task) -> Step:
    """``unroll`` differentiable updates of a D of its own, G through them, then D's plain update."""
    o = task.options
    written_for(o, loss="minimax")
    g, d = perceptron(o.z_dim, o.hidden, 2), nn.Sequential(perceptron(2, o.hidden, 1), nn.Flatten(0))
    same_networks((g, d), unrolled_model.build(o, task.data.spec.shape))
    for net in (g, d):
        unrolled_model.orthogonal(net)
    g_adam, d_adam = adam(g.parameters(), o.lr_g, o.beta1), adam(d.parameters(), o.lr_d, o.beta1)
    batches, average = drawn(torch.from_numpy(task.data.scaled()), o.batch), averaged(g, o.ema)

    def moments(key: str) -> Weights:
        return {name: d_adam.state[p].get(key, torch.zeros_like(p)) for name, p in d.named_parameters()}

    def ahead(real: Tensor, fake: Tensor, done: int) -> Weights:
        weights: Weights = dict(d.named_parameters())
        both = moments("exp_avg"), moments("exp_avg_sq")
        for count in range(done + 1, done + 1 + o.unroll):
            loss = cross_entropy(*(functional_call(d, weights, (x,)) for x in (real, fake)))
            weights, both = adam_update(weights, loss, both, count, o.lr_d, o.beta1)
        return weights

    steps = itertools.count()

    def step() -> tuple[float, float]:
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim))
        weights = ahead(real, fake, next(steps))
        g_loss = -cross_entropy(*(functional_call(d, weights, (x,)) for x in (real, fake)))
        descend(g_adam, g_loss)
        d_loss = cross_entropy(d(real), d(fake.detach()))
        descend(d_adam, d_loss)
        average()
        return d_loss.item(), g_loss.item()

    return step
