"""ONNX files made by hand for the tests: good generators, and ones that break the contract in one place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ganzoo.generator.contract import GeneratorInfo
from ganzoo.generator.engine import Session
from ganzoo.types import DataSpec, LatentSpec

IMAGES = DataSpec(name="toy", kind="image", shape=(1, 8, 8), classes=3)
POINTS = DataSpec(name="toy-points", kind="points", shape=(2,))


def info(latent: LatentSpec, data: DataSpec = IMAGES) -> GeneratorInfo:
    """Metadata of a generator called "fake"."""
    return GeneratorInfo(
        variant="fake",
        backend="numpy",
        distribution="fake-dist",
        version="1.0",
        dataset=data.name,
        dataset_digest="0" * 12,
        data=data,
        latent=latent,
        options={"steps": 3},
        seed=5,
        value_range=(-1.0, 1.0) if data.kind == "image" else None,
        content_hash="",
        ganzoo_version="0.1.0",
    )


def linear(
    path: Path,
    latent: LatentSpec,
    shape: tuple[int, ...],
    *,
    batch: str | int = "N",
    squash: str | None = "Tanh",
    extra: Sequence[onnx.NodeProto] = (),
    source: str = "flat",
    gain: float = 0.2,
    z_type: int = TensorProto.FLOAT,
    out_shape: Sequence[Any] | None = None,
    input_name: str = "z",
    opsets: Sequence[tuple[str, int]] = (("", 20),),
) -> Path:
    """x = squash(z·A + onehot(y)·B + c·C + noise·D), reshaped; ``extra`` nodes may come between "flat" and that."""
    rng = np.random.default_rng(0)
    width = int(np.prod(shape))
    values = {"A": rng.normal(0, gain, (latent.z_dim, width)), "zero": np.zeros(width)}
    names = {"z": input_name, "y": "y", "c": "c", "noise": "noise"}
    nodes, total = [helper.make_node("MatMul", [input_name, "A"], ["from_z"])], "from_z"
    if z_type != TensorProto.FLOAT:
        cast = helper.make_node("Cast", [input_name], ["z32"], to=TensorProto.FLOAT)
        nodes = [cast, helper.make_node("MatMul", ["z32", "A"], ["from_z"])]
    if latent.classes:
        values["B"] = rng.normal(0, gain, (latent.classes, width))
        nodes += [
            helper.make_node("Gather", ["B", "y"], ["from_y"]),
            helper.make_node("Add", [total, "from_y"], ["zy"]),
        ]
        total = "zy"
    if latent.code_dim:
        values["C"] = rng.normal(0, gain, (latent.code_dim, width))
        nodes += [
            helper.make_node("MatMul", ["c", "C"], ["from_c"]),
            helper.make_node("Add", [total, "from_c"], ["zyc"]),
        ]
        total = "zyc"
    if latent.noise:
        values["D"] = rng.normal(0, gain, (math.prod(latent.noise), width))
        nodes += [
            helper.make_node("Flatten", ["noise"], ["flat_noise"]),
            helper.make_node("MatMul", ["flat_noise", "D"], ["from_noise"]),
            helper.make_node("Add", [total, "from_noise"], ["zycn"]),
        ]
        total = "zycn"
    nodes.append(helper.make_node(squash or "Identity", [total], ["flat"]))
    nodes += [*extra, helper.make_node("Reshape", [source, "shape"], ["x"])]
    kinds = {"z": (z_type, [batch, latent.z_dim]), "y": (TensorProto.INT64, [batch])}
    kinds |= {"c": (TensorProto.FLOAT, [batch, latent.code_dim]), "noise": (TensorProto.FLOAT, [batch, *latent.noise])}
    inputs = [helper.make_tensor_value_info(names[name], *kinds[name]) for name in latent.names]
    output = helper.make_tensor_value_info("x", TensorProto.FLOAT, out_shape or [batch, *shape])
    constants = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()]
    constants.append(numpy_helper.from_array(np.array([-1, *shape], np.int64), "shape"))
    graph = helper.make_graph(nodes, "generator", inputs, [output], constants)
    imports = [helper.make_opsetid(*opset) for opset in opsets]
    path.write_bytes(helper.make_model(graph, opset_imports=imports, ir_version=10).SerializeToString())
    return path


def foreign(
    path: Path,
    *,
    inputs: dict[str, tuple[int, list[Any]]] | None = None,
    shape: tuple[int, ...] = (1, 8, 8),
    last: str | None = "Tanh",
    cast: int | None = None,
    extra_output: bool = False,
    batch: Any = "N",
    inside: int = -1,
    opset: int = 17,
) -> Path:
    """A linear generator that is not ganzoo's: noise [·, 5] (and one row per class) to ``image`` [N, *shape].

    ``last`` is its activation, ``batch`` the batch axis that it declares, ``inside`` that of its last reshape.
    """
    inputs = inputs or {"noise": (TensorProto.FLOAT, [batch, 5])}
    rng = np.random.default_rng(0)
    width = int(np.prod(shape))
    values = {"A": rng.normal(size=(5, width)), "B": rng.normal(size=(10, width))}
    first = next(iter(inputs))
    nodes = [
        helper.make_node("Reshape", [first, "two"], ["flat_noise"]),
        helper.make_node("MatMul", ["flat_noise", "A"], ["sum_0"]),
    ]
    for i, (name, (kind, dims)) in enumerate(list(inputs.items())[1:]):
        onehot = kind == TensorProto.FLOAT
        operator, given = ("MatMul", [name, "B"]) if onehot else ("Gather", ["B", f"flat_{name}"])
        if not onehot:
            nodes.append(helper.make_node("Reshape", [name, "one"], [f"flat_{name}"]))
        nodes += [
            helper.make_node(operator, given, [f"class_{i}"]),
            helper.make_node("Add", [f"sum_{i}", f"class_{i}"], [f"sum_{i + 1}"]),
        ]
        assert dims
    final = f"sum_{len(inputs) - 1}"
    if last == "uint8":
        nodes += [
            helper.make_node("Sigmoid", [final], ["unit"]),
            helper.make_node("Mul", ["unit", "high"], ["bytes"]),
            helper.make_node("Cast", ["bytes"], ["bounded"], to=TensorProto.UINT8),
        ]
    else:
        nodes.append(helper.make_node(last or "Identity", [final], ["bounded"]))
    nodes.append(helper.make_node("Reshape", ["bounded", "form"], ["formed" if cast else "image"]))
    if cast:
        nodes.append(helper.make_node("Cast", ["formed"], ["image"], to=cast))
    kind = TensorProto.UINT8 if last == "uint8" else (cast or TensorProto.FLOAT)
    outputs = [helper.make_tensor_value_info("image", kind, [batch, *shape])]
    if extra_output:
        outputs.append(helper.make_tensor_value_info("flat_noise", TensorProto.FLOAT, None))
    made = helper.make_graph(
        nodes,
        "foreign",
        [helper.make_tensor_value_info(name, kind, dims) for name, (kind, dims) in inputs.items()],
        outputs,
        [
            *(numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()),
            numpy_helper.from_array(np.array([inside, *shape], np.int64), "form"),
            numpy_helper.from_array(np.array([-1, 5], np.int64), "two"),
            numpy_helper.from_array(np.array([-1], np.int64), "one"),
            numpy_helper.from_array(np.array(255, np.float32), "high"),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, path)
    return path


def own_samples(path: Path, feeds: dict[str, Any]) -> Any:
    """What the foreign graph itself gives."""
    return Session(path.read_bytes(), path.name, device="cpu").run(feeds)["image"]
