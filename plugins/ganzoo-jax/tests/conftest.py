"""Small data and options, so that every test trains in a moment."""

from __future__ import annotations

from typing import Any

import pytest
from ganzoo_jax import wgan_gp as plugin

from ganzoo import testing
from ganzoo.training.loop import MemoryCheckpoints

SMALL: dict[str, Any] = {"steps": 4, "batch": 16, "z_dim": 8, "width": 4, "hidden": 16, "n_critic": 2}


class Case:
    """WGAN-GP with tiny options."""

    plugin = plugin
    variant = plugin.describe()
    small = SMALL

    def run(self, data: Any = None, seed: int = 0, **options: Any) -> Any:
        """A run in memory, on the toy images unless told otherwise."""
        data = testing.toy_images() if data is None else data
        checkpoints = MemoryCheckpoints()
        run = testing.memory_run(self.variant, data, SMALL | options, seed=seed, checkpoints=checkpoints)
        run.checkpoints = checkpoints
        return run

    def state(self, run: Any, chunk: int = 20) -> dict[str, Any]:
        """The arrays of a finished training."""
        from ganzoo_jax.models import wgan_gp

        wgan_gp.train(run, chunk)
        return dict(run.checkpoints.last.arrays)


@pytest.fixture
def case() -> Case:
    return Case()
