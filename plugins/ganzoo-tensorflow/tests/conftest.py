"""Small settings and built networks for every test of this distribution."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from ganzoo import testing

TINY: dict[str, dict[str, Any]] = {
    "vanilla": {"steps": 6, "batch": 16, "z_dim": 6, "hidden": 16},
    "cgan": {"steps": 6, "batch": 16, "z_dim": 6, "width": 4},
    "vae": {"steps": 6, "batch": 16, "z_dim": 6, "hidden": 16},
    "vae-conv": {"steps": 6, "batch": 16, "z_dim": 6, "width": 4, "net": "conv"},
}
GANS = ["cgan", "vanilla"]


class Case:
    """One variant with tiny options."""

    def __init__(self, name: str) -> None:
        self.tiny = TINY[name]
        self.name = name.partition("-")[0]
        self.plugin = importlib.import_module(f"ganzoo_tensorflow.{self.name}")
        self.variant = self.plugin.describe()

    def run(self, data: Any = None, seed: int = 0, **options: Any) -> Any:
        data = testing.toy_images() if data is None else data
        return testing.memory_run(self.variant, data, {**self.tiny, **options}, seed=seed)

    def gan(self, run: Any) -> Any:
        models = importlib.import_module(f"ganzoo_tensorflow.models.{self.name}")
        return getattr(models, self.name.title())(run)


@pytest.fixture(params=sorted(TINY))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.fixture(params=GANS)
def pair(request: pytest.FixtureRequest) -> Case:
    """A variant with a discriminator beside its generator."""
    return Case(request.param)


@pytest.fixture
def vae() -> Case:
    return Case("vae")


@pytest.fixture
def vanilla() -> Case:
    return Case("vanilla")


@pytest.fixture
def cgan() -> Case:
    return Case("cgan")


@pytest.fixture
def step() -> Any:
    """A function that takes one G or D step of either GAN on fixed draws and returns its loss."""

    def take(gan: Any, run: Any, which: str) -> float:
        from ganzoo_tensorflow.runtime import tf

        fakes = run.latents(16, 0, stream="test")
        inputs = [tf.constant(fakes[name]) for name in run.latent.names]
        if which == "generator":
            return float(gan.generator_step(*inputs))
        real = [tf.constant(run.data.scaled()[:16])]
        if "y" in run.latent.names:
            real.append(tf.constant(run.data.y[:16]))
        return float(gan.discriminator_step(*real, *inputs))

    return take
