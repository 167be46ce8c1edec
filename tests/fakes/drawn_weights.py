"""Random weights for networks written by themselves in torch, and images to run them on.

Shared by ``tests/extractors/test_inception.py`` and ``tests/extractors/test_efficientnet.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Tensor = Any


class DrawnWeights:
    """A state dict whose entries are drawn when first met.

    Each batch norm is given statistics near those of what reaches it (and not equal to them), so that activations stay
    of order one through all layers and every norm matters.
    """

    def __init__(self, seed: int) -> None:
        self.weights: dict[str, np.ndarray] = {}
        self.draw = np.random.default_rng(seed)

    def get(self, key: str, make: Callable[[], np.ndarray]) -> Tensor:
        import torch

        if key not in self.weights:
            self.weights[key] = make().astype(np.float32)
        return torch.from_numpy(self.weights[key])

    def kernel(self, key: str, shape: tuple[int, ...]) -> Tensor:
        """Of a convolution [out, in, h, w]; keeps the variance."""
        fan = int(np.prod(shape[1:]))
        return self.get(key, lambda: self.draw.normal(0, np.sqrt(2 / fan), shape))

    def normed(self, x: Tensor, name: str) -> Tensor:
        """A batch norm of values [n, c, h, w]."""
        import torch

        mean, std, out = x.mean((0, 2, 3)).numpy(), x.std((0, 2, 3)).numpy(), x.shape[1]
        statistics = (
            self.get(f"{name}.running_mean", lambda: mean + 0.2 * std * self.draw.normal(size=out)),
            self.get(f"{name}.running_var", lambda: (std * self.draw.uniform(0.7, 1.4, out)) ** 2),
            self.get(f"{name}.weight", lambda: self.draw.uniform(0.6, 1.3, out)),
            self.get(f"{name}.bias", lambda: self.draw.normal(0.5, 0.3, out)),
        )
        return torch.nn.functional.batch_norm(x, *statistics, training=False, eps=0.001)


def images(height: int, width: int, n: int = 2) -> np.ndarray:
    """Smooth colour fields with noise, so that layers see more than noise."""
    draw = np.random.default_rng(height * 1000 + width)
    rows, columns = np.linspace(0, 3, height)[:, None], np.linspace(0, 3, width)[None]
    waves = np.sin(draw.uniform(0, 6, (n, 3, 1, 1)) + draw.uniform(1, 3, (n, 3, 1, 1)) * rows + columns)
    return np.clip(128 + 90 * waves + draw.normal(0, 25, (n, 3, height, width)), 0, 255).astype(np.uint8)
