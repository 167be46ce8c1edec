"""A conditional plugin that learns nothing but each class's mean image: x = clip(mean[y] + 0·z)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np

import ganzoo


class Options(ganzoo.Options):
    """One option, for the width of z."""

    z_dim: Annotated[int, ganzoo.option("width of z", ge=1)] = 2


class Model:
    """Mean image per class, flat."""

    def __init__(self, means: Any, z_dim: int, shape: tuple[int, ...]) -> None:
        self.means, self.z_dim, self.shape = means, z_dim, shape

    def state_arrays(self) -> dict[str, Any]:
        return {"means": self.means}

    def load_arrays(self, arrays: Any) -> None:
        self.means = arrays["means"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    return ganzoo.Variant(
        name="labelled",
        backend="numpy",
        summary="class means",
        paper="none: a test",
        options=Options,
        facts=ganzoo.Facts(loss="none", optimiser="none", update_order="one"),
        inputs=ganzoo.Inputs(labels=True),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Model:
    x, y = run.data.scaled(), run.data.y
    assert y is not None
    means = np.stack([x[y == label].mean(axis=0).ravel() for label in range(run.latent.classes)])
    model = Model(means, run.options.z_dim, run.data.spec.shape)
    for _ in run.steps(1, state=model):
        run.log(classes=len(means))
    return model


@ganzoo.hookimpl
def sample(model: Model, inputs: dict[str, Any]) -> Any:
    return model.means[inputs["y"]].reshape(-1, *model.shape)


@ganzoo.hookimpl
def export(model: Model, path: Path) -> bool:
    from onnx import TensorProto, helper, numpy_helper, save_model

    constants = {
        "means": model.means,
        "nothing": np.zeros((model.z_dim, 1), np.float32),
        "shape": np.array([-1, *model.shape], np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["means", "y"], ["mean"], axis=0),
        helper.make_node("MatMul", ["z", "nothing"], ["noise"]),
        helper.make_node("Add", ["mean", "noise"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["x"]),
    ]
    graph = helper.make_graph(
        nodes,
        "generator",
        [
            helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", model.z_dim]),
            helper.make_tensor_value_info("y", TensorProto.INT64, ["N"]),
        ],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *model.shape])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return True
