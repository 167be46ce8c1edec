"""Training steps per second of the plugins' loops against the plain style of reference scripts.

    python tests/benchmarks/training.py                      every variant
    python tests/benchmarks/training.py dcgan cgan           these variants

Same networks, batch, losses, optimiser settings, EMA and order of updates on both sides, the recipe's options, one
compute thread. The PyTorch reference's networks are written in torch's own layers, and those of JAX in Flax's, so that
a faster layer in the plugin does not make the reference faster too; Keras's are the plugin's. The reference, in the
package ``references``, is what public scripts do:

- PyTorch: a DataLoader with shuffling and drop_last over a TensorDataset, but for points, which are drawn at random;
  torch.randn latents, real and fake in two passes through D, fakes made with their graph and then detached, gradients
  of D computed in G's step too (not in StyleGAN's, whose scripts freeze it), several generators or discriminators one
  after the other, optimisers without fused or foreach kernels, EMA parameter by parameter, every loss read by
  ``.item()`` at every step.
- Keras: tf.data with shuffling and batching, tf.random latents, keras.optimizers.Adam, a GradientTape ``train_step``
  compiled by tf.function and called once per step, both losses read by ``.numpy()`` at every step.
- JAX: Flax's layers, optax's Adam, batch, latents and noise drawn by NumPy in the loop, one jitted call per update (of
  both networks where they move in turns), both losses read by ``float`` at every step.

ganzoo's side is the plugin's own ``train``. Its loop is held after each round while the reference runs its round (A, B,
A, B, …); the first round of each is warm-up. WGAN's warm-up steps, which have 100 critic updates each, lie in that
first round. Ratios are medians over the rounds; nothing is asserted.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from references import Step, Task
from sidebyside import machine, ratio, recipe, seconds_of, spread, table

HEAD = ("variant", "ganzoo, steps/s", "reference, steps/s", "ratio", "range")
OURS, THEIRS = "ganzoo", "reference"
SECONDS = 1.5
LOG_EVERY = 100
CHUNKS = {"ganzoo_torch": 1, "ganzoo_tensorflow": 25, "ganzoo_jax": 20}
"""Steps per call of each plugin's loop."""
CALIBRATION = 48
"""Steps of the reference before the first round; a multiple of the intervals at which lazy terms are due, so that both
sides come to the same round at the same place of theirs."""


@dataclass(frozen=True)
class Row:
    """What is compared for a variant."""

    package: str
    references: str
    """The module of ``references`` with a function of the variant's name."""
    dataset: str = "digits"


ROWS = {
    "dcgan": Row("ganzoo_torch", "alternating"),
    "wgan": Row("ganzoo_torch", "alternating"),
    "infogan": Row("ganzoo_torch", "alternating"),
    "lsgan": Row("ganzoo_torch", "alternating"),
    "fgan": Row("ganzoo_torch", "alternating"),
    "gan": Row("ganzoo_torch", "alternating"),
    "acgan": Row("ganzoo_torch", "alternating"),
    "sngan": Row("ganzoo_torch", "residual"),
    "r3gan": Row("ganzoo_torch", "residual"),
    "stylegan": Row("ganzoo_torch", "stylegan"),
    "ssgan": Row("ganzoo_torch", "perceptrons"),
    "mgan": Row("ganzoo_torch", "several"),
    "madgan": Row("ganzoo_torch", "several"),
    "gman": Row("ganzoo_torch", "several"),
    "hgan": Row("ganzoo_torch", "several"),
    "pacgan": Row("ganzoo_torch", "at_once"),
    "began": Row("ganzoo_torch", "at_once"),
    "unrolled": Row("ganzoo_torch", "at_once", dataset="ring"),
    "vanilla": Row("ganzoo_tensorflow", "kerasside"),
    "cgan": Row("ganzoo_tensorflow", "kerasside"),
    "vae": Row("ganzoo_tensorflow", "kerasside"),
    "dragan": Row("ganzoo_jax", "jaxside"),
    "wgan-gp": Row("ganzoo_jax", "jaxside"),
}


class Interleaved:
    """Holds a run's loop after every ``size`` steps and lets the reference do as many."""

    def __init__(self, run: Any, reference: Step, size: int) -> None:
        self.rates: dict[str, list[float]] = {OURS: [], THEIRS: []}
        self._chunks = run.chunks
        self._reference = reference
        self._size = size
        run.chunks = self.chunks

    def chunks(self, total: int, *, state: Any, size: int) -> Iterator[range]:
        """The run's own chunks, with the reference in between."""
        begin = time.perf_counter()
        for part in self._chunks(total, state=state, size=size):
            if part.start and part.start % self._size == 0:
                self._round(begin)
                begin = time.perf_counter()
            yield part
        self._round(begin)

    def _round(self, begin: float) -> None:
        self.rates[OURS].append(self._size / (time.perf_counter() - begin))
        self.rates[THEIRS].append(self._size / seconds_of(self._reference, self._size))


def round_size(reference: Step, chunk: int) -> int:
    """How many steps fill a round: a multiple of the logging interval, or less, which then is the interval.

    Every round ends where the loop logs, so that it reads the losses as often as the others and no work is left over.
    """
    seconds_of(reference, CALIBRATION // 3)
    timed = CALIBRATION - CALIBRATION // 3
    steps = round(SECONDS * timed / seconds_of(reference, timed))
    unit = chunk if steps < LOG_EVERY else LOG_EVERY
    return max(1, steps // unit) * unit


def measure(variant: str, rounds: int) -> dict[str, list[float]]:
    """Steps per second of both sides, round by round, without the first."""
    from msgspec import structs

    import ganzoo
    from ganzoo.testing import memory_run
    from ganzoo.training.loop import Loop

    entry, name = ROWS[variant], variant.replace("-", "_")
    plugin = importlib.import_module(f"{entry.package}.{name}")
    if entry.package == "ganzoo_torch":
        import torch

        torch.set_num_threads(1)
    data = ganzoo.dataset(entry.dataset).train
    options = {**recipe(variant, entry.dataset), **({"warmup_every": 10**9} if variant == "wgan" else {})}
    first = memory_run(plugin.describe(), data, options)
    references = importlib.import_module(f"references.{entry.references}")
    reference = getattr(references, name)(Task(first.options, data, first.latent))
    size = round_size(reference, CHUNKS[entry.package])
    o = structs.replace(first.options, steps=size * (rounds + 1))
    run = Loop(
        data=data, options=o, seed=0, latent=first.latent, checkpoint_seconds=1e9, log_every=min(size, LOG_EVERY)
    )
    sides = Interleaved(run, reference, size)
    plugin.train(run)
    return {side: values[1:] for side, values in sides.rates.items()}


def row(variant: str, rounds: int) -> list[str]:
    """The variant's table row, measured in this process."""
    found = measure(variant, rounds)
    speeds = [f"{statistics.median(found[side]):,.0f}" for side in (OURS, THEIRS)]
    return [variant, *speeds, f"{ratio(found, OURS, THEIRS):.2f}", spread(found, OURS, THEIRS)]


def main() -> None:
    """Measure the variants named, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", help=f"some of {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--here", action="store_true", help="measure one variant in this process, print its row")
    given = parser.parse_args()
    if unknown := set(given.variants) - set(ROWS):
        parser.error(f"unknown variant {min(unknown)}")
    if given.here:
        print("\t".join(row(given.variants[0], given.rounds)))
        return
    print(machine("torch", "tensorflow", "keras", "jax", "numpy"), end="\n\n", flush=True)
    rows = [_apart(variant, given.rounds) for variant in given.variants or ROWS]
    print(table(HEAD, rows))


def _apart(variant: str, rounds: int) -> list[str]:
    command = [sys.executable, __file__, variant, "--here", "--rounds", str(rounds)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1].split("\t")


if __name__ == "__main__":
    main()
