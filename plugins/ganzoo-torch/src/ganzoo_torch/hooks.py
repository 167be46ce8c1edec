"""The two hooks that are the same for every variant of this package; a variant's module imports them."""

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
