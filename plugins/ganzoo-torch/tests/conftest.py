"""Small data and options, so that every test trains in a moment."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.onnx._internal.exporter._registration import ONNXRegistry

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
    "mgan": {"generators": 3, "batch": 16, "fakes": 6, "z_dim": 8, "width": 4, "hidden": 16},
    "madgan": {"generators": 3, "batch": 16, "fakes": 6, "z_dim": 8, "width": 4, "hidden": 16},
    "unrolled": {"batch": 16, "z_dim": 8, "width": 4, "hidden": 16, "unroll": 2},
    "gman": {"batch": 8, "z_dim": 8, "width": 4, "hidden": 16, "discriminators": 2, "dropout": 0.2},
    "hgan": {"batch": 16, "z_dim": 8, "width_g": 4, "width_d": 4, "hidden": 16, "discriminators": 3},
    "began": {"batch": 16, "z_dim": 8, "width": 4},
    "stylegan": {"batch": 16, "z_dim": 8, "w_dim": 8, "width": 4},
    "ssgan": {"batch": 16, "z_dim": 8, "hidden": 32, "hidden_g": 16, "labelled": 4},
    "acgan": {"batch": 16, "z_dim": 8, "width": 4},
}

IMAGE_SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (1, 12, 20), (4, 9, 15)]
BORROWED = {"fgan", "gan", "gman", "hgan", "lsgan", "pacgan", "unrolled", "wgan"}
"""Variants whose images come from dcgan's generator: an export takes seconds, so theirs is tried at one size."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests with a ``name`` run for every variant; with an ``image_shape``, for each that tells something new of it.

    What a test's own ``parametrize`` gives is its own.
    """
    own = {name.strip() for mark in metafunc.definition.iter_markers("parametrize") for name in _names(mark.args[0])}
    if "image_shape" in metafunc.fixturenames:
        shapes = {name: IMAGE_SHAPES[-1:] if name in BORROWED else IMAGE_SHAPES for name in sorted(SMALL)}
        metafunc.parametrize(("name", "image_shape"), [(name, shape) for name in shapes for shape in shapes[name]])
    elif "name" in metafunc.fixturenames and "name" not in own:
        metafunc.parametrize("name", sorted(SMALL))


def _names(given: str | Sequence[str]) -> Sequence[str]:
    return given.split(",") if isinstance(given, str) else given


@pytest.fixture
def borrowed(name: str) -> bool:
    """Whether the variant's images come from dcgan's generator."""
    return name in BORROWED


@pytest.fixture
def plugin(name: str) -> ModuleType:
    """The variant's hook module."""
    return importlib.import_module(f"ganzoo_torch.{name}")


@pytest.fixture
def small(name: str) -> dict[str, Any]:
    """Options that make the variant tiny."""
    return {"steps": 4, **SMALL[name]}


@pytest.fixture(scope="session", autouse=True)
def one_registry() -> Iterator[None]:
    """The exporter reads the source of five hundred operators for every export, a third of its time: here once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", classmethod(functools.cache(ONNXRegistry.from_torchlib.__func__)))
        yield


@pytest.fixture(autouse=True)
def same_weights() -> Any:
    """Nets that a test builds by itself are the same every time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
