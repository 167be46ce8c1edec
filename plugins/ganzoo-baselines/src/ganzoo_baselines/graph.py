"""The few lines of ONNX that both baselines share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from onnx import NodeProto

OPSET = 20


def save(
    path: Path, nodes: list[NodeProto], constants: dict[str, np.ndarray[Any, Any]], z_dim: int, shape: tuple[int, ...]
) -> None:
    """Write a graph from ``z`` float32 [N, z_dim] to ``x`` float32 [N, *shape]."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    graph = helper.make_graph(
        nodes,
        "generator",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", z_dim])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    save_model(helper.make_model(graph, opset_imports=[opset], ir_version=10), path)
