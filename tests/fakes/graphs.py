"""ONNX files made by hand for the tests: good generators, and ones that break the contract in one place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from ganzoo.generator.contract import GeneratorInfo
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
    """x = squash(z·A + onehot(y)·B + c·C), reshaped; ``extra`` nodes may come between "flat" and the reshape."""
    rng = np.random.default_rng(0)
    width = int(np.prod(shape))
    values = {"A": rng.normal(0, gain, (latent.z_dim, width)), "zero": np.zeros(width)}
    names = {"z": input_name, "y": "y", "c": "c"}
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
    nodes.append(helper.make_node(squash or "Identity", [total], ["flat"]))
    nodes += [*extra, helper.make_node("Reshape", [source, "shape"], ["x"])]
    kinds = {"z": (z_type, [batch, latent.z_dim]), "y": (TensorProto.INT64, [batch])}
    kinds["c"] = (TensorProto.FLOAT, [batch, latent.code_dim])
    inputs = [helper.make_tensor_value_info(names[name], *kinds[name]) for name in latent.names]
    output = helper.make_tensor_value_info("x", TensorProto.FLOAT, out_shape or [batch, *shape])
    constants = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in values.items()]
    constants.append(numpy_helper.from_array(np.array([-1, *shape], np.int64), "shape"))
    graph = helper.make_graph(nodes, "generator", inputs, [output], constants)
    imports = [helper.make_opsetid(*opset) for opset in opsets]
    path.write_bytes(helper.make_model(graph, opset_imports=imports, ir_version=10).SerializeToString())
    return path
