"""What stands around an update step: Adam, EMA, random numbers, state, the compiled loop over steps, sampling."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

SAMPLE_BATCH = 256

Tree = Any
"""Nested dicts and lists of arrays."""
Losses = dict[str, Any]
Update = Callable[[Tree, Any, Tree], tuple[Tree, Losses]]
"""(carry, data, one step's draws) → (carry, scalars)."""


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A NumPy generator for ``purpose`` that depends on the run's seed alone; no global generator is touched."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *purpose.encode()])))


class Numbers:
    """Random numbers addressed by step, as the run's own draws are: a resume sees the same ones."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._key = np.random.SeedSequence([seed, *purpose.encode()]).generate_state(2, np.uint64)

    def uniform(self, steps: range, shape: tuple[int, ...]) -> Any:
        """From [0, 1): float32 [len(steps), *shape]."""
        return np.stack([self._at(step).random(shape, np.float32) for step in steps])

    def normal(self, steps: range, shape: tuple[int, ...]) -> Any:
        """From N(0, 1): float32 [len(steps), *shape]."""
        return np.stack([self._at(step).standard_normal(shape, np.float32) for step in steps])

    def chance(self, steps: range, n: int, rate: float) -> Any:
        """True with the probability ``rate``, which 53 bits decide: bool [len(steps), n]."""
        return np.stack([self._at(step).random(n) < rate for step in steps])

    def _at(self, step: int) -> np.random.Generator:
        # Philox counts in the first word, so that steps, in the last one, never meet.
        return np.random.Generator(np.random.Philox(key=self._key, counter=[0, 0, 0, step]))


def adam_state(params: Tree) -> dict[str, Any]:
    """Adam before its first update."""
    zeros = jax.tree.map(np.zeros_like, params)
    return {"count": np.int32(0), "first": zeros, "second": zeros}


def adam(
    params: Tree, gradients: Tree, state: dict[str, Any], *, lr: float, beta1: float, beta2: float
) -> tuple[Tree, dict[str, Any]]:
    """One update by Adam (Kingma and Ba 2015, algorithm 1, ε = 1e-8): new parameters, new state."""
    count = state["count"] + 1
    t = count.astype(jnp.float32)
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, state["first"], gradients)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state["second"], gradients)
    c1, c2 = 1 - beta1**t, 1 - beta2**t
    params = jax.tree.map(lambda p, m, v: p - lr * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), params, first, second)
    return params, {"count": count, "first": first, "second": second}


def averaged(mean: Tree, now: Tree, step: Any, decay: float) -> Tree:
    """The moving average after generator update ``step``, counted from 0.

    The decay grows as min(decay, (1 + step) / (10 + step)), so that the initial weights are soon forgotten.
    """
    t = step.astype(jnp.float32)
    kept = jnp.minimum(decay, (1 + t) / (10 + t))
    return jax.tree.map(lambda m, p: kept * m + (1 - kept) * p, mean, now)


class State:
    """Everything the next step depends on, on the device; outside, named NumPy arrays (a ``ganzoo.Checkpointable``)."""

    def __init__(self, carry: Tree, device: Any) -> None:
        self.carry = jax.device_put(carry, device)
        self._device = device

    def state_arrays(self) -> dict[str, Any]:
        """A copy of every array under its path, such as ``critic.0.w`` or ``g_adam.second.2.b``."""
        leaves, _ = jax.tree_util.tree_flatten_with_path(self.carry)
        return {_name(path): np.array(leaf) for path, leaf in leaves}

    def load_arrays(self, arrays: Mapping[str, Any]) -> None:
        """Put back what ``state_arrays`` gave, bit for bit."""
        leaves, structure = jax.tree_util.tree_flatten_with_path(self.carry)
        found = [np.array(arrays[_name(path)]) for path, _ in leaves]
        self.carry = jax.device_put(jax.tree.unflatten(structure, found), self._device)


def _name(path: tuple[Any, ...]) -> str:
    return ".".join(str(part.key if hasattr(part, "key") else part.idx) for part in path)


class Loop:
    """``update`` compiled once, to run over up to ``size`` steps per call, with their draws handed over together."""

    def __init__(self, update: Update, size: int) -> None:
        self._size = size

        def advance(carry: Tree, data: Any, draws: Tree, count: Any) -> tuple[Tree, Losses]:
            def step(i: Any, both: tuple[Tree, Losses]) -> tuple[Tree, Losses]:
                return update(both[0], data, jax.tree.map(lambda stacked: stacked[i], draws))

            one = jax.tree.map(lambda stacked: stacked[0], draws)
            _, losses = jax.eval_shape(update, carry, data, one)
            nothing = jax.tree.map(lambda loss: jnp.zeros(loss.shape, loss.dtype), losses)
            return lax.fori_loop(0, count, step, (carry, nothing))

        self._advance = jax.jit(advance, donate_argnums=0)

    def __call__(self, carry: Tree, data: Any, draws: dict[str, Any], count: int) -> tuple[Tree, Losses]:
        """The carry after ``count`` steps, ready, and the last step's scalars.

        ``draws`` are [count, ...]; a shorter last part is padded, so that nothing is compiled twice.
        """
        padded = {name: _padded(values, self._size) for name, values in draws.items()}
        return jax.block_until_ready(self._advance(carry, data, padded, count))


def _padded(values: Any, size: int) -> Any:
    missing = size - len(values)
    return np.concatenate([values, np.zeros((missing, *values.shape[1:]), values.dtype)]) if missing else values


class Network(Protocol):
    """A generator as a pure function."""

    z_dim: int

    def apply(self, params: Tree, z: Any) -> Any:
        """Samples for latents."""


@dataclass(frozen=True)
class Generator:
    """A trained generator: a function and its weights."""

    network: Network
    params: Tree

    def sample(self, z: Any) -> Any:
        """Samples float32 [N, ...] for NumPy latents, in full float32 (no TF32)."""
        apply = _compiled(self.network)
        with jax.default_matmul_precision("highest"):
            return np.concatenate([np.asarray(apply(self.params, part)) for part in _batches(z)])


@lru_cache(maxsize=8)
def _compiled(network: Network) -> Any:
    """A generator's function, kept: a run is sampled from now and then while it trains."""
    return jax.jit(network.apply)


def _batches(z: Any) -> Iterator[Any]:
    for start in range(0, len(z), SAMPLE_BATCH):
        yield z[start : start + SAMPLE_BATCH]
