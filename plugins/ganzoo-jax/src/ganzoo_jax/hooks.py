"""The two hooks that are the same for every variant of this package; a variant's module imports them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ganzoo

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator


@ganzoo.hookimpl
def sample(model: Generator, inputs: dict[str, Any]) -> Any:
    """Images float32 [N, C, H, W] in [-1, 1], or points [N, d], for ``z``."""
    return model.sample(inputs["z"])


@ganzoo.hookimpl
def export(model: Generator, path: Path) -> bool:
    """Write the generator as one ONNX file."""
    from ganzoo_jax.onnx_file import export_generator

    return export_generator(model, path)
