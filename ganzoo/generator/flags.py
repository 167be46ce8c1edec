"""What sentences say of an ONNX graph's inputs and outputs, and of the flags that read them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.types import DataSpec

NOTHING_TO_ACT_ON = "--latent and the flags beside it have nothing to act on."
EXAMPLE_SIZE, EXAMPLE_CLASSES = 128, 10
"""What examples in hints show where a size is open."""


def shown(items: Mapping[str, Any]) -> str:
    """Inputs or outputs with their types and shapes, for a sentence."""
    return ", ".join(f"{name} {item.type.removeprefix('tensor')} {item.shape}" for name, item in items.items())


def examples(inputs: Mapping[str, Any]) -> str:
    """What to do about a file that says nothing of its inputs."""
    words = " ".join(f"--latent {example(name, item)}" for name, item in inputs.items())
    return f"Say how its inputs are drawn, for example {words}."


def example(name: str, item: Any, data: DataSpec | None = None) -> str:
    """How an input might be drawn, as ``--latent`` says it."""
    if "int" in item.type:
        return f"{name}:{data.classes if data and data.classes else EXAMPLE_CLASSES}:labels"
    return f"{name}:{size_of(item) or EXAMPLE_SIZE}:normal"


def size_of(item: Any) -> int | None:
    """The size of one latent: the product of the static dimensions after the batch; None where one is open."""
    dims = (item.shape or ())[1:]
    return math.prod(dims) if dims and all(isinstance(dim, int) for dim in dims) else None
