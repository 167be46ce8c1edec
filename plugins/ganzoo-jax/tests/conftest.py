"""Small data and options, so that every test trains in a moment."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from ganzoo import testing
from ganzoo.training.loop import MemoryCheckpoints

SMALL: dict[str, Any] = {"steps": 4, "batch": 16, "z_dim": 8, "width": 4, "hidden": 16}
OWN: dict[str, dict[str, Any]] = {
    "wgan_gp": {"n_critic": 2},
    "dragan": {},
    "dpgan": {"n_critic": 2, "epsilon": 0.0, "sigma": 0.05},
}


class Case:
    """A variant, by the name of its modules, with tiny options."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.plugin: Any = importlib.import_module(f"ganzoo_jax.{name}")
        self.model: Any = importlib.import_module(f"ganzoo_jax.models.{name}")
        self.variant = self.plugin.describe()
        self.small = SMALL | OWN[name]

    def run(self, data: Any = None, seed: int = 0, **options: Any) -> Any:
        """A run in memory, on the toy images unless told otherwise."""
        data = testing.toy_images() if data is None else data
        checkpoints = MemoryCheckpoints()
        run = testing.memory_run(self.variant, data, self.small | options, seed=seed, checkpoints=checkpoints)
        run.checkpoints = checkpoints
        return run

    def state(self, run: Any, chunk: int = 20) -> dict[str, Any]:
        """The arrays of a finished training."""
        self.model.train(run, chunk)
        return dict(run.checkpoints.last.arrays)


@pytest.fixture(params=list(OWN))
def case(request: pytest.FixtureRequest) -> Case:
    """Every variant in turn."""
    return Case(request.param)


@pytest.fixture
def wgan_gp_case() -> Case:
    return Case("wgan_gp")


@pytest.fixture
def dragan_case() -> Case:
    return Case("dragan")


@pytest.fixture
def dpgan_case() -> Case:
    return Case("dpgan")
