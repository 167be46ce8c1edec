"""The ceiling that cheats: a generator that repeats training samples."""

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
    """Options of the memoriser."""

    keep: Annotated[int, ganzoo.option("training samples kept; those drawn first where there are more", ge=2)] = 10_000


@dataclass
class Memory:
    """The samples kept, in the generator's range: float32 [n, *shape]."""

    x: Array

    def state_arrays(self) -> dict[str, Array]:
        """The samples kept."""
        return {"x": self.x}

    def load_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Put them back."""
        self.x = arrays["x"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """Ceiling row of every table."""
    return ganzoo.Variant(
        name="memoriser",
        backend="numpy",
        summary="repeats training samples",
        paper="none: a baseline",
        options=Options,
        facts=ganzoo.Facts(loss="none", optimiser="none", update_order="one copy", ema="none"),
        inputs=ganzoo.Inputs(z=1, law="uniform"),
        takes=("image", "points"),
        role="ceiling",
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Memory:
    """Copy, in one step."""
    x = run.data.scaled()
    model = Memory(x[:0])
    for step in run.steps(1, state=model):
        enough = len(x) <= run.options.keep
        model.x = x if enough else x[run.indices(run.options.keep, step)]
        run.log(kept=len(model.x))
    return model


@ganzoo.hookimpl
def sample(model: Memory, inputs: dict[str, Array]) -> Array:
    """Row ⌊(z + 1) / 2 · n⌋ of the table; z is uniform."""
    import numpy as np

    half, n = np.float32(0.5), len(model.x)
    (z,) = inputs["z"].T
    rows = np.clip(np.floor((z * half + half) * np.float32(n)), 0, n - 1)
    return model.x[rows.astype(np.int64)]


@ganzoo.hookimpl
def export(model: Memory, path: Path) -> bool:
    """Floor, Clip, Gather."""
    import numpy as np
    from onnx import TensorProto, helper

    from ganzoo_baselines.graph import save

    n = len(model.x)
    constants = {
        "table": model.x,
        "half": np.float32(0.5).reshape(1),
        "n": np.float32(n).reshape(1),
        "low": np.float32(0).reshape(()),
        "high": np.float32(n - 1).reshape(()),
        "flat": np.array([-1], np.int64),
    }
    nodes = [
        helper.make_node("Reshape", ["z", "flat"], ["z1"]),
        helper.make_node("Mul", ["z1", "half"], ["halved"]),
        helper.make_node("Add", ["halved", "half"], ["uniform"]),
        helper.make_node("Mul", ["uniform", "n"], ["place"]),
        helper.make_node("Floor", ["place"], ["floor"]),
        helper.make_node("Clip", ["floor", "low", "high"], ["clipped"]),
        helper.make_node("Cast", ["clipped"], ["row"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "row"], ["x"], axis=0),
    ]
    save(path, nodes, constants, 1, model.x.shape[1:])
    return True
