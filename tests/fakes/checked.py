"""A plugin that passes every published check: x = tanh(z·w + onehot(y)·v + c·u + b), for images and points.

``tests/checks`` breaks it in one place at a time. Its training pulls b to the mean of the data by momentum steps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np

import ganzoo


class Options(ganzoo.Options):
    """What can be turned."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 40
    lr: Annotated[float, ganzoo.option("learning rate", gt=0, le=1)] = 0.1
    z_dim: Annotated[int, ganzoo.option("width of z", ge=1)] = 4


class Model:
    """Weights, momentum and a moving average of b."""

    def __init__(self, latent: ganzoo.LatentSpec, shape: tuple[int, ...], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.shape = shape
        sizes = {"w": latent.z_dim, "v": latent.classes, "u": latent.code_dim}
        self.weights = {
            name: rng.normal(0, 0.1, (rows, int(np.prod(shape)))).astype(np.float32) for name, rows in sizes.items()
        }
        self.weights["b"] = np.zeros(int(np.prod(shape)), np.float32)
        self.m = np.zeros_like(self.weights["b"])
        self.ema = np.zeros_like(self.weights["b"])

    def state_arrays(self) -> dict[str, Any]:
        return {**self.weights, "m": self.m, "ema": self.ema}

    def load_arrays(self, arrays: Any) -> None:
        self.weights = {name: arrays[name] for name in self.weights}
        self.m = arrays["m"]
        self.ema = arrays["ema"]

    def step(self, real: Any, z: Any, lr: float) -> float:
        error = real.mean(axis=0) - np.tanh(z @ self.weights["w"] + self.weights["b"]).mean(axis=0)
        self.m = np.float32(0.9) * self.m + error
        self.weights["b"] = self.weights["b"] + np.float32(lr) * self.m
        self.ema = np.float32(0.5) * self.ema + np.float32(0.5) * self.weights["b"]
        return float(np.square(error).mean())


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    return ganzoo.Variant(
        name="checked",
        backend="numpy",
        summary="passes every check",
        paper="none: a test",
        options=Options,
        facts=ganzoo.Facts(loss="moment", optimiser="momentum", update_order="one"),
        inputs=ganzoo.Inputs(labels=True, categorical=3, continuous=2),
        takes=("image", "points"),
        sizes=(4, 7),
        reports=(
            ganzoo.Report(name="last", direction="down", help="mean of the last momentum"),
            ganzoo.Report(name="bias", direction="none", help="mean of b"),
        ),
    )


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Model:
    options = run.options
    model = Model(run.latent, run.data.spec.shape, run.seed)
    x = run.data.scaled().reshape(len(run.data.x), -1)
    for step in run.steps(options.steps, state=model):
        run.log(loss=model.step(x[run.indices(16, step)], run.latents(16, step)["z"], options.lr))
    run.report(last=model.m.mean())
    return model


@ganzoo.hookimpl
def measure(model: Model, run: ganzoo.MeasureRun) -> dict[str, Any]:
    return {"bias": float(model.ema.mean())}


@ganzoo.hookimpl
def sample(model: Model, inputs: dict[str, Any]) -> Any:
    w = model.weights
    total = inputs["z"] @ w["w"] + w["v"][inputs["y"]] + inputs["c"] @ w["u"] + model.ema
    return np.tanh(total).reshape(-1, *model.shape)


@ganzoo.hookimpl
def export(model: Model, path: Path) -> bool:
    from onnx import TensorProto, helper, numpy_helper, save_model

    constants = {**model.weights, "b": model.ema, "shape": np.array([-1, *model.shape], np.int64)}
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["from_z"]),
        helper.make_node("Gather", ["v", "y"], ["from_y"], axis=0),
        helper.make_node("MatMul", ["c", "u"], ["from_c"]),
        helper.make_node("Sum", ["from_z", "from_y", "from_c", "b"], ["total"]),
        helper.make_node("Tanh", ["total"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["x"]),
    ]
    graph = helper.make_graph(
        nodes,
        "generator",
        [
            helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", len(model.weights["w"])]),
            helper.make_tensor_value_info("y", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("c", TensorProto.FLOAT, ["N", len(model.weights["u"])]),
        ],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *model.shape])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return True
