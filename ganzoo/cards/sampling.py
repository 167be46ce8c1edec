"""Five lines of NumPy and ONNX Runtime that draw samples from a generator, by the inputs that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.training.runs import Manifest
    from ganzoo.types import LatentSpec

N = 16
"""Samples that the lines draw."""
WIDEST = 90
"""Characters of inputs that stand on one line."""


def lines(manifest: Manifest, model: str) -> str:
    """Python that leaves ``images``, uint8 [16, C, H, W], or ``x``, float32 [16, d], drawn from the file ``model``."""
    inputs = [f'"{name}": {text}' for name, text in _inputs(manifest.latent).items()]
    given = f"{{{', '.join(inputs)}}}"
    if len(given) > WIDEST:
        given = "{\n    " + ",\n    ".join(inputs) + ",\n}"
    image = manifest.data.kind == "image"
    shape = ", ".join(map(str, (N, *manifest.data.shape)))
    found = [
        "import numpy as np, onnxruntime",
        "rng = np.random.default_rng(0)",
        f'session = onnxruntime.InferenceSession("{model}", providers=["CPUExecutionProvider"])',
        f'(x,) = session.run(["x"], {given})' + ("" if image else f"  # float32 [{shape}]"),
    ]
    if image:
        found.append(f"images = ((x + 1) * 127.5).round().clip(0, 255).astype(np.uint8)  # [{shape}]")
    return "\n".join(found)


def _inputs(latent: LatentSpec) -> dict[str, str]:
    """An expression for each input, in the order of the file."""
    found = {"z": _numbers(latent.law, (N, latent.z_dim))}
    if latent.classes:
        found["y"] = f"np.arange({N}) % {latent.classes}"
    if latent.code_dim:
        found["c"] = _codes(latent)
    if latent.noise:
        found["noise"] = _numbers("normal", (N, *latent.noise))
    return found


def _numbers(law: str, shape: tuple[int, ...]) -> str:
    size = f"({', '.join(map(str, shape))})"
    if law == "normal":
        return f"rng.standard_normal({size}, np.float32)"
    return f"2 * rng.random({size}, np.float32) - 1"


def _codes(latent: LatentSpec) -> str:
    """One-hot columns in turn, then columns from U(-1, 1)."""
    parts = []
    if latent.categorical:
        parts.append(f"np.eye({latent.categorical}, dtype=np.float32)[np.arange({N}) % {latent.categorical}]")
    if latent.continuous:
        parts.append(_numbers("uniform", (N, latent.continuous)))
    return parts[0] if len(parts) == 1 else f"np.concatenate([{', '.join(parts)}], axis=1)"
