"""A small plugin that trains by many steps: x = tanh(z·w + b), pulled to the data by noisy momentum steps in NumPy.

Environment variables make it misbehave at a step: STEPPER_KILL (SIGKILL), STEPPER_INTERRUPT (SIGINT), STEPPER_RAISE,
STEPPER_NAN; STEPPER_DEAD makes every sample white from that step on, with losses to match.
"""

from __future__ import annotations

import os
import signal
from typing import Annotated, Any

import numpy as np

import ganzoo


class Options(ganzoo.Options):
    """What the tests turn."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 40
    lr: Annotated[float, ganzoo.option("learning rate", gt=0, le=1)] = 0.1
    z_dim: Annotated[int, ganzoo.option("width of z", ge=1)] = 4


class Model:
    """Weights, momentum and a counter, so that the state has arrays of several ranks."""

    def __init__(self, z_dim: int, shape: tuple[int, ...], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.shape = shape
        self.w = rng.normal(0, 0.1, (z_dim, int(np.prod(shape)))).astype(np.float32)
        self.b = np.zeros(self.w.shape[1], np.float32)
        self.m = np.zeros_like(self.b)
        self.t = np.array(0, np.int64)

    def state_arrays(self) -> dict[str, Any]:
        return {"w": self.w, "b": self.b, "m": self.m, "t": self.t}

    def load_arrays(self, arrays: Any) -> None:
        for name, value in arrays.items():
            setattr(self, name, value.copy())

    def step(self, real: Any, z: Any, lr: float) -> float:
        error = real.mean(axis=0) - np.tanh(z @ self.w + self.b).mean(axis=0)
        self.m = np.float32(0.9) * self.m + error
        self.b = self.b + np.float32(lr) * self.m
        self.w = self.w * np.float32(0.999) + np.float32(1e-3) * np.outer(z[0], error).astype(np.float32)
        self.t = self.t + 1
        return float(np.square(error).mean())


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    return ganzoo.Variant(
        name="stepper",
        backend="numpy",
        summary="many small steps",
        paper="none: a test",
        options=Options,
        facts=ganzoo.Facts(loss="moment", optimiser="momentum", update_order="one"),
        sizes=(8, 16),
    )


def _misbehave(step: int) -> bool:
    """Do what the environment asks for at this step; True asks for a NaN loss."""
    if os.environ.get("STEPPER_KILL") == str(step):
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("STEPPER_INTERRUPT") == str(step):
        signal.raise_signal(signal.SIGINT)
    if os.environ.get("STEPPER_RAISE") == str(step):
        raise RuntimeError("the ground shook")
    return os.environ.get("STEPPER_NAN") == str(step)


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Model:
    options = run.options
    model = Model(options.z_dim, run.data.spec.shape, run.seed)
    x = run.data.scaled().reshape(len(run.data.x), -1)
    for step in run.steps(options.steps, state=model):
        bad = _misbehave(step)
        loss = model.step(x[run.indices(16, step)], run.latents(16, step)["z"], options.lr)
        if step >= int(os.environ.get("STEPPER_DEAD", options.steps)):
            model.b, loss = np.full_like(model.b, 1e9), 1e3 + loss
        run.log(loss=float("nan") if bad else loss)
    return model


@ganzoo.hookimpl
def sample(model: Model, inputs: dict[str, Any]) -> Any:
    return np.tanh(inputs["z"] @ model.w + model.b).reshape(-1, *model.shape)


@ganzoo.hookimpl
def export(model: Model, path: Any) -> bool:
    from onnx import TensorProto, helper, numpy_helper, save_model

    constants = {"w": model.w, "b": model.b, "shape": np.array([-1, *model.shape], np.int64)}
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["scaled"]),
        helper.make_node("Add", ["scaled", "b"], ["moved"]),
        helper.make_node("Tanh", ["moved"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["x"]),
    ]
    graph = helper.make_graph(
        nodes,
        "generator",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", len(model.w)])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *model.shape])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return True
