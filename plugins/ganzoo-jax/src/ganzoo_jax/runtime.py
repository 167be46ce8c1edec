"""JAX as this distribution needs it: one compute thread, one chosen device, no GPU memory taken in advance."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import jax

from ganzoo import DeviceError

# Read once, when a process's first device is opened. XLA sizes its thread pool by NPROC; with the flags that are often
# named for this (--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1) it computes on every core.
ENVIRONMENT = {
    "NPROC": "1",
    "XLA_FLAGS": "--xla_gpu_deterministic_ops=true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}
PLATFORMS = {"cpu": "cpu", "cuda": "cuda,cpu"}


def open_device(device: str) -> Any:
    """JAX's first device of the kind, "cpu" or "cuda", on which small nets then train with one compute thread.

    The environment and JAX's settings are afterwards as they were. A process opens its devices once: the first run on
    the CPU leaves the GPUs alone and their memory untouched.
    Raises DeviceError where "cuda" is asked for and JAX sees none.
    """
    with _environment(ENVIRONMENT), _platforms(PLATFORMS[device]):
        try:
            return jax.devices(device)[0]
        except RuntimeError as error:
            raise DeviceError(
                f"JAX sees no {device.upper()} device in this process.",
                "Use --device cpu, or install jax[cuda12] and check 'nvidia-smi'.",
            ) from error


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables; what the user has set stays in front of XLA's flags."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    if before.get("XLA_FLAGS"):
        os.environ["XLA_FLAGS"] = f"{values['XLA_FLAGS']} {before['XLA_FLAGS']}"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _platforms(names: str) -> Iterator[None]:
    before = jax.config.jax_platforms
    jax.config.update("jax_platforms", names)
    try:
        yield
    finally:
        jax.config.update("jax_platforms", before)
