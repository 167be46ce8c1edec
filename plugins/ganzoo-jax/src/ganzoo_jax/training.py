"""What the GANs share around their update: weights before the first step, and the compiled loop from there on."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import jax
import msgspec

from ganzoo_jax import kit
from ganzoo_jax.runtime import open_device

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_jax.networks import Shape

CHUNK = 20
"""Steps per compiled call: its overhead is then far below one step, and Ctrl-C is heard soon."""

MakeUpdate = Callable[[Any, "Shape"], kit.Update]
Draws = Callable[["ganzoo.TrainRun", range], dict[str, Any]]


def fresh(seed: int, ema: float, **networks: Any) -> dict[str, Any]:
    """The state before the first step: each network's weights and its Adam, and the average of the one called ``g``."""
    params = {name: network.init(kit.stream(seed, name)) for name, network in networks.items()}
    adams = {f"{name}_adam": kit.adam_state(value) for name, value in params.items()}
    return {**params, **adams, "average": params["g"] if ema else []}


@lru_cache(maxsize=8)
def compiled(make_update: MakeUpdate, o: Any, shape: Shape, chunk: int) -> kit.Loop:
    """The loop over an update, kept: further seeds in one process need no seconds of compiling."""
    return kit.Loop(make_update(o, shape), chunk)


def train(
    run: ganzoo.TrainRun, start: dict[str, Any], make_update: MakeUpdate, draws: Draws, chunk: int
) -> dict[str, Any]:
    """Train from ``start``, ``chunk`` steps per compiled call; return the last state.

    ``draws`` gives the random numbers of a range of steps, each array [len(steps), ...].
    """
    o = run.options
    device = open_device(run.device)
    state = kit.State(start, device)
    data = jax.device_put(run.data.scaled(), device)
    # How many steps there are is no part of what is compiled.
    loop = compiled(make_update, msgspec.structs.replace(o, steps=1), run.data.spec.shape, chunk)
    for steps in run.chunks(o.steps, state=state, size=chunk):
        state.carry, losses = loop(state.carry, data, draws(run, steps), len(steps))
        run.log(**losses)
    trained: dict[str, Any] = state.carry
    return trained
