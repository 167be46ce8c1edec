"""Small data and options, so that every test trains in a moment."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import pytest
import torch

SMALL: dict[str, dict[str, Any]] = {
    "dcgan": {"batch": 16, "z_dim": 8, "width": 4},
    "fgan": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16},
    "lsgan": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16},
    "gan": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16},
    "wgan": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16, "n_critic": 2, "warmup_critic": 3, "warmup_steps": 1},
    "infogan": {"batch": 16, "z_dim": 8, "width": 4},
    "r3gan": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16, "blocks": 1, "cardinality": 2},
    "sngan": {"batch": 8, "z_dim": 8, "width_g": 8, "width_d": 8, "n_critic": 2},
    "pacgan": {"batch": 8, "z_dim": 8, "width": 4, "hidden": 16, "lr": 1e-3},
    "unrolled": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16, "unroll": 2},
    "began": {"batch": 16, "z_dim": 8, "width": 4},
    "ssgan": {"batch": 16, "z_dim": 8, "hidden": 32, "hidden_g": 16, "labelled": 4},
    "acgan": {"batch": 16, "z_dim": 8, "width": 4},
}


@pytest.fixture(params=sorted(SMALL))
def name(request: pytest.FixtureRequest) -> str:
    """Each variant's name in turn."""
    return request.param


@pytest.fixture
def plugin(name: str) -> ModuleType:
    """The variant's hook module."""
    return importlib.import_module(f"ganzoo_torch.{name}")


@pytest.fixture
def small(name: str) -> dict[str, Any]:
    """Options that make the variant tiny."""
    return {"steps": 4, **SMALL[name]}


@pytest.fixture(autouse=True)
def same_weights() -> Any:
    """Nets that a test builds by itself are the same every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
