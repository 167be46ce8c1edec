"""WGAN-GP on digits: a compiled loop over steps against a compiled step, and against the same update in eager PyTorch.

    python tests/benchmarks/scan.py

Steps per second, one compute thread, the recipe's options. ``loop``: the plugin as it is, 20 steps per compiled call.
``step``: the same, one step per call. ``torch``: the same networks, losses, batches and Adam, written as one would in
PyTorch, with ``torch.autograd.grad(create_graph=True)`` for the penalty. Each side has a process of its own; they take
turns, and the medians of the rounds are compared. Compiling is left out, and printed beside. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from sidebyside import machine, recipe, table

SIDES = ("loop", "step", "torch")
STEPS = 400


def jax_side(chunk: int) -> tuple[float, float]:
    """Steps per second, and the seconds of the first call."""
    from ganzoo_jax import wgan_gp as plugin
    from ganzoo_jax.models import wgan_gp

    from ganzoo.data.digits import load_digits
    from ganzoo.testing import memory_run

    run = memory_run(plugin.describe(), load_digits().train, recipe("wgan-gp", "digits") | {"steps": STEPS})
    marks: list[tuple[int, float]] = []
    chunks = run.chunks

    def timed(*given: Any, **named: Any) -> Iterator[range]:
        marks.append((0, time.perf_counter()))
        for part in chunks(*given, **named):
            yield part
            marks.append((part.stop, time.perf_counter()))

    run.chunks = timed  # type: ignore[method-assign]  # the loop passes through here
    wgan_gp.train(run, chunk)
    return _rate(marks[1:]), marks[1][1] - marks[0][1]


def torch_side() -> tuple[float, float]:
    """The same update in eager PyTorch."""
    step = torch_step(recipe("wgan-gp", "digits"))
    marks = [(0, time.perf_counter())]
    for number in range(STEPS):
        step()
        marks.append((number + 1, time.perf_counter()))
    return _rate(marks[1:]), marks[1][1] - marks[0][1]


def _rate(marks: list[tuple[int, float]]) -> float:
    (first, begin), (last, end) = marks[0], marks[-1]
    return (last - first) / (end - begin)


def torch_step(options: dict[str, Any]) -> Callable[[], None]:
    """One generator update with its critic updates: networks of the plugin's shapes in torch's own layers."""
    import torch
    from torch import nn

    from ganzoo.data.digits import load_digits

    torch.set_num_threads(1)
    n, z_dim, width, n_critic = 64, 128, options["width"], options["n_critic"]
    x = torch.from_numpy(load_digits().train.scaled())
    g = nn.Sequential(
        nn.Linear(z_dim, 8 * width),
        nn.Unflatten(1, (2 * width, 2, 2)),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, 2, 1),
        nn.Tanh(),
    )
    critic = nn.Sequential(
        nn.Conv2d(1, width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(width, 2 * width, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(8 * width, 1),
    )
    g_adam, c_adam = (torch.optim.Adam(net.parameters(), options["lr"], (0.0, 0.9), fused=True) for net in (g, critic))

    def penalty(real: Any, fake: Any) -> Any:
        epsilon = torch.rand(n, 1, 1, 1)
        points = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
        (gradients,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
        return ((gradients.flatten(1).norm(dim=1) - 1) ** 2).mean()

    def step() -> None:
        for _ in range(n_critic):
            real = x[torch.randint(len(x), (n,))]
            with torch.no_grad():
                fake = g(torch.randn(n, z_dim))
            on_real, on_fake = critic(torch.cat((real, fake))).chunk(2)
            loss = on_fake.mean() - on_real.mean() + 10 * penalty(real, fake)
            c_adam.zero_grad()
            loss.backward()
            c_adam.step()
        g_loss = -critic(g(torch.randn(n, z_dim))).mean()
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()

    return step


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--here", choices=SIDES, help="measure one side in this process")
    given = parser.parse_args()
    if given.here:
        found = torch_side() if given.here == "torch" else jax_side({"loop": 20, "step": 1}[given.here])
        print(json.dumps(found))
        return
    rounds: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    for _ in range(given.rounds):
        for side in SIDES:
            command = [sys.executable, __file__, "--here", side]
            one = os.environ | {"OMP_NUM_THREADS": "1"}
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=one)
            rounds[side].append(json.loads(done.stdout.splitlines()[-1]))
    print(machine("jax", "torch", "numpy"), end="\n\n")
    rates = {side: statistics.median(found[0] for found in rounds[side]) for side in SIDES}
    rows = [
        [side, f"{rates[side]:,.0f}", f"{rates[side] / rates['torch']:.2f}", f"{min(f[1] for f in rounds[side]):.1f}"]
        for side in SIDES
    ]
    print(table(("side", "steps/s", "against torch", "first call, s"), rows))


if __name__ == "__main__":
    main()
