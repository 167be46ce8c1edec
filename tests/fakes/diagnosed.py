"""Runs that a test makes up: manifests, curves and scores with what the test gives, all else sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ganzoo.diagnosis.case import Curves, Sampled, Traces
from ganzoo.training.runs import Manifest
from ganzoo.types import About, DataSpec, Estimate, Facts, LatentSpec

SOUND = {"modes": 10.0, "mode_kl": 0.001, "precision": 0.8, "recall": 0.9, "repeats": 0.05, "duplicates": 0.04}
SOUND |= {"memorised": 0.37, "memorised_heldout": 0.37, "ct": 0.5}
REAL = {"modes": 10.0, "mode_kl": 0.0003, "precision": 0.86, "recall": 0.96}


def sampled(*, se: float | None = 0.01, real: Mapping[str, float] | None = REAL, **values: float | None) -> Sampled:
    """A score of 5000 samples of ten modes, sound but for ``values``; None leaves a column out."""
    ours = {name: value for name, value in {**SOUND, **values}.items() if value is not None}
    floor = {name: Estimate(value, se, 450) for name, value in (real or {}).items()}
    return Sampled({name: Estimate(value, se, 5000) for name, value in ours.items()}, floor, 10)


def curves(**columns: Sequence[float]) -> Curves:
    """A log with these columns."""
    arrays = {name: np.array(values, dtype=float) for name, values in columns.items()}
    return Curves(arrays, len(next(iter(arrays.values()))) if arrays else 0)


def manifest(*, loss: str = "non-saturating on logits", **changes: Any) -> Manifest:
    """Of a finished run of a variant with this loss."""
    given: dict[str, Any] = {
        "key": "0" * 12,
        "variant": "fake",
        "backend": "numpy",
        "role": "model",
        "distribution": "ganzoo-fake",
        "version": "1",
        "dataset": "digits",
        "dataset_digest": "0",
        "data_reference": "digits",
        "data": DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10),
        "latent": LatentSpec(z_dim=2),
        "options": {"lr_g": 1e-3, "lr_d": 1e-3},
        "seed": 0,
        "device": "cpu",
        "status": "finished",
        "about": About(
            summary="s", paper="p", facts=Facts(loss=loss, optimiser="adam", update_order="D, then G"), rows=10
        ),
    }
    return Manifest(**(given | changes))


def traces(given: Curves | None = None, score: Sampled | None = None, **of_manifest: Any) -> Traces:
    """A run with these curves and this score."""
    return Traces(manifest(**of_manifest), given or Curves(), score)
