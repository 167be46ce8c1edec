"""What the bits of a run depend on beside its options: versions, and the platform."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

_ENVIRONMENT = ("numpy", "onnx", "onnxruntime-gpu", "onnxruntime", "torch", "tensorflow", "keras", "jax", "jax2onnx")


def environment() -> dict[str, str]:
    """Versions of what a run's bits depend on."""
    found = {"python": platform.python_version(), "platform": f"{sys.platform} {platform.machine()}"}
    for name in _ENVIRONMENT:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
