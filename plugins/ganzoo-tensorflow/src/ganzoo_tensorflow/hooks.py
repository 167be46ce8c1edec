"""The two hooks that are the same for every variant of this package; a variant's module imports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ganzoo


@ganzoo.hookimpl
def sample(model: Any, inputs: dict[str, Any]) -> Any:
    """Samples float32 [N, C, H, W] in [-1, 1], or points [N, d], for the inputs that the variant declares."""
    from ganzoo_tensorflow import kit

    return kit.sample(model, inputs)


@ganzoo.hookimpl
def export(model: Any, path: Path) -> bool:
    """Write the generator as one ONNX file."""
    from ganzoo_tensorflow import kit

    return kit.export(model, path)
