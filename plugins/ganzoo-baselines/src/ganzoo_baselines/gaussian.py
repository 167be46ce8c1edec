"""The floor: one Gaussian with the mean and the leading covariance of the training data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import ganzoo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    Array = np.ndarray[Any, Any]


class Options(ganzoo.Options):
    """Options of the Gaussian."""

    rank: Annotated[int, ganzoo.option("principal components kept; z has this width", ge=1, le=4096)] = 64


@dataclass
class Gaussian:
    """x = mean + z · factor, clipped to the range of images. ``factor`` is [rank, prod(shape)]."""

    mean: Array
    factor: Array
    shape: tuple[int, ...]
    clip: bool

    def state_arrays(self) -> dict[str, Array]:
        """The fit, once it is made."""
        return {"mean": self.mean, "factor": self.factor}

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Put a fit back."""
        self.mean, self.factor = arrays["mean"], arrays["factor"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """Floor row of every table."""
    return ganzoo.Variant(
        name="gaussian",
        backend="numpy",
        summary="a Gaussian fitted to the training data",
        paper="none: a baseline",
        options=Options,
        facts=ganzoo.Facts(loss="none", optimiser="principal components", update_order="one fit", ema="none"),
        inputs=ganzoo.Inputs(z="rank"),
        takes=("image", "points"),
        role="floor",
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Gaussian:
    """Fit mean and principal components in one step."""
    import numpy as np

    x = run.data.scaled()
    flat = x.reshape(len(x), -1).astype(np.float64)
    rank, width = run.options.rank, flat.shape[1]
    model = Gaussian(
        np.zeros(width, np.float32),
        np.zeros((rank, width), np.float32),
        run.data.spec.shape,
        run.data.spec.kind == "image",
    )
    for _ in run.steps(1, state=model):
        _fit(model, flat)
        run.log(variance=float(np.sum(model.factor**2)))
    return model


def _fit(model: Gaussian, flat: Array) -> None:
    import numpy as np

    mean = flat.mean(axis=0)
    if len(flat) < flat.shape[1]:  # the covariance has more rows than rank: take the data apart instead
        _, scale, rows = np.linalg.svd(flat - mean, full_matrices=False)
        values, vectors = scale**2 / (len(flat) - 1), rows.T
    else:
        values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(flat, rowvar=False)))
    kept = min(len(model.factor), len(values))
    leading = np.argsort(values)[::-1][:kept]
    model.mean = mean.astype(np.float32)
    model.factor[:kept] = (np.sqrt(np.clip(values[leading], 0, None))[:, None] * vectors.T[leading]).astype(np.float32)


@ganzoo.hookimpl
def sample(model: Gaussian, inputs: dict[str, Array]) -> Array:
    """x = clip(mean + z · factor)."""
    import numpy as np

    x = inputs["z"] @ model.factor + model.mean
    return (np.clip(x, -1, 1) if model.clip else x).reshape(-1, *model.shape)


@ganzoo.hookimpl
def export(model: Gaussian, path: Path) -> bool:
    """MatMul, Add, Clip, Reshape."""
    import numpy as np
    from onnx import helper

    from ganzoo_baselines.graph import save

    low, high = (-1, 1) if model.clip else (-np.inf, np.inf)
    constants = {
        "factor": model.factor,
        "mean": model.mean,
        "low": np.float32(low).reshape(()),
        "high": np.float32(high).reshape(()),
        "shape": np.array([-1, *model.shape], np.int64),
    }
    nodes = [
        helper.make_node("MatMul", ["z", "factor"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["moved"]),
        helper.make_node("Clip", ["moved", "low", "high"], ["clipped"]),
        helper.make_node("Reshape", ["clipped", "shape"], ["x"]),
    ]
    save(path, nodes, constants, len(model.factor), model.shape)
    return True
