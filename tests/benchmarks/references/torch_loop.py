"""What the PyTorch references share: batches, latents, optimisers, the average, and the game of two networks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from references import Step, Task, same


def loader(x: Tensor, y: Tensor, batch: int) -> Iterator[list[Tensor]]:
    """Batches of samples and labels from a shuffling DataLoader, epoch after epoch."""
    batches = DataLoader(TensorDataset(x, y), batch_size=batch, shuffle=True, drop_last=True)
    while True:
        yield from batches


def labelled(task: Task, batch: int) -> Iterator[list[Tensor]]:
    """Batches of all training data with their labels."""
    return loader(torch.from_numpy(task.data.scaled()), torch.from_numpy(task.data.y), batch)


def reals(task: Task, batch: int) -> Iterator[Tensor]:
    """Batches of all training data."""
    return (x for x, _ in labelled(task, batch))


def uniform(*shape: int) -> Tensor:
    """Latents of U(-1, 1)."""
    return torch.rand(*shape) * 2 - 1


def adam(parameters: Iterable[nn.Parameter], lr: float, beta1: float, beta2: float = 0.999) -> torch.optim.Adam:
    """Adam, parameter by parameter."""
    return torch.optim.Adam(parameters, lr, (beta1, beta2), foreach=False)


def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    """One update along the loss's gradient, which other networks on the way get, too."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def averaged(net: nn.Module, decay: float) -> Callable[[], None]:
    """The update of an EMA (0: none) as scripts write it: parameter by parameter, buffer by buffer."""
    if not decay:
        return lambda: None
    mean = copy.deepcopy(net)

    @torch.no_grad()
    def update() -> None:
        for p_mean, p in zip(mean.parameters(), net.parameters(), strict=True):
            p_mean.copy_(p.lerp(p_mean, decay))
        for b_mean, b in zip(mean.buffers(), net.buffers(), strict=True):
            b_mean.copy_(b)

    return update


def same_networks(plain: Iterable[nn.Module], own: Iterable[nn.Module]) -> None:
    """Stop where the reference's networks are not the plugin's: their parameters must agree in number and shape."""
    for mine, theirs in zip(plain, own, strict=True):
        same(*(sorted(tuple(p.shape) for p in net.parameters()) for net in (mine, theirs)))


def in_turns(task: Task, nets: Sequence[nn.Module], objective: Any, *, lr_g: float, lr_d: float) -> Step:
    """D on real and detached fakes in two passes, then G through D with fresh z."""
    o, (g, d) = task.options, nets
    g_adam, d_adam = adam(g.parameters(), lr_g, o.beta1), adam(d.parameters(), lr_d, o.beta1)
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def step() -> tuple[float, float]:
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim))
        d_loss = objective.discriminator(d(real), d(fake.detach()))
        descend(d_adam, d_loss)
        judged = d(g(torch.randn(o.batch, o.z_dim)))
        g_loss = objective.generator(judged, judged)
        descend(g_adam, g_loss)
        average()
        return d_loss.item(), g_loss.item()

    return step
