"""What every dataset must be, whoever loads it: found out where it is loaded, not after a training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo import naming
from ganzoo.data.splits import LEAST
from ganzoo.errors import DataError

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset, Split
    from ganzoo.types import DataSpec

CHANNELS = (1, 3)
_HINT = "A dataset has images uint8 [N, 1 or 3, H, W] or points float32 [N, d], and labels int64 [N] from 0."


def validated(dataset: Dataset) -> Dataset:
    """Return the dataset. Raises DataError with one sentence where its form or its arrays are not as they must be."""
    fault = (
        naming.fault(dataset.spec.name)
        or _form_fault(dataset.spec)
        or _names_fault(dataset)
        or next(
            (
                f"its {name} {fault}"
                for name, split in (("training split", dataset.train), ("held-out split", dataset.heldout))
                if (fault := _split_fault(dataset.spec, split))
            ),
            "",
        )
    )
    if not fault and len(dataset.train) < LEAST:
        found = "has 1 sample" if len(dataset.train) else "is empty"
        fault = f"its training split {found}, and {LEAST} or more are needed"
    if fault:
        hint = _HINT if naming.is_name(dataset.spec.name) else naming.RULE
        raise DataError(f"The dataset {dataset.spec.name} cannot be used: {fault}.", hint)
    return dataset


def _form_fault(spec: DataSpec) -> str:
    shape = "×".join(map(str, spec.shape)) or "nothing"
    if spec.kind == "points" and len(spec.shape) != 1:
        return f"its points have the shape {shape}, and points have one axis"
    if spec.kind == "image" and (len(spec.shape) != 3 or spec.shape[0] not in CHANNELS):
        return f"its images have the shape {shape}, and images have 1 or 3 channels, rows and columns"
    if min(spec.shape) < 1:
        return f"its samples have the shape {shape}, which holds no number"
    return ""


def _names_fault(dataset: Dataset) -> str:
    names, classes = dataset.class_names, dataset.spec.classes
    if names and len(names) != classes:
        return f"it has {len(names)} class names, but {classes} classes"
    twice = next((name for name in names if names.count(name) > 1), None)
    return "" if twice is None else f"two of its classes are called '{twice}'"


def _split_fault(spec: DataSpec, split: Split) -> str:
    wanted = np.dtype(np.uint8 if spec.kind == "image" else np.float32)
    if split.x.dtype != wanted:
        return f"is of type {split.x.dtype}, not {wanted}"
    if split.x.shape[1:] != spec.shape:
        return f"has samples of shape {split.x.shape[1:]}, not {spec.shape}"
    if spec.kind == "points" and not np.isfinite(split.x).all():
        return "has values that are not finite"
    return _label_fault(spec, split)


def _label_fault(spec: DataSpec, split: Split) -> str:
    y = split.y
    if y is None:
        return "has no labels, but the dataset has classes" if spec.classes and len(split) else ""
    if not spec.classes:
        return "has labels, but the dataset has no classes"
    if y.dtype != np.int64 or y.shape != (len(split),):
        return f"has labels {y.dtype}{list(y.shape)}, not int64 [{len(split)}]"
    if len(y) and (y.min() < 0 or y.max() >= spec.classes):
        odd = y.min() if y.min() < 0 else y.max()
        return f"has the label {odd}, which is none of 0 to {spec.classes - 1}"
    return ""
