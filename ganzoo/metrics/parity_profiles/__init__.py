"""Compatibility profiles: the metrics exactly as other tools define them, from the same features (``--profile``)."""

from __future__ import annotations

from ganzoo.metrics.parity_profiles.base import Profile
from ganzoo.metrics.parity_profiles.tools import ADM, CLEAN_FID, PYTORCH_FID, STYLEGAN, TORCH_FIDELITY, TORCHMETRICS

__all__ = ["Profile", "builtin_profiles"]


def builtin_profiles() -> list[Profile]:
    """Every profile that comes with ganzoo."""
    return [PYTORCH_FID, TORCH_FIDELITY, CLEAN_FID, TORCHMETRICS, STYLEGAN, ADM]
