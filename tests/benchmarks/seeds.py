"""Several seeds of one cell in one call (vmap) against one after another: CPU time per step and seed, side by side.

    python tests/benchmarks/seeds.py

A GAN of perceptrons, as in papers' experiments on points; networks of the unrolled GAN's demonstration (2 × 128 units,
batches of 512), smaller ones, and PacGAN's widths. torch steps eagerly with fused Adam, JAX scans over the steps. One
compute thread. Each ratio is of the same run: above 1, seeds together are faster than alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import softplus

Z = 256
SIZES = ((400, 100), (128, 512), (64, 128), (16, 32))
"""Units of the hidden layers, and the batch."""
SEEDS = (4, 8)
STEPS, ROUNDS = 60, 3


def best(run: Callable[[], object]) -> float:
    """Milliseconds of CPU per step, the best of some rounds; the first call, which compiles, is not timed."""
    run()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times) / STEPS * 1e3


def mlp(entry: int, hidden: int, end: int) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(entry, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, end)
    )


def torch_steps(hidden: int, batch: int, seeds: int) -> Callable[[], None]:
    """Updates of ``seeds`` GANs at once, or of one by plain modules where it is 1."""
    gs, ds = ([mlp(*sizes) for _ in range(seeds)] for sizes in ((Z, hidden, 2), (2, hidden, 1)))
    if seeds == 1:
        (g, d), gp, dp = (gs[0], ds[0]), dict(gs[0].named_parameters()), dict(ds[0].named_parameters())
    else:
        gp, dp = (dict(stack_module_state(nets)[0]) for nets in (gs, ds))
        g, d = gs[0].to("meta"), ds[0].to("meta")
    optimisers = [torch.optim.Adam(p.values(), lr, (0.5, 0.999), fused=True) for p, lr in ((gp, 1e-3), (dp, 1e-4))]

    def forward(gp: Any, dp: Any, x: Tensor, z: Tensor) -> Tensor:
        fake = functional_call(g, gp, (z,))
        return functional_call(d, dp, (torch.cat((x, fake)),))[:, 0]

    def step() -> None:
        x, z = torch.randn(seeds, batch, 2), torch.randn(seeds, batch, Z)
        together = vmap(forward)(gp, dp, x, z) if seeds > 1 else forward(gp, dp, x[0], z[0])[None]
        real, fake = together.split(batch, 1)
        losses = -softplus(fake).mean(1).sum(), (softplus(-real).mean(1) + softplus(fake).mean(1)).sum()
        pairs = zip(losses, (gp, dp), strict=True)
        found = [torch.autograd.grad(loss, list(params.values()), retain_graph=True) for loss, params in pairs]
        for params, gradients, optimiser in zip((gp, dp), found, optimisers, strict=True):
            for parameter, gradient in zip(params.values(), gradients, strict=True):
                parameter.grad = gradient
            optimiser.step()

    return lambda: [step() for _ in range(STEPS)] and None


def jax_steps(hidden: int, batch: int, seeds: int) -> Callable[[], Any]:
    """The same as one compiled scan, over ``seeds`` keys by vmap where it is not 1."""

    def layers(key: Any, *sizes: int) -> Any:
        keys = jax.random.split(key, len(sizes) - 1)
        pairs = zip(keys, sizes[:-1], sizes[1:], strict=True)
        return [(jax.random.normal(k, (a, b)) / a**0.5, jnp.zeros(b)) for k, a, b in pairs]

    def net(params: Any, x: Any) -> Any:
        for w, b in params[:-1]:
            x = jnp.tanh(x @ w + b)
        return x @ params[-1][0] + params[-1][1]

    def loss_d(d: Any, g: Any, x: Any, z: Any) -> Any:
        logits = net(d, jnp.concatenate([x, net(g, z)]))[:, 0]
        return jax.nn.softplus(-logits[:batch]).mean() + jax.nn.softplus(logits[batch:]).mean()

    def loss_g(g: Any, d: Any, z: Any) -> Any:
        return -jax.nn.softplus(net(d, net(g, z))[:, 0]).mean()

    def step(state: Any, key: Any) -> Any:
        (g, d), mean, square = state
        for_x, for_z = jax.random.split(key)
        x, z = jax.random.normal(for_x, (batch, 2)), jax.random.normal(for_z, (batch, Z))
        gradient = jax.grad(loss_g)(g, d, z), jax.grad(loss_d)(d, g, x, z)
        mean = jax.tree.map(lambda m, v: 0.5 * m + 0.5 * v, mean, gradient)
        square = jax.tree.map(lambda s, v: 0.999 * s + 0.001 * v * v, square, gradient)
        nets = jax.tree.map(lambda w, m, s: w - 1e-4 * m / (jnp.sqrt(s) + 1e-8), (g, d), mean, square)
        return (nets, mean, square), None

    def train(key: Any) -> Any:
        first, second, third = jax.random.split(key, 3)
        nets = layers(first, Z, hidden, hidden, 2), layers(second, 2, hidden, hidden, 1)
        zeros = jax.tree.map(jnp.zeros_like, nets)
        return jax.lax.scan(step, (nets, zeros, zeros), jax.random.split(third, STEPS))[0]

    compiled = jax.jit(train if seeds == 1 else jax.vmap(train))
    keys = jax.random.key(0) if seeds == 1 else jax.random.split(jax.random.key(0), seeds)
    return lambda: jax.block_until_ready(compiled(keys))


def main() -> None:
    """Print a table of ratios."""
    torch.set_num_threads(1)
    print(f"{'framework':10} {'hidden':>6} {'batch':>5} {'alone ms':>9}  " + "  ".join(f"{n} seeds" for n in SEEDS))
    for name, make in (("torch", torch_steps), ("jax", jax_steps)):
        for hidden, batch in SIZES:
            alone = best(make(hidden, batch, 1))
            ratios = [alone * n / best(make(hidden, batch, n)) for n in SEEDS]
            print(f"{name:10} {hidden:6} {batch:5} {alone:9.3f}  " + "  ".join(f"{ratio:7.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
