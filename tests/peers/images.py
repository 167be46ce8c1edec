"""PSNR, SSIM and MS-SSIM of pairs beside the real torchmetrics.

    PYTHONPATH=. .venv-peers/bin/python tests/peers/images.py

Prints a Markdown table of the largest difference; exit 1 over a limit. torchmetrics takes the mean of SSIM over places
beyond the border, too, where the image is mirrored: its map is cut here as Wang et al. do. In its MS-SSIM the last
scale cannot be cut, so that it is off by the border of that scale.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np
import torch
from torchmetrics.functional.image import (
    multiscale_structural_similarity_index_measure,
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from ganzoo.metrics.similarity import ms_ssim, psnr, ssim

LIMITS = {"psnr": 1e-5, "ssim": 1e-9, "ms_ssim": 5e-3}
"""The base of torchmetrics' logarithm is a float32 number; for ``ms_ssim`` see above."""
SIZES = ((192, 200), (256, 176))
REACH = 5


def pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Waves, and the same with noise: uint8 [4, 3, H, W]."""
    draw = np.random.default_rng(height)
    rows, columns = np.linspace(0, 9, height)[:, None], np.linspace(0, 9, width)[None]
    waves = 128 + 90 * np.sin(draw.uniform(0, 6, (4, 3, 1, 1)) + draw.uniform(1, 3, (4, 3, 1, 1)) * rows + columns)
    noisy = waves + draw.normal(0, 20, waves.shape)
    return tuple(np.clip(np.rint(each), 0, 255).astype(np.uint8) for each in (waves, noisy))  # type: ignore[return-value]


def theirs(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Its numbers, one a pair."""
    a, b = torch.from_numpy(x).double(), torch.from_numpy(y).double()
    _, places = structural_similarity_index_measure(a, b, data_range=255.0, reduction="none", return_full_image=True)
    inside = places[..., REACH:-REACH, REACH:-REACH].mean((1, 2, 3))
    many = multiscale_structural_similarity_index_measure(a, b, data_range=255.0, reduction="none")
    noise = peak_signal_noise_ratio(a, b, data_range=255.0, reduction="none", dim=(1, 2, 3))
    return {"psnr": noise.numpy(), "ssim": inside.numpy(), "ms_ssim": many.numpy()}


def main() -> None:
    """Print the table."""
    lines = [f"| torchmetrics {version('torchmetrics')} | {' | '.join(LIMITS)} |", f"|---|{'---|' * len(LIMITS)}"]
    far = False
    for height, width in SIZES:
        x, y = pair(height, width)
        found, wanted = {"psnr": psnr(x, y), "ssim": ssim(x, y), "ms_ssim": ms_ssim(x, y)}, theirs(x, y)
        gaps = {name: float(np.abs(found[name] - wanted[name]).max()) for name in LIMITS}
        far |= any(gaps[name] > limit for name, limit in LIMITS.items())
        lines.append(f"| {height}×{width} | {' | '.join(f'{gap:.1e}' for gap in gaps.values())} |")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(far)


if __name__ == "__main__":
    main()
