"""What a user reads when ONNX Runtime refuses a graph: the cause, in a plain sentence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ganzoo.errors import ModelError
from ganzoo.generator.causes import cause
from ganzoo.generator.engine import Session
from ganzoo.generator.foreign import Reading, open_foreign

FLOAT = TensorProto.FLOAT


def model(
    *nodes: onnx.NodeProto,
    shape: Any = ("N", 5),
    kind: int = FLOAT,
    opset: int = 17,
    ir: int = 8,
    more: Any = (),
    **constants: Any,
) -> bytes:
    """z → x, through an Identity or through ``nodes``."""
    graph = helper.make_graph(
        nodes or [helper.make_node("Identity", ["z"], ["x"])],
        "graph",
        [helper.make_tensor_value_info("z", kind, shape)],
        [helper.make_tensor_value_info("x", kind, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(*each) for each in more)]
    content: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=ir).SerializeToString()
    return content


def node(operator: str, *inputs: str, **more: Any) -> onnx.NodeProto:
    return helper.make_node(operator, inputs or ["z"], ["x"], **more)


LOWER = "Export it with a lower opset, or update onnxruntime."
OPENED: list[tuple[bytes, str]] = [
    (model(ir=99), rf"it has IR version 99, and this onnxruntime reads up to \d+\. {LOWER}"),
    (model(opset=99), rf"it uses opset 99 of ai\.onnx, and this onnxruntime reads up to \d+\. {LOWER}"),
    (model(node("Nonsense")), r"no operator 'Nonsense' is known in opset 17\."),
    (model(node("Roll", domain="foo")), r"No opset import for domain 'foo'\."),
    (
        model(node("Roll", domain="foo"), more=[("foo", 1)]),
        r"no operator 'Roll' of the domain 'foo' is known\. Export it with operators of standard ONNX\.",
    ),
    (
        model(node("MatMul", "z", "z"), kind=TensorProto.BFLOAT16),
        r"this onnxruntime has no 'MatMul' \(opset 13\) for the element types that it uses\. Export it in float32\.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), OPENED)
def test_a_graph_that_cannot_be_opened(content: bytes, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        Session(content, "theirs.onnx", device="cpu")
    assert re.fullmatch(rf"theirs\.onnx is no ONNX model that can be run: {sentence}", str(caught.value))


RUN: list[tuple[bytes, str]] = [
    (
        model(shape=(2, 5)),
        "the batch axis of its input 'z' is fixed at 2, and 4 samples were given. Export it with a dynamic batch axis.",
    ),
    (model(shape=("N", 6)), "its input 'z' takes 6 along axis 1, not 5."),
    (model(shape=(2, 6)), "its input 'z' takes 2 along axis 0, not 4 and 6 along axis 1, not 5."),
    (model(node("MatMul", "z", "z")), "its MatMul says: MatMul dimension mismatch."),
    (
        model(node("Reshape", "z", "form"), form=np.array([8, 5])),
        "its Reshape says: The input tensor cannot be reshaped to the requested shape. "
        "Input shape:{4,5}, requested shape:{8,5}.",
    ),
]


@pytest.mark.parametrize(("content", "sentence"), RUN)
def test_a_graph_that_fails_to_run(content: bytes, sentence: str) -> None:
    session = Session(content, "theirs.onnx", device="cpu")
    with pytest.raises(ModelError) as caught:
        session.run({"z": np.zeros((4, 5), np.float32)})
    assert str(caught.value) == f"theirs.onnx failed to run: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Conv node. Name:'c' Status "
            "Message: /onnxruntime_src/cuda_call.cc:129 std::conditional_t<THRW, void, common::Status> "
            "onnxruntime::CudaCall(ERRTYPE, const char*, SUCCTYPE (*)(int)) const [with ERRTYPE = cudaError; bool THRW "
            "= true] CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);",
            "its Conv says: CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size);.",
        ),
        ("", "RuntimeError."),
        ("Something else (of a kind) went wrong.", "Something else (of a kind) went wrong."),
    ],
)
def test_signatures_are_left_out(text: str, sentence: str) -> None:
    assert cause(RuntimeError(text)).sentence == sentence


@pytest.mark.parametrize(("size", "words"), [(1, "runs with one sample, but not with 16"), (4, "failed to run")])
def test_a_batch_that_is_fixed_inside(size: int, words: str, tmp_path: Path) -> None:
    """Exported from one example, with its shapes as constants."""
    nodes = [node("Reshape", "z", "form")]
    (tmp_path / "theirs.onnx").write_bytes(model(*nodes, form=np.array([size, 5])))
    with pytest.raises(ModelError) as caught:
        open_foreign(tmp_path / "theirs.onnx", Reading(latents=("normal",)), device="cpu")
    assert str(caught.value).startswith(f"theirs.onnx {words}")
    if size == 1:
        assert str(caught.value).endswith(
            "its batch axis is fixed at 1 inside the graph. Export it with a dynamic batch axis."
        )
