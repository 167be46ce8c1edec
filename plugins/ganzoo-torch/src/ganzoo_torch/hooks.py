"""Hooks that are the same for several variants; a variant's module imports them.

``sample`` and ``export`` are every variant's, ``measure`` is of those with several generators.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ganzoo

if TYPE_CHECKING:
    from torch import nn


@ganzoo.hookimpl
def sample(model: nn.Module, inputs: dict[str, Any]) -> Any:
    """Images float32 [N, C, H, W] in [-1, 1], or points [N, d], for the inputs that the variant declares."""
    from ganzoo_torch import kit

    return kit.sample(model, inputs)


@ganzoo.hookimpl
def export(model: nn.Module, path: Path) -> bool:
    """Write the generator as one ONNX file."""
    from ganzoo_torch import onnx_file

    return onnx_file.export_generator(model, path)


@ganzoo.hookimpl
def measure(model: Any, run: ganzoo.MeasureRun) -> dict[str, ganzoo.Estimate]:
    """How well what was trained beside several generators tells them apart."""
    from ganzoo_torch import components

    return {"component_purity": components.purity(model, run)}
